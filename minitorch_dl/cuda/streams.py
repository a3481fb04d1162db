"""Streams, the queues of work of a GPU, and events, the marks in them that time it."""

from __future__ import annotations

from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

from ..backend import device, raise_noted
from .devices import _cupy, _index

__all__ = [
    "Event", "ExternalStream", "Stream", "StreamContext", "current_stream", "default_stream",
    "get_stream_from_external", "set_stream", "stream",
]  # fmt: skip


class Stream:
    """A queue of work, done in order; work of different queues may overlap.

    Args:
        device: the GPU; the current one by default.
        priority: lower numbers first.
    """

    def __init__(self, device: Any = None, priority: int = 0, **kept: Any) -> None:
        cupy = _cupy()
        self.device_index = _index(device)
        with cupy.cuda.Device(self.device_index):
            self.queue = kept.get("queue") or cupy.cuda.Stream(non_blocking=True, priority=priority)
        self._entered: list[StreamContext] = []

    @property
    def device(self) -> device:
        """The GPU."""
        return device("cuda", self.device_index)

    @property
    def priority(self) -> int:
        """Lower numbers first."""
        return self.queue.priority

    def __enter__(self) -> Stream:
        self._entered.append(StreamContext(self))
        self._entered[-1].__enter__()
        return self

    def __exit__(self, *exc: Any) -> None:
        self._entered.pop().__exit__(*exc)

    def synchronize(self) -> None:
        """Wait until all its work is done."""
        self.queue.synchronize()
        raise_noted()

    def query(self) -> bool:
        """Whether all its work is done."""
        return self.queue.done

    def record_event(self, event: Event | None = None) -> Event:
        """Put a mark, by default a new one, behind the work asked for so far."""
        event = Event() if event is None else event
        event.record(self)
        return event

    def wait_event(self, event: Event) -> None:
        """Let later work wait for the mark; at once where it was never recorded."""
        if event._event is not None:
            self.queue.wait_event(event._event)

    def wait_stream(self, stream: Stream) -> None:
        """Let later work wait for what the other queue was asked so far."""
        self.wait_event(stream.record_event())

    @property
    def cuda_stream(self) -> int:
        """The CUDA handle."""
        return self.queue.ptr

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Stream):
            return NotImplemented
        here, there = (self.device_index, self.cuda_stream), (other.device_index, other.cuda_stream)
        return here == there

    def __hash__(self) -> int:
        return hash((self.device_index, self.cuda_stream))

    def __repr__(self) -> str:
        return (
            f"<torch.cuda.Stream device=cuda:{self.device_index} cuda_stream={self.cuda_stream:#x}>"
        )


class Event:
    """A mark in a stream.

    Args:
        enable_timing: whether ``elapsed_time`` can be asked.
        blocking: whether a waiting host thread sleeps instead of spinning.
    """

    def __init__(
        self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False
    ) -> None:
        self._options = {"block": blocking, "disable_timing": not enable_timing}
        if interprocess:
            raise RuntimeError("cuda.Event: events shared between processes are not supported")
        self._event: Any = None

    def record(self, stream: Stream | None = None) -> None:
        """Put the mark behind the work that the (current) stream was asked so far; it belongs to
        that stream's GPU."""
        stream = current_stream() if stream is None else stream
        if self._event is None:
            cupy = _cupy()
            with cupy.cuda.Device(stream.device_index):
                self._event = cupy.cuda.Event(**self._options)
        self._event.record(stream.queue)

    def wait(self, stream: Stream | None = None) -> None:
        """Let later work of the (current) stream wait for the mark."""
        (current_stream() if stream is None else stream).wait_event(self)

    def query(self) -> bool:
        """Whether the work before the mark is done; true before it was ever recorded."""
        return self._event is None or self._event.done

    def synchronize(self) -> None:
        """Wait until the work before the mark is done."""
        if self._event is not None:
            self._event.synchronize()
            raise_noted()

    def elapsed_time(self, end_event: Event) -> float:
        """The milliseconds from this mark to the later one."""
        if self._options["disable_timing"] or end_event._options["disable_timing"]:
            raise ValueError("Both events must be created with argument 'enable_timing=True'.")
        if self._event is None or end_event._event is None:
            raise ValueError("Both events must be recorded before calculating elapsed time.")
        return _cupy().cuda.get_elapsed_time(self._event, end_event._event)


class ExternalStream(Stream):
    """A stream that another library made.

    Args:
        stream_ptr: its CUDA handle, which that library keeps alive.
        device: its GPU; the current one by default.
    """

    def __init__(self, stream_ptr: int, device: Any = None, **kept: Any) -> None:
        index, cupy = _index(device), _cupy()
        other = SimpleNamespace(__cuda_stream__=lambda: (0, stream_ptr))
        with cupy.cuda.Device(index):
            super().__init__(index, queue=cupy.cuda.Stream.from_external(other))


def get_stream_from_external(data_ptr: int, device: Any = None) -> Stream:
    """The stream of this CUDA handle."""
    return ExternalStream(data_ptr, device)


class StreamContext:
    """Work inside the block goes to this stream, whose GPU is the current one there; None changes
    nothing."""

    def __init__(self, stream: Stream | None) -> None:
        self.stream = stream
        self._entered = ExitStack()

    def __enter__(self) -> None:
        if self.stream is not None:
            self._entered.enter_context(_cupy().cuda.Device(self.stream.device_index))
            self._entered.enter_context(self.stream.queue)

    def __exit__(self, *exc: Any) -> None:
        self._entered.close()


def stream(stream: Stream | None) -> StreamContext:
    """``with torch.cuda.stream(s):`` sends the block's work to ``s``."""
    return StreamContext(stream)


def current_stream(device: Any = None) -> Stream:
    """The stream to which a GPU's work goes now."""
    index = _index(device)
    return Stream(index, queue=_cupy().cuda.get_current_stream(index))


def set_stream(stream: Stream | None) -> None:
    """Send work to this stream from here on, and make its GPU the current one; better use the block
    ``stream``."""
    if stream is not None:
        _cupy().cuda.Device(stream.device_index).use()
        stream.queue.use()


def default_stream(device: Any = None) -> Stream:
    """The stream to which work goes when none is chosen."""
    return Stream(device, queue=_cupy().cuda.Stream.null)
