"""``Timer``: Python's ``timeit`` with a fixed number of threads, a warm-up, and a GPU waited
for."""

from __future__ import annotations

import sys
import timeit
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from ... import cuda
from ...settings import get_num_threads, set_num_threads
from .measurement import Measurement, TaskSpec

_PACKAGE = __name__.partition(".")[0]


def _clock() -> float:
    """The time, once a GPU has done its work."""
    if cuda.is_available():
        cuda.synchronize()
    return perf_counter()


class Timer:
    """Times a statement.

    Args:
        stmt, setup: code as text; ``setup`` runs before each measurement.
        global_setup: accepted for the other languages of PyTorch's.
        timer: the clock.
        globals: the names that the code sees, besides ``torch``.
        label, sub_label, description, env: what the measurement goes by in ``Compare``.
        num_threads: how many threads ops may use meanwhile.
    """

    def __init__(
        self,
        stmt: str = "pass",
        setup: str = "pass",
        global_setup: str = "",
        timer: Callable[[], float] = _clock,
        globals: dict[str, Any] | None = None,
        label: str | None = None,
        sub_label: str | None = None,
        description: str | None = None,
        env: str | None = None,
        num_threads: int = 1,
        language: Any = "python",
    ) -> None:
        if str(language).lower().rpartition(".")[2] not in ("python", "py"):
            raise NotImplementedError(f"benchmark.Timer times Python code, not {language}")
        self._clock = timer
        names = {"torch": sys.modules[_PACKAGE], **(globals or {})}
        self._timer = timeit.Timer(stmt, setup, timer, names)
        self._task_spec = TaskSpec(
            stmt, setup, global_setup, label, sub_label, description, env, num_threads
        )

    @contextmanager
    def _threads(self) -> Iterator[None]:
        before = get_num_threads()
        wanted = self._task_spec.num_threads
        if wanted != before:
            set_num_threads(wanted)
        try:
            yield
        finally:
            if wanted != before:
                set_num_threads(before)

    def _measured(self, number: int, times: list[float]) -> Measurement:
        return Measurement(number, times, self._task_spec)

    def timeit(self, number: int = 1_000_000) -> Measurement:
        """Run the statement ``number`` times, after a hundredth of that to warm up."""
        with self._threads():
            self._timer.timeit(max(number // 100, 2))
            return self._measured(number, [self._timer.timeit(number)])

    def _block(self, min_run_time: float) -> int:
        """How many runs take long enough for the clock not to matter; warms up too."""
        overhead = min(self._overhead() for _ in range(5))
        number = 1
        while True:
            taken = self._timer.timeit(number)
            if taken > min_run_time / 1000 and taken > 1e4 * overhead:
                return number
            if taken > min_run_time:
                return number
            number *= 10

    def _overhead(self) -> float:
        start = self._clock()
        return self._clock() - start

    def blocked_autorange(
        self,
        callback: Callable[[int, float], Any] | None = None,
        min_run_time: float = 0.2,
    ) -> Measurement:
        """Measure blocks of runs until they have taken ``min_run_time`` seconds together.

        Args:
            callback: called with the runs and the time of each block.
        """
        with self._threads():
            number = self._block(min_run_time)
            times: list[float] = []
            while sum(times) < min_run_time:
                times.append(self._timer.timeit(number))
                if callback is not None:
                    callback(number, times[-1])
            return self._measured(number, times)

    def adaptive_autorange(
        self,
        threshold: float = 0.1,
        *,
        min_run_time: float = 0.01,
        max_run_time: float = 10.0,
        callback: Callable[[int, float], Any] | None = None,
    ) -> Measurement:
        """Measure blocks until the middle half of their times lies within ``threshold`` of the
        median, or ``max_run_time`` seconds are over."""
        with self._threads():
            number = self._block(min_run_time)
            times: list[float] = []
            while sum(times) < max_run_time:
                times.append(self._timer.timeit(number))
                if callback is not None:
                    callback(number, times[-1])
                found = self._measured(number, times)
                steady = len(times) > 3 and found.meets_confidence(threshold)
                if steady and sum(times) >= min_run_time:
                    break
            return self._measured(number, times)

    def collect_callgrind(self, number: int = 100, **options: Any) -> Any:
        """Refused: instructions are counted by Valgrind, which this package doesn't drive."""
        raise NotImplementedError(
            "benchmark.Timer.collect_callgrind: counting instructions is not supported; time the "
            "statement by blocked_autorange() instead"
        )
