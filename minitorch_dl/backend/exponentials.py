"""The softmax and its logarithm, in blocks that stay in a core's cache."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from . import kernels
from .sums import dot_over, sum_over

_BLOCK = 1 << 16
"""Elements of a block on the host: 256 kB of float32."""


def exponentials(xp: Any, a: Any) -> tuple[Any, Any, Any]:
    """``e = exp(a - max a)`` along axis 1 of (N, C, P), its sum and ``log sum exp(a)``, (N, P)."""
    n, c, p = a.shape
    e, total = xp.empty(a.shape, a.dtype), xp.empty((n, 1, p), a.dtype)
    log_sum = xp.empty((n, 1, p), a.dtype)
    if p == 1:  # then the last axis can be the one that is summed
        a, e, total, log_sum = (v[:, :, 0] for v in (a, e, total, log_sum))
    for rows in _blocks(xp, n, c * p):
        part = a[rows]
        largest = part.max(axis=1, keepdims=True)
        y = xp.subtract(part, largest, out=e[rows])
        xp.exp(y, out=y)
        total[rows] = sum_over(xp, y, (1,))
        log_sum[rows] = largest
    log_sum += xp.log(total)
    return e.reshape(n, c, p), total.reshape(n, p), log_sum.reshape(n, p)


@kernels.softmax.twin
def softmax(xp: Any, a: Any, axis: int) -> Any:
    """``exp(a - max a)`` over its sum along ``axis``."""
    if xp is not np and (y := kernels.softmax(xp, a, axis=axis)) is not None:
        return y
    y = xp.empty(a.shape, a.dtype)
    for rows in _blocks(xp, len(a), a.size // len(a) if axis else 0):
        part = a[rows]
        e = xp.subtract(part, part.max(axis=axis, keepdims=True), out=y[rows])
        xp.exp(e, out=e)
        e /= sum_over(xp, e, (axis,))
    return y


@kernels.log_softmax.twin
def log_softmax(xp: Any, a: Any, axis: int) -> Any:
    """``a - max a`` less the logarithm of the sum of its exponentials, along ``axis``."""
    if xp is not np and (y := kernels.log_softmax(xp, a, axis=axis)) is not None:
        return y
    y = xp.empty(a.shape, a.dtype)
    for rows in _blocks(xp, len(a), a.size // len(a) if axis else 0):
        part = a[rows]
        less = xp.subtract(part, part.max(axis=axis, keepdims=True), out=y[rows])
        less -= xp.log(sum_over(xp, xp.exp(less), (axis,)))
    return y


@kernels.softmax_slope.twin
def softmax_slope(xp: Any, g: Any, y: Any, axis: int) -> Any:
    """``(g - sum of g y) y``: the gradient behind the softmax ``y``, of ``g`` before it."""
    if xp is not np and (d := kernels.softmax_slope(xp, g, y, axis=axis)) is not None:
        return d
    d = g - dot_over(xp, g, y, (axis,))
    d *= y
    return d


@kernels.log_softmax_slope.twin
def log_softmax_slope(xp: Any, g: Any, y: Any, axis: int) -> Any:
    """``g - exp(y) sum of g``: the gradient behind the logarithm ``y`` of the softmax."""
    if xp is not np and (d := kernels.log_softmax_slope(xp, g, y, axis=axis)) is not None:
        return d
    d = xp.exp(y)
    d *= sum_over(xp, g, (axis,))
    return xp.subtract(g, d, out=d)


def _blocks(xp: Any, n: int, width: int) -> Iterator[slice]:
    """So many rows of so many elements, in parts that fit; all at once where the width is 0."""
    step = max(1, _BLOCK // width) if xp is np and width else max(n, 1)
    for i in range(0, n, step):
        yield slice(i, i + step)
