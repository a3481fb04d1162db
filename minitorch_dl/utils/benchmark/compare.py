"""``Compare``: measurements in a table."""

from __future__ import annotations

from collections.abc import Iterable

from .measurement import Measurement, select_unit, trimmed, unit_to_english

_GREEN, _RED, _PLAIN = "\033[92m", "\033[91m", "\033[0m"


class Compare:
    """Measurements side by side: a table per ``label``, a section per number of threads, a row per
    ``sub_label`` and ``env``, a column per ``description``.

    >>> from minitorch_dl.utils.benchmark import Compare, Measurement, TaskSpec
    >>> times = {"exp": 2e-6, "log": 3.5e-6}
    >>> spec = {"label": "pointwise", "sub_label": "8 numbers"}
    >>> Compare(
    ...     [Measurement(1, [t], TaskSpec(n, "", description=n, **spec)) for n, t in times.items()]
    ... ).print()
    [--------- pointwise ----------]
                     |  exp  |  log
    1 threads: ---------------------
          8 numbers  |  2.0  |  3.5
    <BLANKLINE>
    Times are in microseconds (us).
    <BLANKLINE>
    """

    def __init__(self, results: list[Measurement]) -> None:
        self._results: list[Measurement] = []
        self.extend_results(results)
        self._trim = self._colors = self._warnings = False

    def extend_results(self, results: Iterable[Measurement]) -> None:
        """Add measurements."""
        for result in results:
            if not isinstance(result, Measurement):
                raise ValueError(
                    f"Expected an instance of `Measurement`, got {type(result)} instead."
                )
            self._results.append(result)

    def trim_significant_figures(self) -> None:
        """Show only the digits that mean something."""
        self._trim = True

    def colorize(self, rowwise: bool = False) -> None:
        """Show the fastest of each row green, what takes twice as long or more red."""
        self._colors = True

    def highlight_warnings(self) -> None:
        """Mark times that spread widely by ``(!)``."""
        self._warnings = True

    def print(self) -> None:
        """Print the tables."""
        print(str(self))

    def __str__(self) -> str:
        merged = Measurement.merge(self._results)
        labels = dict.fromkeys(m.task_spec.label for m in merged)
        return "\n".join(self._table([m for m in merged if m.task_spec.label == x]) for x in labels)

    def _table(self, results: list[Measurement]) -> str:
        unit, size = select_unit(min(m.median for m in results))
        columns = list(dict.fromkeys(m.task_spec.description for m in results))
        has_env = any(m.task_spec.env for m in results)

        def row_of(m: Measurement) -> str:
            return f"({m.task_spec.env}) {m.as_row_name}" if has_env else m.as_row_name

        rows = list(dict.fromkeys(map(row_of, results)))
        cells = {(m.task_spec.num_threads, row_of(m), m.task_spec.description): m for m in results}
        text = {key: self._shown(m, size) for key, m in cells.items()}
        stub = max(map(len, rows)) + 8
        widths = [
            max([len(c or ""), *(len(t) for (_, _, d), t in text.items() if d == c)])
            for c in columns
        ]
        head = " " * stub + "".join(
            f"|  {c or '':^{w}}  " for c, w in zip(columns, widths, strict=True)
        )
        title = f" {results[0].task_spec.label or results[0].task_spec.stmt} "
        width = len(head.rstrip())
        lines = [f"[{title:-^{width - 1}}]", head.rstrip()]
        for threads in sorted({m.task_spec.num_threads for m in results}):
            name = f"{threads} threads: "
            lines.append(name + "-" * (width + 1 - len(name)))
            for row in rows:
                found = [cells.get((threads, row, c)) for c in columns]
                if not any(found):
                    continue
                best = min(m.median for m in found if m is not None)
                line = f"      {row:<{stub - 6}}"
                for c, w, m in zip(columns, widths, found, strict=True):
                    cell = f"{text.get((threads, row, c), ''):>{w}}"
                    line += f"|  {self._colored(cell, m, best)}  "
                lines.append(line.rstrip())
        lines.append(f"\nTimes are in {unit_to_english(unit)}s ({unit}).\n")
        return "\n".join(lines)

    def _shown(self, m: Measurement, size: float) -> str:
        value = m.median / size
        if self._trim:
            value = trimmed(value, m.significant_figures)
        return f"{value:.1f}" + ("(!)" if self._warnings and m.has_warnings else "")

    def _colored(self, cell: str, m: Measurement | None, best: float) -> str:
        if not self._colors or m is None:
            return cell
        color = _GREEN if m.median <= best else _RED if m.median >= 2 * best else ""
        return f"{color}{cell}{_PLAIN}" if color else cell
