"""Whether this thread's work on a GPU is being recorded into a CUDA graph."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from .warning import warn


class _State(threading.local):
    on = refuses = False
    reading = 0


_state = _State()


def capturing() -> bool:
    """Whether work is only recorded: nothing may wait for it, or read what it will compute."""
    return _state.on


def reading_mode() -> int:
    """What this thread does where it waits for the GPU to read from it: 0 nothing, 1 warn, 2
    raise."""
    return _state.reading


def set_reading_mode(mode: int) -> None:
    """Set what ``reading_mode`` tells."""
    _state.reading = mode


def note_reading() -> None:
    """Warn or raise, as the mode says, where the host is about to read from the GPU."""
    text = "called a synchronizing CUDA operation: the host waits for the GPU to read from it"
    if _state.reading == 2:
        raise RuntimeError(text)
    if _state.reading == 1:
        warn(text)


def may_wait() -> bool:
    """Whether the host may wait for the GPU here, as it does to look at a new kernel's results."""
    return not (_state.on or _state.refuses)


@contextmanager
def recording() -> Iterator[None]:
    """Record what the block asks of the GPU."""
    before, _state.on = _state.on, True
    try:
        yield
    finally:
        _state.on = before


@contextmanager
def refuse_waiting() -> Iterator[None]:
    """Have CuPy raise at once where the host would wait for the GPU, which no capture survives."""
    before, _state.refuses = _state.refuses, True
    try:
        with _cupy_refuses():
            yield
    finally:
        _state.refuses = before


@contextmanager
def _cupy_refuses() -> Iterator[None]:
    try:
        from cupyx import allow_synchronize
    except ImportError:  # announced for a later CuPy; in a capture CUDA itself refuses
        yield
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "cupyx.allow_synchronize")
        with allow_synchronize(False):
            yield
