"""``minitorch-dl gradcheck``: the derivatives of every op and module against differences."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import time
from pathlib import Path
from typing import Any

from ..backend import dtypes
from ..ops import empty
from .parser import UsageError, integer

DTYPES = ("float64", "float32", "float16", "bfloat16")
SUFFIXES = (".json", ".html")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``gradcheck``."""
    parser.description = (
        "Compare the first and second derivatives of every op, and of every module by its inputs "
        "and parameters, with finite differences at drawn points. The exit status is 1 if one "
        "differs."
    )
    add = parser.add_argument
    add("--op", metavar="PATTERN", default="*",
        help="only the ops and modules whose name matches, such as 'conv*' or nn.Linear "
             "(default: all)")  # fmt: skip
    add("--order", type=int, choices=[1, 2], default=2,
        help="up to which derivative (default: 2)")  # fmt: skip
    add("--examples", type=integer(1), metavar="N", default=10,
        help="values drawn for each sample of an op or module (default: 10)")  # fmt: skip
    add("--seed", type=integer(0), metavar="N", default=0,
        help="of the values drawn (default: 0)")  # fmt: skip
    add("--device", choices=["cpu", "cuda", "fakegpu"], default="cpu",
        help="where the ops run; fakegpu imitates a GPU's strictness (default: cpu)")  # fmt: skip
    add("--dtype", choices=DTYPES, default="float64",
        help="of the inputs of the gradient; the differences are always taken in float64 "
             "(default: float64)")  # fmt: skip
    add("--jobs", type=integer(1), metavar="N",
        help="processes to use (default: one for each core)")  # fmt: skip
    add("--report", type=Path, metavar="FILE",
        help="write FILE too: .json, or .html with a picture of each")  # fmt: skip
    parser.set_defaults(run=run, program=parser.prog)


def run(arguments: argparse.Namespace) -> int:
    """Check the options, then the ops and modules, one line each."""
    try:
        return _run(arguments)
    except UsageError as error:
        error.program = arguments.program
        raise


def _run(arguments: argparse.Namespace) -> int:
    from ..testing import report, suite, workers

    subjects = suite.subjects(arguments.op)
    if not subjects:
        raise UsageError(f"--op: nothing matches {arguments.op!r}{_similar(arguments.op)}")
    _check_usable(arguments)
    settings = {
        name: getattr(arguments, name) for name in ("order", "examples", "seed", "device", "dtype")
    }
    html = arguments.report is not None and arguments.report.suffix == ".html"
    jobs = arguments.jobs or workers.cores()
    names = [subject.name for subject in subjects]
    width = max(map(len, names))
    print(f"{'op or module':{width}}  first order  second order  points  worst point")
    start = time.perf_counter()
    results: list[Any] = []
    curves = {}
    bar = _Bar(names)
    bar.show(0)
    for result, curve in workers.checked(subjects, jobs, settings, draw=html):
        bar.clear()
        print(_line(result, width), flush=True)
        results.append(result)
        curves[result.name] = curve
        bar.show(len(results))
    bar.clear()
    sums = report.totals(results)
    print(f"{report.counted(sums)}, in {time.perf_counter() - start:.1f} s")
    if html:
        _write(arguments.report, report.as_html(results, curves, settings))
    elif arguments.report is not None:
        _write(arguments.report, report.as_json(results, settings))
    return 1 if sums["failed"] else 0


def _similar(pattern: str) -> str:
    from ..testing import suite

    names = [subject.name for subject in suite.subjects()]
    names += [name.split(".")[-1] for name in names]
    found = difflib.get_close_matches(pattern, names, 3)
    return f"; close: {', '.join(dict.fromkeys(found))}" if found else ""


def _check_usable(arguments: argparse.Namespace) -> None:
    from ..testing import fake_gpu

    if arguments.device == "fakegpu":
        fake_gpu.register()
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
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(f"--report: cannot write {str(path)!r}")


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


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--report: cannot write {str(path)!r} ({error.strerror})") from error
    print(f"wrote {path}")


class _Bar:
    """A progress bar on the last line of a terminal; nothing elsewhere."""

    def __init__(self, names: list[str]) -> None:
        self.names, self.visible = names, sys.stderr.isatty()

    def show(self, done: int) -> None:
        if self.visible and done < len(self.names):
            filled = 20 * done // len(self.names)
            bar = "#" * filled + "." * (20 - filled)
            sys.stderr.write(f"\r\x1b[K[{bar}] {done}/{len(self.names)} {self.names[done]}")
            sys.stderr.flush()

    def clear(self) -> None:
        if self.visible:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
