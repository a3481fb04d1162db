"""Where the time goes: how often each op ran, forward and backward, and how long it took."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .modes import start_listening, state, stop_listening, transforming
from .node import Node
from .primitive import TensorBase
from .versions import owner_of


class FunctionEvent:
    """One run of an op, of a derivative, or of a ``record_function`` block; or all of one name
    together, in ``key_averages``.

    Attributes:
        key, name: what ran.
        count: how often.
        start: when the first began, in microseconds.
        cpu_time_total: how long they took, in microseconds, with what ran inside.
        self_cpu_time_total: without that.
        input_shapes: the operands' shapes, where they were recorded.
        cpu_memory_usage: the bytes of the results, or of those inside where these are more.
        self_cpu_memory_usage: without those inside.
    """

    def __init__(
        self,
        name: str,
        start: float,
        total: float,
        own: float,
        shapes: tuple[Any, ...],
        memory: int = 0,
        own_memory: int = 0,
    ) -> None:
        self.key = self.name = name
        self.count = 1
        self.start, self.cpu_time_total, self.self_cpu_time_total = start, total, own
        self.input_shapes = shapes
        self.cpu_memory_usage, self.self_cpu_memory_usage = memory, own_memory
        self.device_time_total = self.self_device_time_total = 0.0

    @property
    def cpu_time(self) -> float:
        """Microseconds per call."""
        return self.cpu_time_total / self.count

    def add(self, other: FunctionEvent) -> FunctionEvent:
        """Count another one with this."""
        self.count += other.count
        self.cpu_time_total += other.cpu_time_total
        self.self_cpu_time_total += other.self_cpu_time_total
        self.cpu_memory_usage += other.cpu_memory_usage
        self.self_cpu_memory_usage += other.self_cpu_memory_usage
        return self

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} key={self.key} count={self.count} "
            f"cpu_time={_time(self.cpu_time)} self_cpu_time={_time(self.self_cpu_time_total)} "
            f"input_shapes={self.input_shapes}>"
        )


class EventList(list[FunctionEvent]):
    """Events in the order in which they ended, or averages of them; ``table()`` is for people."""

    @property
    def self_cpu_time_total(self) -> float:
        """How long all took together, in microseconds."""
        return sum(event.self_cpu_time_total for event in self)

    def key_averages(self, group_by_input_shape: bool = False, **_: Any) -> EventList:
        """The events of each name (and with ``group_by_input_shape`` of each choice of shapes)
        together."""
        found: dict[Any, FunctionEvent] = {}
        for event in self:
            shapes = event.input_shapes if group_by_input_shape else ()
            row = found.get((event.name, shapes))
            if row is None:
                found[event.name, shapes] = _without_counts(event, shapes).add(event)
            else:
                row.add(event)
        return EventList(found.values())

    def total_average(self) -> FunctionEvent:
        """All events together."""
        total = FunctionEvent("Total", 0.0, 0.0, 0.0, ())
        total.count = 0
        for event in self:
            total.add(event)
        return total

    def table(
        self,
        sort_by: str | None = None,
        row_limit: int = 100,
        max_src_column_width: int = 75,
        max_name_column_width: int = 55,
        max_shapes_column_width: int = 80,
        header: str | None = None,
        top_level_events_only: bool = False,
        time_unit: str | None = None,
    ) -> str:
        """The events as text, longest first, with the operands' shapes where they were recorded.

        Args:
            sort_by: "cpu_time_total" (the default), "self_cpu_time_total", "cpu_time", "count",
                "cpu_memory_usage" or "self_cpu_memory_usage".
            row_limit: how many rows there are at most; -1 for all.
            max_name_column_width, max_shapes_column_width: where longer texts are cut off.
            header: a line above.
            max_src_column_width, top_level_events_only, time_unit: accepted.
        """
        by = sort_by if sort_by in _ORDERS else "cpu_time_total"
        rows = sorted(self, key=lambda row: -getattr(row, by))
        rows = rows[: len(rows) if row_limit < 0 else row_limit]
        total = self.self_cpu_time_total or 1.0
        texts = [
            [
                _cut(row.key, max_name_column_width),
                f"{100 * row.self_cpu_time_total / total:.2f}%",
                _time(row.self_cpu_time_total),
                f"{100 * row.cpu_time_total / total:.2f}%",
                _time(row.cpu_time_total),
                _time(row.cpu_time),
                _memory(row.cpu_memory_usage),
                _memory(row.self_cpu_memory_usage),
                str(row.count),
                _cut(str([list(shape) for shape in row.input_shapes]), max_shapes_column_width),
            ]
            for row in rows
        ]
        titles = [
            "Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg",
            "CPU Mem", "Self CPU Mem", "# of Calls", "Input Shapes",
        ]  # fmt: skip
        columns = list(zip(titles, *texts))
        if not any(row.input_shapes for row in rows):
            del columns[-1]
        if not any(row.cpu_memory_usage for row in self):
            del columns[6:8]
        widths = [max(12, *map(len, column)) for column in columns]
        rule = "  ".join("-" * width for width in widths)
        lines = ["  ".join(map(str.rjust, line, widths)) for line in zip(*columns)]
        above = [] if header is None else ["=" * len(rule), header]
        end = f"Self CPU time total: {_time(total)}\n"
        return "\n".join([*above, rule, lines[0], rule, *lines[1:], rule, end])

    __str__ = table

    def export_chrome_trace(self, path: Any, **metadata: Any) -> None:
        """Write the events, and what else is to be told of them, as a JSON file that
        chrome://tracing and Perfetto show as a time line."""
        import json  # late, as few programs export a trace

        events = [
            {
                "name": e.name,
                "ph": "X",
                "ts": e.start,
                "dur": e.cpu_time_total,
                "pid": 0,
                "tid": 0,
                "args": {"shapes": e.input_shapes},
            }
            for e in self
        ]
        with open(path, "w", encoding="utf-8") as file:
            json.dump({**metadata, "traceEvents": events}, file)


