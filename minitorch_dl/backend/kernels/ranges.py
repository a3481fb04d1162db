"""Launches of ``ranges.cu``; the twin is ``check_range`` of ``backend/checks.py``."""

from __future__ import annotations

from typing import Any

import numpy as np

from .launching import launch_each, state

_INTEGERS = frozenset(("int64", "int32", "uint8"))


def note_outside(
    xp: Any, index: Any, low: int, high: int, ignore: int | None, number: int, found: Any
) -> bool:
    """Note a value outside ``low <= index < high`` in ``found``.

    Returns:
        Whether there is a kernel for these indices; without one nothing was done.
    """
    if state.aside or xp.__name__ != "cupy" or index.dtype.name not in _INTEGERS:
        return False
    index = xp.ascontiguousarray(index)
    bounds = (np.int64(low), np.int64(high), np.int64(ignore or 0), np.int32(ignore is not None))
    args = (index, np.int64(index.size), *bounds, np.int64(number), found)
    launch_each(xp, "ranges", "note_outside", index.dtype, index.size, args)
    return True
