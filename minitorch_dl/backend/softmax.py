"""The array kernels of softmax, log_softmax and their gradients, in blocks that fit the cache."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import kernels
from .blocks import in_blocks
from .sums import dot_over, sum_over

_LARGEST_EXPONENT, _LEAST_SUM = 16.0, 1e-6
"""Below this exponent ``exp`` needs no shift by the maximum: a sum of many such exponentials is far
from overflow in float32. Above this sum, what underflowed is less than 1e-31 of it."""


def exponentials(xp: Any, a: Any) -> tuple[Any, Any, Any]:
    """``e = exp(a - max a)`` along axis 1 of (N, C, P), or ``exp(a)`` where that is safe; and
    ``sum(e)`` and ``log(sum(exp(a)))``, (N, P)."""
    n, c, p = a.shape
    rest = () if p == 1 else (p,)  # without it the last axis is the one that is summed
    a = a.reshape(n, c, *rest)
    e = xp.empty(a.shape, a.dtype)
    total = xp.empty((n, 1, *rest), a.dtype)
    log_sum = xp.empty_like(total)

    def work(rows: slice) -> None:
        total[rows], log_sum[rows] = _put_exponentials(xp, a[rows], e[rows], 1)

    in_blocks(xp, work, n, c * p, 10, a.shape[-1])
    log_sum += xp.log(total)
    return e.reshape(n, c, p), total.reshape(n, p), log_sum.reshape(n, p)


def _put_exponentials(xp: Any, a: Any, y: Any, axis: int, divide: bool = False) -> tuple[Any, Any]:
    """Write ``exp(a - m)`` to ``y``: m is the maximum along ``axis``, or 0 where that is safe.

    Returns its sum along ``axis``, by which it is divided with ``divide``, and m.
    """
    largest, total = 0, None
    # One largest number is found sooner than each row's.
    if xp is np and a.size and np.maximum.reduce(a, None) < _LARGEST_EXPONENT:
        total = sum_over(xp, xp.exp(a, out=y), (axis,))
        if not np.minimum.reduce(total, None) > _LEAST_SUM:
            total = None
    if total is None:
        largest = maxima(xp, a, axis) if a.shape[axis] else 0
        xp.subtract(a, largest, out=y)
        xp.exp(y, out=y)
        total = sum_over(xp, y, (axis,))
    if divide:
        y *= 1 / total
    return total, largest


@kernels.softmax.twin
def softmax(xp: Any, a: Any, axis: int) -> Any:
    """``e / sum(e)`` along ``axis``: ``e = exp(a - max a)``, or ``exp(a)`` where that is safe."""
    if xp is not np and (done := kernels.softmax(xp, a, axis=axis)) is not None:
        return done
    work = functools.partial(_put_exponentials, xp, divide=True)
    return _along(xp, work, (a,), axis, passes=9)


@kernels.log_softmax.twin
def log_softmax(xp: Any, a: Any, axis: int) -> Any:
    """``d - log(sum(exp(d)))`` along ``axis``, with ``d = a - max a``."""
    if xp is not np and (done := kernels.log_softmax(xp, a, axis=axis)) is not None:
        return done

    def work(a: Any, y: Any, axis: int) -> None:
        xp.subtract(a, maxima(xp, a, axis), out=y)
        y -= xp.log(sum_over(xp, xp.exp(y), (axis,)))

    return _along(xp, work, (a,), axis, passes=10)


@kernels.softmax_backward.twin
def softmax_backward(xp: Any, g: Any, y: Any, axis: int) -> Any:
    """The gradient of softmax's input, ``(g - sum(g y)) y``; ``g`` is that of its output ``y``."""
    if xp is not np and (done := kernels.softmax_backward(xp, g, y, axis=axis)) is not None:
        return done

    def work(g: Any, y: Any, d: Any, axis: int) -> None:
        xp.subtract(g, dot_over(xp, g, y, (axis,)), out=d)
        d *= y

    return _along(xp, work, (g, y), axis, passes=4)


@kernels.log_softmax_backward.twin
def log_softmax_backward(xp: Any, g: Any, y: Any, axis: int) -> Any:
    """The gradient of log_softmax's input, ``g - exp(y) sum(g)``; ``g`` is that of its output."""
    if xp is not np and (done := kernels.log_softmax_backward(xp, g, y, axis=axis)) is not None:
        return done

    def work(g: Any, y: Any, d: Any, axis: int) -> None:
        xp.exp(y, out=d)
        d *= sum_over(xp, g, (axis,))
        xp.subtract(g, d, out=d)

    return _along(xp, work, (g, y), axis, passes=8)


def maxima(xp: Any, a: Any, axis: int) -> Any:
    """``a.max(axis, keepdims=True)``. For rows of a matrix, NumPy's argmax is several times faster
    than its max, and for short rows the max of the transposed copy is."""
    if xp is np and a.ndim == 2 and axis == 1 and a.shape[1] < 2048:
        if a.shape[1] < 32:
            return a.T.copy().max(axis=0)[:, None]
        return a[np.arange(len(a)), a.argmax(axis=1), None]
    return a.max(axis=axis, keepdims=True)


def _along(
    xp: Any, work: Callable[..., Any], arrays: tuple[Any, ...], axis: int, passes: int
) -> Any:
    """A new array to which ``work(*arrays, out, axis)`` writes, block by block of the rows."""
    out = xp.empty(arrays[0].shape, arrays[0].dtype)
    if not axis:
        work(*arrays, out, 0)
        return out
    c, after = out.shape[axis], out.shape[axis + 1 :]
    shape = (-1, c, math.prod(after)) if after else (-1, c)
    seen = [v.reshape(shape) for v in (*arrays, out)]
    n = len(seen[0])
    in_blocks(
        xp, lambda part: work(*[v[part] for v in seen], 1), n, out.size // n, passes, shape[-1]
    )
    return out