def _without_counts(event: FunctionEvent, shapes: tuple[Any, ...]) -> FunctionEvent:
    row = FunctionEvent(event.name, event.start, 0.0, 0.0, shapes)
    row.count = 0
    return row


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."


def _time(us: float) -> str:
    return f"{us / 1e6:.3f}s" if us >= 1e6 else f"{us / 1e3:.3f}ms" if us >= 1e3 else f"{us:.3f}us"


def _memory(n: int) -> str:
    for unit, power in (("GB", 30), ("MB", 20), ("KB", 10)):
        if n >= 1 << power:
            return f"{n / (1 << power):.2f} {unit}"
    return f"{n} B"


_ORDERS = (
    "self_cpu_time_total", "cpu_time", "count", "cpu_memory_usage", "self_cpu_memory_usage",
)  # fmt: skip


def _new_bytes(results: Iterable[Any], given: Iterable[Any]) -> int:
    """The bytes of the results that lie in none of the arrays given."""
    owners = {id(owner_of(array)) for array in given}
    return sum([y.nbytes for y in results if id(owner_of(y)) not in owners])


class profile:
    """Time every op of this thread inside the block.

    Times are those of the CPU: work that a GPU is still busy with is not waited for.

    Args:
        enabled: False records nothing.
        record_shapes: keep the operands' shapes, for ``key_averages(group_by_input_shape=True)``.
        profile_memory: keep the bytes of the results, too.

    >>> import minitorch_dl as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> with torch.autograd.profiler.profile() as prof:
    ...     x.exp().sum().backward()
    >>> [row.key for row in prof.key_averages()]
    ['exp', 'sum', 'SumBackward0', 'ExpBackward0']
    """

    def __init__(
        self,
        enabled: bool = True,
        *,
        record_shapes: bool = False,
        profile_memory: bool = False,
        **_: Any,
    ) -> None:
        self.enabled, self.record_shapes = enabled, record_shapes
        self.profile_memory = profile_memory
        self._events = EventList()
        self._open: list[list[Any]] = []  # name, start, time inside, shapes, bytes inside

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

    def _started(self, primitive: Any, args: Sequence[Any], params: Any) -> Sequence[Any]:
        shapes = tuple(tuple(x.array.shape) for x in args if isinstance(x, TensorBase))
        self.open(primitive.name, shapes if self.record_shapes else ())
        return args

    def __call__(self, primitive: Any, inputs: Any, params: Any, outputs: Any) -> None:
        """After each op; ops that failed since are dropped."""
        while self._open and self._open[-1][0] != primitive.name:
            self._open.pop()
        if self._open:
            self.close(self._bytes_of(outputs, inputs))

    def _bytes_of(self, results: Iterable[Any], given: Iterable[Any]) -> int:
        """How much memory results take, where that is asked for."""
        if not self.profile_memory:
            return 0
        made, held = (
            [x.array if isinstance(x, TensorBase) else x for x in values]
            for values in (results, given)
        )
        arrays = ([x for x in values if hasattr(x, "nbytes")] for values in (made, held))
        return _new_bytes(*arrays)

    def label(self, node: Node) -> str:
        """What the time of a node's derivative goes by."""
        return node.name()

    def derive(self, vjp: Any, node: Node, g: Any, saved: Any, create_graph: bool) -> Any:
        """The gradients that ``node`` sends back, timed."""
        self.open(self.label(node))
        depth = len(self._open)
        results: Any = ()
        try:
            if state.anomaly is not None:
                results = state.anomaly.derive(vjp, node, g, saved, create_graph)
            else:
                results = vjp.on_tensors(node, g) if create_graph else vjp.on_arrays(g, saved)
            return results
        finally:
            del self._open[depth:]
            self.close(self._bytes_of(results, [*saved, *(g if isinstance(g, list) else [g])]))

    def open(self, name: str, shapes: tuple[Any, ...] = ()) -> None:
        """Something starts."""
        self._open.append([name, time.perf_counter() * 1e6, 0.0, shapes, 0])

    def close(self, memory: int = 0) -> None:
        """What was opened last ends; its results take so many bytes."""
        name, start, inside, shapes, held = self._open.pop()
        duration = time.perf_counter() * 1e6 - start
        memory = max(memory, held)
        if self._open:
            self._open[-1][2] += duration
            self._open[-1][4] += memory
        own = duration - inside
        self._events.append(
            FunctionEvent(name, start, duration, own, shapes, memory, memory - held)
        )

    @property
    def function_events(self) -> EventList:
        """What ran, in the order in which it ended."""
        return self._events

    def events(self) -> EventList:
        """What ran, in the order in which it ended."""
        return self._events

    def key_averages(self, group_by_input_shape: bool = False, **_: Any) -> EventList:
        """The events of each name together."""
        return self._events.key_averages(group_by_input_shape)

    def total_average(self) -> FunctionEvent:
        """All events together."""
        return self._events.total_average()

    @property
    def self_cpu_time_total(self) -> float:
        """How long all took together, in microseconds."""
        return self._events.self_cpu_time_total

    def table(self, sort_by: str | None = None, row_limit: int = 100, **options: Any) -> str:
        """``key_averages().table(...)``."""
        return self.key_averages().table(sort_by, row_limit, **options)

    def export_chrome_trace(self, path: Any) -> None:
        """Write the events as a JSON file that chrome://tracing and Perfetto show as a time
        line."""
        self._events.export_chrome_trace(path)


class emit_nvtx:
    """Accepted: a block, or with ``enabled=False`` none, whose ops an NVIDIA profiler would see
    marked in PyTorch; here its kernels go by their names."""

    def __init__(self, enabled: bool = True, record_shapes: bool = False) -> None:
        self.enabled = enabled

    def __enter__(self) -> emit_nvtx:
        return self

    def __exit__(self, *exc: object) -> None: ...


class emit_itt(emit_nvtx):
    """``emit_nvtx`` for Intel's profiler."""


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


__all__ = [
    "EventList", "FunctionEvent", "emit_itt", "emit_nvtx", "profile", "record_function",
]  # fmt: skip
