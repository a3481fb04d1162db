"""Marks in the time line of NVIDIA's profilers (NVTX)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .devices import _cupy

__all__ = ["mark", "range", "range_end", "range_pop", "range_push", "range_start"]


def mark(msg: str) -> None:
    """Mark this moment."""
    _cupy().cuda.nvtx.Mark(msg)


def range_push(msg: str) -> None:
    """Open a range inside those that this thread has open."""
    _cupy().cuda.nvtx.RangePush(msg)


def range_pop() -> None:
    """Close the range that was opened last."""
    _cupy().cuda.nvtx.RangePop()


def range_start(msg: str) -> int:
    """Open a range that may end in another thread; returns what ``range_end`` takes."""
    return _cupy().cuda.nvtx.RangeStart(msg, 0)  # 0: the colour, black


def range_end(range_id: int) -> None:
    """Close a range of ``range_start``."""
    _cupy().cuda.nvtx.RangeEnd(range_id)


@contextmanager
def range(msg: str, *args: Any, **kwargs: Any) -> Iterator[None]:
    """The block as a range named ``msg.format(*args, **kwargs)``."""
    range_push(msg.format(*args, **kwargs))
    try:
        yield
    finally:
        range_pop()
