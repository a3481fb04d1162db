"""The softmax and its logarithm, in blocks that stay in a core's cache."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

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


def _blocks(xp: Any, n: int, width: int) -> Iterator[slice]:
    step = max(1, _BLOCK // max(width, 1)) if xp is np else max(n, 1)
    for i in range(0, n, step):
        yield slice(i, i + step)
