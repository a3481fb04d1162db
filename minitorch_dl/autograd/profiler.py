"""Where the time goes: how often each op ran, forward and backward, and how long it took."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .modes import start_listening, state, stop_listening, transforming
from .node import Node
from .primitive import TensorBase


class Event(NamedTuple):
    """One run of an op, of a derivative, or of a ``record_function`` block.

    Attributes:
        start, duration: in microseconds; the duration contains that of the events inside.
        inside: the time of the events inside.
        shapes: the operands' shapes.
    """

    name: str
    start: float
    duration: float
    inside: float
    shapes: tuple[Any, ...]


class Average:
    """All events of one name (and one choice of shapes, where those are kept apart)."""

    def __init__(self, key: str, shapes: tuple[Any, ...]) -> None:
        self.key, self.input_shapes = key, shapes
        self.count = 0
        self.cpu_time_total = 0.0
        self.self_cpu_time_total = 0.0

    @property
    def cpu_time(self) -> float:
        """Microseconds per call."""
        return self.cpu_time_total / self.count


class Averages(list[Average]):
    """The result of ``key_averages``; ``table()`` is for people."""

    def table(self, sort_by: str | None = None, row_limit: int = 100, **_: Any) -> str:
        """The averages as text, longest first.

        Args:
            sort_by: "cpu_time_total" (the default), "self_cpu_time_total", "cpu_time" or "count".
        """
        by = (
            sort_by if sort_by in ("self_cpu_time_total", "cpu_time", "count") else "cpu_time_total"
        )
        rows = sorted(self, key=lambda row: -getattr(row, by))[:row_limit]
        total = sum(row.self_cpu_time_total for row in self) or 1.0
        width = max([len(row.key) for row in rows] + [len("Name")])
        lines = [
            f"{'Name':<{width}}  {'Self CPU %':>10}  {'Self CPU':>10}  {'CPU total':>10}  "
            f"{'CPU avg':>10}  {'# of Calls':>10}"
        ]
        lines += [
            f"{row.key:<{width}}  {100 * row.self_cpu_time_total / total:>9.2f}%  "
            f"{_time(row.self_cpu_time_total):>10}"
            f"  {_time(row.cpu_time_total):>10}  {_time(row.cpu_time):>10}  {row.count:>10}"
            for row in rows
        ]
        return "\n".join([*lines, f"Self CPU time total: {_time(total)}"])


def _time(us: float) -> str:
    return f"{us / 1e6:.3f}s" if us >= 1e6 else f"{us / 1e3:.3f}ms" if us >= 1e3 else f"{us:.3f}us"


class profile:
    """Time every op of this thread inside the block.

    Times are those of the CPU: work that a GPU is still busy with is not waited for.

    Args:
        enabled: False records nothing.
        record_shapes: keep the operands' shapes, for ``key_averages(group_by_input_shape=True)``.

    >>> import minitorch_dl as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> with torch.autograd.profiler.profile() as prof:
    ...     x.exp().sum().backward()
    >>> [row.key for row in prof.key_averages()]
    ['exp', 'sum', 'SumBackward0', 'ExpBackward0']
    """

    def __init__(self, enabled: bool = True, *, record_shapes: bool = False, **_: Any) -> None:
        self.enabled, self.record_shapes = enabled, record_shapes
        self.events: list[Event] = []
        self._open: list[list[Any]] = []  # name, start, time inside, shapes

    def __enter__(self) -> profile:
        if self.enabled:
            self._before = transforming(self._started)
            self._before.__enter__()
            start_listening(self)
            self._outer, state.profile = state.profile, self
        return self

    def __exit__(self, *exc: object) -> None:
        if self.enabled:
            state.profile = self._outer
            stop_listening(self)
            self._before.__exit__()

    def _started(self, primitive: Any, args: Sequence[Any]) -> Sequence[Any]:
        shapes = tuple(tuple(x.array.shape) for x in args if isinstance(x, TensorBase))
        self.open(primitive.name, shapes if self.record_shapes else ())
        return args

    def __call__(self, primitive: Any, inputs: Any, params: Any, outputs: Any) -> None:
        """After each op; ops that failed since are dropped."""
        while self._open and self._open[-1][0] != primitive.name:
            self._open.pop()
        if self._open:
            self.close()

    def label(self, node: Node) -> str:
        """What the time of a node's derivative goes by."""
        return node.name()

    def derive(self, plan: Any, node: Node, g: Any, saved: Any, create_graph: bool) -> Any:
        """The gradients that ``node`` sends back, timed."""
        self.open(self.label(node))
        depth = len(self._open)
        try:
            if state.anomaly is not None:
                return state.anomaly.derive(plan, node, g, saved, create_graph)
            return plan.differentiate(node, g) if create_graph else plan.rule(g, saved)
        finally:
            del self._open[depth:]
            self.close()

    def open(self, name: str, shapes: tuple[Any, ...] = ()) -> None:
        """Something starts."""
        self._open.append([name, time.perf_counter() * 1e6, 0.0, shapes])

    def close(self) -> None:
        """What was opened last ends."""
        name, start, inside, shapes = self._open.pop()
        duration = time.perf_counter() * 1e6 - start
        if self._open:
            self._open[-1][2] += duration
        self.events.append(Event(name, start, duration, inside, shapes))

    def key_averages(self, group_by_input_shape: bool = False, **_: Any) -> Averages:
        """The events of each name together."""
        found: dict[Any, Average] = {}
        for event in self.events:
            shapes = event.shapes if group_by_input_shape else ()
            row = found.setdefault((event.name, shapes), Average(event.name, shapes))
            row.count += 1
            row.cpu_time_total += event.duration
            row.self_cpu_time_total += event.duration - event.inside
        return Averages(found.values())

    def table(self, sort_by: str | None = None, row_limit: int = 100, **_: Any) -> str:
        """``key_averages().table(...)``."""
        return self.key_averages().table(sort_by, row_limit)

    def export_chrome_trace(self, path: Any) -> None:
        """Write the events as a JSON file that chrome://tracing and Perfetto show as a time
        line."""
        events = [
            {
                "name": e.name,
                "ph": "X",
                "ts": e.start,
                "dur": e.duration,
                "pid": 0,
                "tid": 0,
                "args": {"shapes": e.shapes},
            }
            for e in self.events
        ]
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"traceEvents": events}, file)


class record_function:
    """Give a block (or a decorated function) a name in the profile; does nothing when nobody
    profiles."""

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name

    def __enter__(self) -> record_function:
        self._profile = state.profile
        if self._profile is not None:
            self._profile.open(self.name)
            self._depth = len(self._profile._open)
        return self

    def __exit__(self, *exc: object) -> None:
        if self._profile is not None:
            del self._profile._open[self._depth :]
            self._profile.close()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with record_function(self.name):
                return function(*args, **kwargs)

        return wrapped


__all__ = ["profile", "record_function"]
