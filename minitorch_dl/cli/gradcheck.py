"""``minitorch-dl gradcheck``: every op's derivatives against finite differences."""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path
from typing import Any

from ..backend import dtypes
from ..ops import empty
from .parser import UsageError, whole_number

DTYPES = ("float64", "float32", "float16", "bfloat16")
SUFFIXES = (".json", ".html")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``gradcheck``."""
    parser.description = (
        "Compare the first and second derivatives of every op with finite differences, at drawn "
        "points. The exit status is 1 if one differs."
    )
    add = parser.add_argument
    add("--op", metavar="PATTERN", default="*",
        help="only the ops whose name matches, such as 'conv*' (default: all)")  # fmt: skip
    add("--order", type=int, choices=[1, 2], default=2,
        help="up to which derivative (default: 2)")  # fmt: skip
    add("--examples", type=whole_number(1), metavar="N", default=3,
        help="values drawn for each sample of an op (default: 3)")  # fmt: skip
    add("--seed", type=whole_number(0), metavar="N", default=0,
        help="of the values drawn (default: 0)")  # fmt: skip
    add("--device", choices=["cpu", "cuda", "standin"], default="cpu",
        help="where the ops run; standin imitates a GPU's strictness (default: cpu)")  # fmt: skip
    add("--dtype", choices=DTYPES, default="float64",
        help="of the inputs of the gradient; the differences are always taken in float64 "
             "(default: float64)")  # fmt: skip
    add("--report", type=Path, metavar="FILE",
        help="write FILE too: .json, or .html with a picture of every op")  # fmt: skip
    parser.set_defaults(run=run, program=parser.prog)


def run(arguments: argparse.Namespace) -> int:
    """Check the options, then the ops, one line each."""
    from ..testing import report, standin, suite

    if arguments.device == "standin":
        standin.register()
    rows = suite.rows(arguments.op)
    try:
        if not rows:
            raise UsageError(f"--op: no op matches {arguments.op!r}{_similar(arguments.op)}")
        _check_usable(arguments)
    except UsageError as error:
        error.program = arguments.program
        raise

    settings = {
        name: getattr(arguments, name) for name in ("order", "examples", "seed", "device", "dtype")
    }
    dtype = getattr(dtypes, arguments.dtype)
    options = {**settings, "dtype": dtype}
    width = max(len(row.name) for row in rows)
    print(f"{'op':{width}}  first order  second order  points  worst point")
    bar = _Bar(len(rows))
    results: list[Any] = []
    for row in rows:
        bar.show(len(results), row.name)
        result = suite.check_row(row, **options)
        bar.clear()
        results.append(result)
        print(_line(result, width), flush=True)
    sums = report.totals(results)
    print(
        f"{sums['checked']} ops, {sums['points']} points, {sums['failed']} failed, "
        f"in {sums['seconds']:.1f} s"
    )
    if arguments.report is not None:
        _write(arguments, rows, results, settings)
    return 1 if sums["failed"] else 0


def _similar(pattern: str) -> str:
    from ..testing import suite

    names = [row.name for row in suite.rows()]
    names += [name.split(".")[-1] for name in names]
    found = difflib.get_close_matches(pattern, names, 3)
    return f"; close: {', '.join(dict.fromkeys(found))}" if found else ""


def _check_usable(arguments: argparse.Namespace) -> None:
    try:
        empty(0, device=arguments.device, dtype=getattr(dtypes, arguments.dtype))
    except (RuntimeError, ImportError) as error:
        option = "--device" if "device" in str(error) else "--dtype"
        raise UsageError(f"{option} {getattr(arguments, option[2:])}: {error}") from error
    path = arguments.report
    if path is None:
        return
    if path.suffix not in SUFFIXES:
        raise UsageError(f"--report: expected a name ending in .json or .html, got {str(path)!r}")
    if not path.parent.is_dir():
        raise UsageError(f"--report: {str(path.parent)!r} is no directory")


def _line(result: Any, width: int) -> str:
    from ..testing.report import error, shortened

    first, second = error(result.first_error), error(result.second_error)
    head = f"{result.name:{width}}  {first:>11}  {second:>12}  {result.points:6}  "
    if result.failure:
        text = "\n".join(f"    {line}" for line in result.failure.splitlines())
        verdict = f" ({result.verdict})" if result.verdict else ""
        return f"{head}FAILED{verdict} at {result.worst}\n{text}"
    if not result.points:
        return f"{head}not checked: {shortened(result.refused)}"
    return head + shortened(result.worst)


def _write(arguments: argparse.Namespace, rows: Any, results: Any, settings: Any) -> None:
    from ..testing import picture, report

    if arguments.report.suffix == ".json":
        text = report.as_json(results, settings)
    else:
        curves = {}
        bar = _Bar(len(rows))
        for i, row in enumerate(rows):
            bar.show(i, f"picture of {row.name}")
            curves[row.name] = picture.curve(row, arguments.device)
            bar.clear()
        text = report.as_html(results, curves, settings)
    try:
        arguments.report.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"--report: cannot write {str(arguments.report)!r} ({error.strerror})"
        raise UsageError(message, arguments.program) from error
    print(f"wrote {arguments.report}")


class _Bar:
    """A progress bar on the last line of a terminal; nothing elsewhere."""

    def __init__(self, total: int) -> None:
        self.total, self.visible = total, sys.stderr.isatty()

    def show(self, done: int, name: str) -> None:
        if self.visible:
            filled = 20 * done // self.total
            bar = "#" * filled + "." * (20 - filled)
            sys.stderr.write(f"\r\x1b[K[{bar}] {done}/{self.total} {name}")
            sys.stderr.flush()

    def clear(self) -> None:
        if self.visible:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
