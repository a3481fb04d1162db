"""Differences of every two rows of a matrix, and their transpose."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .constants import constant
from .precision import summed_in
from .segments import add_rows
from .sums import sum_over


def differences(xp: Any, a: Any) -> Any:
    """``a[i] - a[j]`` for i < j, row by row: (N, M) gives (N (N - 1) / 2, M).

    The pairs of row i stand together, and so do their j: nothing is looked up.
    """
    n, m = a.shape
    if xp is not np:
        first, second = _places(xp, n)
        return a.take(first, axis=0) - a.take(second, axis=0)
    y = np.empty((n * (n - 1) // 2, m), a.dtype)
    start = 0
    for i in range(n - 1):
        stop = start + n - 1 - i
        np.subtract(a[i], a[i + 1 :], out=y[start:stop])
        start = stop
    return y


def from_differences(xp: Any, g: Any, n: int) -> Any:
    """The transpose: each row of ``g`` added to row i and taken from row j of (N, M)."""
    if xp is not np:
        first, second = _places(xp, n)
        return add_rows(xp, g, first, n) - add_rows(xp, g, second, n)
    y = np.zeros((n, g.shape[1]), summed_in(g.dtype))
    start = 0
    for i in range(n - 1):
        stop = start + n - 1 - i
        part = g[start:stop].astype(y.dtype, copy=False)
        y[i] += sum_over(np, part, (0,))[0]
        y[i + 1 :] -= part
        start = stop
    return y.astype(g.dtype, copy=False)


def _places(xp: Any, n: int) -> tuple[Any, Any]:
    first, second = _upper(n)
    return constant(xp, first), constant(xp, second)


@functools.lru_cache(maxsize=16)
def _upper(n: int) -> tuple[Any, Any]:
    return np.triu_indices(n, 1)
