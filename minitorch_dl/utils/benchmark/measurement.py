"""What was timed, and how long it took."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

_UNITS = (("ns", 1e-9, "nanosecond"), ("us", 1e-6, "microsecond"),
          ("ms", 1e-3, "millisecond"), ("s", 1.0, "second"))  # fmt: skip
_NOISY = 0.1
"""The spread, relative to the median, from which on a measurement carries a warning."""


def select_unit(t: float) -> tuple[str, float]:
    """The unit in which a time in seconds is read best, and its size in seconds."""
    for name, size, _ in reversed(_UNITS):
        if t >= size:
            return name, size
    return _UNITS[0][:2]


def unit_to_english(u: str) -> str:
    """The name of a unit: "us" is "microsecond"."""
    return next(english for name, _, english in _UNITS if name == u)


def trimmed(x: float, figures: int) -> float:
    """``x`` rounded to that many significant figures."""
    return x if not x else round(x, figures - 1 - math.floor(math.log10(abs(x))))


@dataclass(init=True, repr=False, eq=True, frozen=True)
class TaskSpec:
    """The code that is timed, and what it goes by.

    Attributes:
        label, sub_label, description, env: which table, row and column of ``Compare``.
    """

    stmt: str
    setup: str
    global_setup: str = ""
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    env: str | None = None
    num_threads: int = 1

    @property
    def title(self) -> str:
        """The label, or else the code."""
        if self.label is not None:
            return self.label + (f": {self.sub_label}" if self.sub_label else "")
        return self.stmt if "\n" not in self.stmt else f"stmt:\n{self.stmt}"

    @property
    def setup_text(self) -> str:
        """The setup as text for people."""
        if not self.setup or self.setup == "pass":
            return ""
        return f"setup:\n{self.setup}" if "\n" in self.setup else f"setup: {self.setup}"


@dataclass(repr=False)
class Measurement:
    """Times of several runs, in seconds.

    Attributes:
        number_per_run: how often the code ran in each.
        raw_times: how long each took.
        task_spec: what was timed; its attributes can be read from the measurement.
    """

    number_per_run: int
    raw_times: list[float]
    task_spec: TaskSpec
    metadata: dict[Any, Any] | None = field(default=None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "task_spec":
            raise AttributeError(name)
        return getattr(self.task_spec, name)

    @property
    def times(self) -> list[float]:
        """Seconds per run of the code."""
        return [t / self.number_per_run for t in self.raw_times]

    @property
    def median(self) -> float:
        """The median of ``times``."""
        return statistics.median(self.times)

    @property
    def mean(self) -> float:
        """The mean of ``times``."""
        return statistics.fmean(self.times)

    @property
    def iqr(self) -> float:
        """The range of the middle half of ``times``."""
        low, high = self._quartiles
        return high - low

    @property
    def _quartiles(self) -> tuple[float, float]:
        times = self.times
        if len(times) < 2:
            return times[0], times[0]
        low, _, high = statistics.quantiles(times, n=4, method="inclusive")
        return low, high

    @property
    def significant_figures(self) -> int:
        """How many digits of the median mean something: by its standard error, which of normal
        times is ``1.25 / 1.35 iqr / sqrt(n)``."""
        error = 1.25 / 1.35 * self.iqr / math.sqrt(len(self.times))
        if not error or not self.median:
            return 4
        return max(1, min(6, math.floor(math.log10(self.median / error))))

    @property
    def has_warnings(self) -> bool:
        """Whether the times spread by more than a tenth of their median."""
        return not self.meets_confidence(_NOISY)

    def meets_confidence(self, threshold: float = _NOISY) -> bool:
        """Whether the middle half of the times lies within this part of the median."""
        return self.iqr <= threshold * self.median

    @property
    def as_row_name(self) -> str:
        """What the measurement's row in a table goes by."""
        return self.task_spec.sub_label or self.task_spec.stmt or "[Unknown]"

    def __repr__(self) -> str:
        spec, n = self.task_spec, len(self.raw_times)
        unit, size = select_unit(self.median)
        runs = f"{self.number_per_run} runs"
        threads = f"{spec.num_threads} thread{'s' if spec.num_threads > 1 else ''}"
        lines = [f"{object.__repr__(self)}", spec.title]
        if spec.description or spec.setup_text:
            lines.append(spec.description or spec.setup_text)
        if n == 1:
            lines.append(f"  {self.median / size:.2f} {unit}")
            lines.append(f"  1 measurement, {runs}, {threads}")
        else:
            low, high = self._quartiles
            lines.append(f"  Median: {self.median / size:.2f} {unit}")
            lines.append(
                f"  IQR:    {self.iqr / size:.2f} {unit} ({low / size:.2f} to {high / size:.2f})"
            )
            lines.append(f"  {n} measurements, {runs} per measurement, {threads}")
        if self.has_warnings:
            lines.append(f"  WARNING: the middle half spreads by {self.iqr / self.median:.0%}")
        return "\n".join(lines)

    @staticmethod
    def merge(measurements: Iterable[Measurement]) -> list[Measurement]:
        """One measurement for all of the same task, its times those per run of the code."""
        groups: dict[Any, list[Measurement]] = {}
        for m in measurements:
            key = tuple(getattr(m.task_spec, f.name) for f in fields(TaskSpec))
            groups.setdefault(key, []).append(m)
        return [
            Measurement(1, [t for m in group for t in m.times], group[0].task_spec)
            for group in groups.values()
        ]
