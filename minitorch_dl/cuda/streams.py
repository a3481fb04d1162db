"""Streams, the queues of work of a GPU, and events, the marks in them that time it."""

from __future__ import annotations

from typing import Any

from ..backend import raise_noted
from .devices import _cupy, _index

__all__ = ["Event", "Stream", "StreamContext", "current_stream", "default_stream", "stream"]


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
        """Let later work wait for the mark."""
        self.queue.wait_event(event._made())

    def wait_stream(self, stream: Stream) -> None:
        """Let later work wait for what the other queue was asked so far."""
        self.wait_event(stream.record_event())

    @property
    def cuda_stream(self) -> int:
        """The CUDA handle."""
        return self.queue.ptr

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream) and self.cuda_stream == other.cuda_stream

    def __hash__(self) -> int:
        return hash(self.cuda_stream)

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

    def _made(self) -> Any:
        if self._event is None:
            self._event = _cupy().cuda.Event(**self._options)
        return self._event

    def record(self, stream: Stream | None = None) -> None:
        """Put the mark behind the work that the (current) stream was asked so far."""
        self._made().record((current_stream() if stream is None else stream).queue)

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


class StreamContext:
    """Work inside the block goes to this stream; None changes nothing."""

    def __init__(self, stream: Stream | None) -> None:
        self.stream = stream

    def __enter__(self) -> None:
        if self.stream is not None:
            self.stream.queue.__enter__()

    def __exit__(self, *exc: Any) -> None:
        if self.stream is not None:
            self.stream.queue.__exit__(*exc)


def stream(stream: Stream | None) -> StreamContext:
    """``with torch.cuda.stream(s):`` sends the block's work to ``s``."""
    return StreamContext(stream)


def current_stream(device: Any = None) -> Stream:
    """The stream to which work goes now."""
    return Stream(device, queue=_cupy().cuda.get_current_stream())


def default_stream(device: Any = None) -> Stream:
    """The stream to which work goes when none is chosen."""
    return Stream(device, queue=_cupy().cuda.Stream.null)
