"""The order of elements along an axis.

NumPy sorts numbers of 64 bits with vector instructions, up to fifteen times as quickly as it finds
in which order an array is. So an element of 32 bits, mapped to an integer that sorts as it does,
and its place behind it make up one number: sorting these gives the places in stable order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_FEW = 1 << 11
"""Elements below which ``argsort`` takes less time than to make such numbers."""
_SHORT = 16
"""Elements of a row below which it does, too."""
_LONG = 1 << 11
"""Elements of a row from which ``argpartition`` finds the first ones sooner."""
_PLACE = 32
"""Bits of a place."""


def stable_order(xp: Any, a: Any, axis: int, descending: bool = False) -> Any:
    """The positions of the elements along ``axis`` in stable order, NaN as the largest of all."""
    numbers = _numbered(xp, a, axis, descending)
    if numbers is not None:
        numbers.sort(-1)
        return np.ascontiguousarray(_places(numbers).swapaxes(axis, -1))
    if not descending:
        return xp.argsort(a, axis, kind="stable")
    backwards = (slice(None),) * axis + (slice(None, None, -1),)
    return a.shape[axis] - 1 - xp.argsort(a[backwards], axis, kind="stable")[backwards]


def first_in_order(xp: Any, a: Any, k: int, descending: bool) -> Any:
    """The first ``k`` positions of ``stable_order`` along the last axis; None where to sort all, or
    ``argpartition``, takes less time."""
    pays = 0 < k < a.shape[-1] <= _LONG
    numbers = _numbered(xp, a, a.ndim - 1, descending) if pays else None
    if numbers is None:
        return None
    numbers.partition(k - 1, -1)
    first = numbers[..., :k].copy()
    first.sort(-1)
    return _places(first)


def _places(numbers: Any) -> Any:
    numbers &= (1 << _PLACE) - 1
    return numbers


def _numbered(xp: Any, a: Any, axis: int, descending: bool) -> Any:
    """For each element, with ``axis`` as the last one, the number of 64 bits that stands for it;
    None where that does not pay or elements have too many bits."""
    if xp is not np or a.size < _FEW or a.shape[axis] < _SHORT:
        return None
    keys = _keys(a.swapaxes(axis, -1))
    if keys is None:
        return None
    if descending:
        keys = np.invert(keys)
    numbers = keys.astype("int64", order="C")
    numbers <<= _PLACE
    numbers |= np.arange(a.shape[axis])
    return numbers


def _keys(a: Any) -> Any:
    """Integers of 32 bits in the order of ``a``, equal for equal elements; None if there are none.

    Of a float's bits the sign turns the order of the others round.
    """
    if a.dtype == np.int32:
        return a
    if a.dtype == np.int64:
        return a.astype("int32") if a.min() >= -(1 << 31) and a.max() < 1 << 31 else None
    if a.dtype not in (np.float32, np.float16):
        return None
    values = a.astype("float32", order="C", copy=False) + np.float32(0)  # no -0
    bits = values.view("int32")
    undefined = np.isnan(values)
    if undefined.any():
        bits[undefined] = np.float32(np.nan).view("int32")
    bits ^= (bits >> 31) & np.int32(0x7FFFFFFF)
    return bits
