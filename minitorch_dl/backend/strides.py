"""NumPy arrays seen with other strides: elements repeated, or windows that overlap, uncopied.

NumPy's own functions for these take 2 us each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided


def strided(a: np.ndarray, shape: Sequence[int], strides: Sequence[int]) -> np.ndarray:
    """A read-only view of `a` from its first element on."""
    if not a.flags.c_contiguous:
        return as_strided(a, shape, strides, writeable=False)
    y = np.ndarray(shape, a.dtype, a, 0, strides)
    y.setflags(write=False)
    return y


def expanded(xp: Any, a: Any, shape: tuple[int, ...]) -> Any:
    """`xp.broadcast_to`: `a` repeated along new axes and those of size 1."""
    new = len(shape) - a.ndim
    if a.__class__ is not np.ndarray or new < 0:
        return xp.broadcast_to(a, shape)
    strides = [0] * new
    for have, wanted, stride in zip(a.shape, shape[new:], a.strides):
        if have != wanted and have != 1:
            return xp.broadcast_to(a, shape)  # which tells that it doesn't fit
        strides.append(stride if have == wanted else 0)
    return strided(a, shape, strides)
