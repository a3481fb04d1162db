"""The softmax and its logarithm, in blocks that stay in a core's cache."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from . import kernels
from .sums import sum_over

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


def softmax(xp: Any, a: Any, axis: int) -> Any:
    """``exp(a - max a)`` over its sum along ``axis``."""
    if kernels.serve(xp, a):
        return kernels.normalize(xp, "softmax", a, axis)
    y = xp.empty(a.shape, a.dtype)
    for rows in _blocks(xp, len(a), a.size // len(a) if axis else 0):
        part = a[rows]
        e = xp.subtract(part, part.max(axis=axis, keepdims=True), out=y[rows])
        xp.exp(e, out=e)
        e /= sum_over(xp, e, (axis,))
    return y


def log_softmax(xp: Any, a: Any, axis: int) -> Any:
    """``a - max a`` less the logarithm of the sum of its exponentials, along ``axis``."""
    if kernels.serve(xp, a):
        return kernels.normalize(xp, "log_softmax", a, axis)
    y = xp.empty(a.shape, a.dtype)
    for rows in _blocks(xp, len(a), a.size // len(a) if axis else 0):
        part = a[rows]
        less = xp.subtract(part, part.max(axis=axis, keepdims=True), out=y[rows])
        less -= xp.log(sum_over(xp, xp.exp(less), (axis,)))
    return y


def _blocks(xp: Any, n: int, width: int) -> Iterator[slice]:
    """So many rows of so many elements, in parts that fit; all at once where the width is 0."""
    step = max(1, _BLOCK // width) if xp is np and width else max(n, 1)
    for i in range(0, n, step):
        yield slice(i, i + step)
