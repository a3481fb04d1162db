"""Checks of indices and labels that do not stall a device.

On the CPU a check raises at once. On another device reading its outcome would make the host wait
for everything asked of the device so far, so the device itself notes the first failure, and the
error is raised when the host waits anyway: at ``.item()``, ``.cpu()``, printing, or
``cuda.synchronize()``. To have the error at the line that made it, as on the CPU, run with
``CUDA_LAUNCH_BLOCKING=1`` or under ``autograd.detect_anomaly()``.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from . import kernels
from .devices import Backend, backend_of, before_reading, device, device_of
from .graph_capture import capturing

__all__ = ["check_all", "check_at_once", "check_range", "raise_noted"]

_ALWAYS = os.environ.get("CUDA_LAUNCH_BLOCKING", "0") not in ("", "0")


class _Mode(threading.local):
    at_once = False


_mode = _Mode()


def check_at_once(on: bool) -> None:
    """Whether this thread waits for the outcome of every check."""
    _mode.at_once = on


class _Notes:
    """The checks asked of one device since the host last waited for it.

    Attributes:
        found: two int64 on the device: the number of the first check that failed, 0 for none, and
            the value that it found.
        asked: the number of each check, which is its error class and text.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.found = backend.xp.zeros(2, np.int64)
        self.asked: dict[tuple[type[Exception], str], int] = {}
        self.captured: dict[tuple[type[Exception], str], int] = {}  # asked whenever it is replayed
        self.numbers = itertools.count(1)

    def number(self, error: type[Exception], text: str) -> int:
        """The number of a check; the same one whenever the same is asked."""
        key = (error, text)
        number = self.captured.get(key) or self.asked.get(key) or next(self.numbers)
        (self.captured if capturing() else self.asked)[key] = number
        return number

    def add(self, failed: Any, value: Any, error: type[Exception], text: str) -> None:
        """Note on the device whether a check failed, unless one did before."""
        xp = self.backend.xp
        here = xp.stack((xp.where(failed, self.number(error, text), 0), value.astype(np.int64)))
        self.found[...] = xp.where(self.found[0] == 0, here, self.found)

    def take(self) -> Exception | None:
        """The error of the first check that failed; the notes start anew."""
        if not self.asked and not self.captured:
            return None
        number, value = self.found.get().tolist()
        asked, self.asked = self.asked | self.captured, {}
        if not number:
            return None
        self.found[...] = 0
        error, text = next(key for key, n in asked.items() if n == number)
        return error(text.format(value))


_notes: dict[device, _Notes] = {}
_lock = threading.RLock()


_UNSIGNED = {n: np.dtype(f"u{n}") for n in (1, 2, 4, 8)}
"""By the size of an integer."""


def check_range(
    index: Any,
    size: int,
    error: type[Exception] = RuntimeError,
    text: str | Callable[[], str] = "",
    low: int = 0,
    ignore: int | None = None,
) -> bool:
    """Raise ``error`` unless ``low <= index < size``, or ``index == ignore``, for every element.

    NumPy would take a negative index from the end, and CuPy wrap any around.

    Args:
        index: an integer array.
        text: of the error, or what makes it; ``{}`` in it becomes an index that is out of range.

    Returns:
        Whether all elements are known to lie in the range.
    """
    if not index.size:
        return True
    if _may_wait(index):
        backend = backend_of(index)
        if not backend.has_elements:
            return False
        xp = backend.xp
        text = text if isinstance(text, str) else text()
        with _lock:
            notes = _notes_of(index)
            number = notes.number(error, text)
            if kernels.note_outside(xp, index, low, size, ignore, number, notes.found):
                return False
        if ignore is not None:
            index = xp.where(index == ignore, low, index)
        least, most = index.min(), index.max()
        value = xp.where(most >= size, most, least)
        _note(index, (least < low) | (most >= size), value, error, text)
        return False
    if low == 0 and index.dtype.kind == "i":  # one pass: seen as unsigned, a negative is large
        if int(index.view(_UNSIGNED[index.dtype.itemsize]).max()) < size:
            return True
    elif low <= int(index.min()) and int(index.max()) < size:
        return True
    outside = (index < low) | (index >= size)
    if ignore is not None:
        outside &= index != ignore
    if outside.any():
        text = text if isinstance(text, str) else text()
        raise error(text.format(int(index[outside][0])))
    return False


def check_all(condition: Any, error: type[Exception], text: str) -> None:
    """Raise ``error`` unless the whole bool array is true."""
    if _may_wait(condition):
        if not backend_of(condition).has_elements:
            return
        failed = ~condition.all()
        _note(condition, failed, failed, error, text)
    elif not condition.all():
        raise error(text)


def _may_wait(array: Any) -> bool:
    """Whether a check of this array is only noted."""
    return not (isinstance(array, (np.ndarray, np.generic)) or _ALWAYS or _mode.at_once)


def _note(array: Any, failed: Any, value: Any, error: type[Exception], text: str) -> None:
    with _lock:
        _notes_of(array).add(failed, value, error, text)


def _notes_of(array: Any) -> _Notes:
    where = device_of(array)
    if where not in _notes:
        _notes[where] = _Notes(backend_of(array))
    return _notes[where]


def raise_noted() -> None:
    """Raise the error of the first check that failed on any device, now that the host waits."""
    if _notes:
        with _lock:
            errors = [notes.take() for notes in _notes.values()]
        for error in errors:
            if error is not None:
                raise error


before_reading.append(raise_noted)
