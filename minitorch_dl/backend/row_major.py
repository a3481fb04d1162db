"""Results in row-major order, or in the order of another array's memory."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

_COLUMNS = 16
"""Read together: as many lines of a cache as lie in it at once, though they fall on each other's
places."""
_MANY = 1 << 13
"""Elements of such columns from which the calls don't count."""


def row_major_copy(a: Any) -> Any:
    """A copy of an array whose elements lie in row-major order.

    NumPy writes row after row. Where neighbours in a row come from places a multiple of 1 kB apart,
    as in a transposed matrix of 1024 columns, the lines of the cache that they lie in push each
    other out before their next elements are read: 8 against 0.6 ns an element.
    """
    if (
        a.__class__ is not np.ndarray
        or a.ndim < 2
        or a.size < 2 * _MANY
        or a.strides[-1] % 1024
        or not a.strides[-1]
        or a.size < a.shape[-1] * _MANY // _COLUMNS
    ):
        return a.copy()
    y = np.empty(a.shape, a.dtype)
    for i in range(0, a.shape[-1], _COLUMNS):
        y[..., i : i + _COLUMNS] = a[..., i : i + _COLUMNS]
    return y


def in_rows(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """``kernel(xp, *arrays, **params)`` with a row-major result, in whatever order the arrays lie:
    NumPy's results follow them, so that ``view`` would refuse what it takes in PyTorch.
    """

    @functools.wraps(kernel)
    def row_major(xp: Any, *arrays: Any, **params: Any) -> Any:
        return in_row_order(kernel(xp, *arrays, **params))

    return row_major


def in_row_order(a: Any) -> Any:
    """The array itself if it is row-major, else a copy that is."""
    return a if a.flags.c_contiguous else row_major_copy(a)


def memory_order(a: Any) -> list[int]:
    """The axes in the order of memory: neighbours along the last lie closest."""
    return sorted(range(a.ndim), key=lambda axis: -a.strides[axis])


def made_like(a: Any, make: Callable[[tuple[int, ...]], Any]) -> Any:
    """``make(shape)`` with its axes in memory as those of ``a``; row-major where ``a`` repeats
    elements along an axis.

    It is how PyTorch lays out a new tensor like another, and so the order of the random numbers
    that fill it.
    """
    if a.flags.c_contiguous or 0 in a.strides:
        return make(a.shape)
    order = memory_order(a)
    return make(tuple([a.shape[axis] for axis in order])).transpose(np.argsort(order).tolist())


def order_like(a: Any) -> str:
    """The ``order`` for a new array like ``a``: that of its axes, but row-major where elements are
    repeated along an axis (a stride of 0), which NumPy would put last."""
    return "C" if 0 in a.strides else "K"
