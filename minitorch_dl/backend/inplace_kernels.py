"""Pointwise kernels that write over their first operand, so that nothing of its size is made.

Temporaries are of one block, which stays in a core's cache.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .axpy import add_multiple
from .blocks import FEW, in_blocks
from .selection import clip

__all__ = ["INPLACE_KERNELS"]


def _in_blocks(work: Callable[..., None], y: np.ndarray, *operands: Any) -> None:
    """``work(y, *operands)``, of large arrays block by block."""
    if y.size < FEW:
        work(y, *operands)
        return
    arrays = [y, *[x for x in operands if x.__class__ is np.ndarray]]
    if all(_lies_like(x, y) for x in arrays):
        flat = [x.reshape(-1) if x.__class__ is np.ndarray else x for x in (y, *operands)]

        def part_of_work(part: slice) -> None:
            work(*[x[part] if x.__class__ is np.ndarray else x for x in flat])

        in_blocks(np, part_of_work, y.size, passes=len(arrays) + 1)
    else:
        work(y, *operands)


def _lies_like(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether elements at one place belong together, and writing to y changes none elsewhere."""
    apart = x is y or not np.may_share_memory(x, y)
    return apart and x.shape == y.shape and x.flags.c_contiguous and y.flags.c_contiguous


def _add(y: np.ndarray, other: Any, *, alpha: float = 1) -> None:
    if alpha == 1:
        np.add(y, other, out=y)
        return
    if other.__class__ is np.ndarray and other.dtype.itemsize < y.dtype.itemsize:
        other = other.astype(y.dtype)
    if other.__class__ is np.ndarray and y.size >= FEW and _lies_like(other, y):
        to, x = y.reshape(-1), other.reshape(-1)
        in_blocks(np, lambda part: add_multiple(np, to[part], alpha, x[part], None), y.size)
    else:
        np.add(y, other * alpha, out=y)


def _sub(y: np.ndarray, other: Any, *, alpha: float = 1) -> None:
    if alpha == 1:
        np.subtract(y, other, out=y)
    else:
        _add(y, other, alpha=-alpha)


def _lerp(y: np.ndarray, end: Any, weight: Any) -> None:
    def work(y: Any, end: Any, weight: Any) -> None:
        t = end - y
        if isinstance(weight, np.ndarray):
            np.copyto(y, np.where(np.abs(weight) < 0.5, y + weight * t, end - (1 - weight) * t))
        elif abs(weight) < 0.5:
            t *= weight
            y += t
        else:
            t *= 1 - weight
            np.subtract(end, t, out=y)

    _in_blocks(work, y, end, weight)


def _addcmul(y: np.ndarray, a: Any, b: Any, *, value: float = 1) -> None:
    _in_blocks(lambda y, a, b: np.add(y, (a if value == 1 else a * value) * b, out=y), y, a, b)


def _addcdiv(y: np.ndarray, a: Any, b: Any, *, value: float = 1) -> None:
    _in_blocks(lambda y, a, b: np.add(y, (a if value == 1 else a * value) / b, out=y), y, a, b)


def _clamp(y: np.ndarray, min: Any = None, max: Any = None) -> None:
    if min is None and max is None:
        raise TypeError("no limit is given")
    clip(np, y, min, max, out=y)


def _fill(y: np.ndarray, value: Any) -> None:
    y[...] = value


INPLACE_KERNELS: dict[str, Callable[..., None]] = {
    "add": _add, "sub": _sub, "subtract": _sub, "lerp": _lerp, "addcmul": _addcmul,
    "addcdiv": _addcdiv, "clamp": _clamp, "clip": _clamp, "fill": _fill,
}  # fmt: skip
"""By the name of the op: ``kernel(y, *operands, **numbers)`` for float arrays y, operands of the
same dtype or numbers."""
