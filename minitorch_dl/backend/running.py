"""Running sums, products and extrema along an axis."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_RUN, _SLICE = 64, 256
"""Elements that lie side by side, and of a slice, from which a call for each slice takes less than
NumPy's own loop, which goes along the axis for each of its elements."""


def accumulate(ufunc: Any, a: Any, axis: int, dtype: Any = None) -> Any:
    """``ufunc.accumulate(a, axis, dtype)`` of a NumPy array, the same bit by bit."""
    run = math.prod(a.shape[axis + 1 :])
    if run < _RUN or a.size < _SLICE * a.shape[axis] or not a.flags.c_contiguous:
        return ufunc.accumulate(a, axis, dtype)
    y = np.empty(a.shape, dtype or a.dtype)
    slices, to = a.swapaxes(0, axis), y.swapaxes(0, axis)
    to[:1] = slices[:1]
    for i in range(1, len(to)):
        ufunc(to[i - 1], slices[i], out=to[i])
    return y
