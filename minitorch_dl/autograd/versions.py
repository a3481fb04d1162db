"""Which memory was overwritten, and when: the guard against a backward pass over changed values.

Creation numbers order everything: each node takes the next number, and so does each in-place
write. A value that a node saved is stale exactly when its memory was written with a higher number
than the node's. The log is keyed on the array that owns the memory, so a tensor and all its views
share one entry; an entry dies with its memory. Nothing is stored for memory that nobody writes to,
so ordinary ops pay nothing.
"""

from __future__ import annotations

import itertools
import sys
import threading
import weakref
from collections.abc import Iterable
from typing import Any

import numpy as np

next_number = itertools.count(1).__next__


class Write:
    """The last in-place write to a piece of memory."""

    __slots__ = ("count", "number", "op", "owner", "where")

    def __init__(self, owner: Any) -> None:
        self.owner = owner
        self.count = 0
        self.number = 0
        self.op = ""
        self.where: tuple[str, int] = ("?", 0)


_log: dict[int, Write] = {}
_lock = threading.Lock()
latest = 0
"""The number of the latest write: nodes made after it need no check."""


def owner_of(array: Any) -> Any:
    """The array that owns the memory of ``array`` (itself unless it is a view)."""
    base = array.base
    if base is array:  # a dtype, which formulas may save too
        return array
    while base is not None and hasattr(base, "base") and base.__class__ is array.__class__:
        array, base = base, base.base
    return array


def address_of(array: Any) -> int:
    """Where in memory the first element of ``array`` lies; 0 if there is none."""
    if not array.size:
        return 0
    if array.__class__ is np.ndarray:
        return array.__array_interface__["data"][0]
    return int(array.data.ptr)


def offset_of(array: Any) -> int:
    """How many bytes after the start of its memory the first element of ``array`` lies."""
    return address_of(array) - address_of(owner_of(array)) if array.size else 0


def _start(owner: Any) -> Write:
    """A log entry that dies with ``owner``; that of another thread if one was faster."""
    key = id(owner)
    return _log.setdefault(key, Write(weakref.ref(owner, lambda _: _log.pop(key, None))))


def mark_written(array: Any, op: str) -> None:
    """Record that ``array``'s memory was just overwritten by ``op``."""
    global latest
    owner = owner_of(array)
    write = _log.get(id(owner)) or _start(owner)
    with _lock:  # latest must never go back while another thread writes
        write.count += 1
        write.number = latest = next_number()
    write.op = op
    write.where = _caller()


def mark_all_written(arrays: Iterable[Any], op: str) -> None:
    """``mark_written`` for many arrays that one call of ``op`` wrote to; the caller's line is
    looked up once."""
    global latest
    where = _caller()
    with _lock:
        latest = number = next_number()
    for array in arrays:
        owner = owner_of(array)
        write = _log.get(id(owner)) or _start(owner)
        write.count += 1
        write.number = number
        write.op = op
        write.where = where


def mark_moved(old: Any, new: Any, op: str) -> None:
    """Record that ``op`` gave a tensor the memory of ``new``: what saved ``old`` is stale, and the
    count of writes goes on in memory that nobody wrote to."""
    mark_written(old, op)
    if version_of(new) == 0 and owner_of(new) is not owner_of(old):
        mark_written(new, op)
        _log[id(owner_of(new))].count = version_of(old)


def version_of(array: Any) -> int:
    """How often the array's memory was written in place (PyTorch's ``_version``)."""
    write = _log.get(id(owner_of(array)))
    return 0 if write is None else write.count


def written_since(array: Any, number: int) -> Write | None:
    """The write that made ``array`` stale for a node of creation number ``number``; None when it
    is intact."""
    write = _log.get(id(array if array.base is None else owner_of(array)))
    return write if write is not None and write.number > number else None


def _caller() -> tuple[str, int]:
    """File and line of the innermost frame outside this package."""
    frame: Any = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__", "").startswith("minitorch_dl."):
        frame = frame.f_back
    return ("?", 0) if frame is None else (frame.f_code.co_filename, frame.f_lineno)
