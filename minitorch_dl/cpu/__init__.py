"""The host as a device among others, for programs that ask every device the same questions."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from . import amp

__all__ = [
    "Stream", "StreamContext", "amp", "current_device", "current_stream", "device_count",
    "is_available", "is_initialized", "set_device", "stream", "synchronize",
]  # fmt: skip


class Stream:
    """The host's queue of work, in which nothing waits."""

    def __init__(self, priority: int = -1) -> None:
        self.priority = priority

    def wait_stream(self, stream: Any) -> None:
        """Nothing to wait for."""

    def synchronize(self) -> None:
        """Nothing to wait for."""


StreamContext = nullcontext
_stream = Stream()


def is_available() -> bool:
    """True."""
    return True


is_initialized = is_available


def device_count() -> int:
    """1."""
    return 1


def current_device() -> str:
    """``"cpu"``."""
    return "cpu"


def set_device(device: Any) -> None:
    """Accepted: there is one host."""


def synchronize(device: Any = None) -> None:
    """Nothing to wait for: an op on the host has ended when it returns."""


def current_stream(device: Any = None) -> Stream:
    """The host's only queue."""
    return _stream


def stream(stream: Any) -> AbstractContextManager[Any]:
    """A block in which nothing changes."""
    return nullcontext(stream)
