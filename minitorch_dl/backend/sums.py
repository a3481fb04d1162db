"""Sums over axes, where BLAS and einsum are several times quicker than a reduction."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from .blas import dot

Axes = tuple[int, ...]

_LONG = 16
"""Elements of a row from which BLAS sums it; its call costs as much as so many."""
_SHORT = 64
"""Elements of a row below which rows had better be added up before their elements are."""
_NARROW = 64
"""Columns of a matrix up to which BLAS sums its rows or columns sooner than NumPy or ``vecdot``."""
_NARROWEST = 32
"""Columns up to which a product of arrays in memory and its sums take less time than ``vecdot``."""
SOME = 1 << 11
"""Elements from which ``sum_by_products`` saves more time than it takes to ask."""
_ALONE = 1 << 13
"""Elements of a matrix up to which BLAS multiplies it by a vector with one thread."""
_EXACT = 1 << 16
"""Elements of a row up to which BLAS may sum it at once: the error grows with their number."""


def sum_over(xp: Any, a: Any, axes: Axes) -> Any:
    """``a.sum(axes, keepdims=True)`` of a float array, in its own precision; along the last axis,
    and of few elements along the first, as products with ones."""
    if not axes:
        return a
    if xp is np and a.size <= _ALONE:
        if a.dtype.kind == "f" and a.dtype.itemsize > 2:  # a third of the time of a reduction
            matrix, of_rows, kept = _as_matrix(a.shape, axes)
            if matrix is not None:
                ones = _kept_ones(matrix[of_rows], a.dtype)
                if a.shape != matrix:
                    a = a.reshape(matrix)
                return (a.dot(ones) if of_rows else ones.dot(a)).reshape(kept)
            if axes[1:]:
                return np.einsum(_subscripts(a.ndim, axes, 1), a).reshape(kept)
    elif (
        xp is np
        and 0 < a.shape[-1] <= _NARROW
        and (axes[-1] < a.ndim - 1 or axes[0] == a.ndim - len(axes))
        and (total := sum_by_products(xp, a, axes)) is not None
    ):
        return total.reshape(_as_matrix(a.shape, axes)[2])
    elif axes[1:]:
        if xp is np and _has_rows_to_add(a, axes):
            return sum_over(xp, a.sum(axis=0, keepdims=True, dtype=a.dtype), axes[1:])
        if axes[0] == a.ndim - len(axes) and a.flags.c_contiguous:
            kept = a.shape[: axes[0]]  # the axes that are summed are the last ones: they are as one
            y = sum_over(xp, a.reshape(*kept, -1), (axes[0],))
            return y.reshape(*kept, *(1,) * len(axes))
    if xp is np and a.ndim - 1 in axes and _has_long_rows(a):
        return _of_rows(a, _kept_ones(a.shape[-1], a.dtype), axes)
    return _sum(xp, a, axes)


def sum_by_products(xp: Any, a: Any, axes: Axes) -> Any:
    """The sum of float32 or float64 numbers over axes that stand together, of any shape, by
    products with ones or ``einsum``, where NumPy's own is up to ten times slower; else None."""
    k, n = len(axes), a.ndim
    if xp is not np or not 0 < k < n:
        return None
    if a.dtype.kind != "f" or a.dtype.itemsize == 2 or not a.flags.c_contiguous:
        return None
    if axes[-1] == k - 1:
        rows = math.prod(a.shape[:k])
        if rows >= 64 and a.size <= 512 * rows:
            return dot(xp, _ones(rows, a.dtype), a.reshape(rows, -1))
    elif axes[0] == n - k and (columns := math.prod(a.shape[n - k :])) <= 8192:
        ones = _kept_ones(columns, a.dtype)
        rows = a.reshape(-1, columns)
        # BLAS adds up eight numbers of a row in a product with a matrix, 32 in one of two vectors.
        return dot(xp, rows, ones) if columns <= 512 else np.vecdot(rows, ones)
    elif axes[-1] - axes[0] == k - 1:
        stacked = a.reshape(math.prod(a.shape[: axes[0]]), -1, math.prod(a.shape[axes[-1] + 1 :]))
        _, rows, columns = stacked.shape
        if rows >= 16 and columns <= 512:
            return np.matmul(np.ones((1, rows), a.dtype), stacked)
        if columns <= 192:
            return np.einsum("brc->bc", stacked)
    return None


def dot_over(xp: Any, a: Any, b: Any, axes: Axes) -> Any:
    """``(a * b).sum(axes, keepdims=True)`` without the product in memory; the product itself where
    there are no axes."""
    if not axes:
        return a * b
    if xp is not np:  # a GPU has no time to win, and CuPy's einsum can't be captured
        return _sum(xp, a * b, axes)
    if axes[1:] and a.size > _ALONE and _has_rows_to_add(a, axes):
        return sum_over(xp, dot_over(xp, a, b, axes[:1]), axes[1:])
    if a.size > _ALONE and axes == (a.ndim - 1,) and a.shape[-1] <= _NARROWEST:
        return sum_over(xp, a * b, axes)
    is_one_call = not axes[1:] or a.size > _ALONE
    if is_one_call and a.ndim - 1 in axes and _has_long_rows(a) and _has_long_rows(b):
        return _of_rows(a, b, axes)
    if a.dtype.kind == "V":  # bfloat16, which einsum does not know
        return _sum(xp, a * b, axes)
    total = np.einsum(_subscripts(a.ndim, axes, 2), a, b)
    return total.reshape([1 if i in axes else n for i, n in enumerate(a.shape)])


@functools.lru_cache(256)
def _subscripts(ndim: int, axes: Axes, operands: int) -> str:
    """What ``einsum`` takes to sum over ``axes``."""
    letters = "abcdefgh"[:ndim]
    kept = "".join([c for i, c in enumerate(letters) if i not in axes])
    return f"{','.join([letters] * operands)}->{kept}"


def sum_of_squares(xp: Any, a: Any) -> Any:
    """``(a * a).sum()`` of a contiguous real array."""
    flat = a.reshape(-1)
    if xp is not np:
        return (flat * flat).sum(dtype=a.dtype)
    if a.size <= _STRETCH:
        return np.vecdot(flat, flat)
    rest = a.size % _STRETCH
    rows = flat[: a.size - rest].reshape(-1, _STRETCH)
    end = flat[a.size - rest :]
    return np.vecdot(rows, rows).sum() + np.vecdot(end, end)


_STRETCH = 1 << 12
"""Elements that BLAS adds up one by one; the sums of such stretches are added pairwise."""


def weighted_sum(xp: Any, a: Any, weight: Any, axes: Axes) -> Any:
    """``(a * weight).sum(axes, keepdims=True)``; ``weight`` broadcasts to ``a``, None stands for
    ones."""
    if weight is None:
        return sum_over(xp, a, axes)
    rows = xp is np and axes == (a.ndim - 1,) and _has_long_rows(a)
    if rows and weight.size == a.shape[-1]:
        return _of_rows(a, weight.reshape(-1), axes)
    product = a * weight
    return _sum(xp, product, axes) if axes else product


def _sum(xp: Any, a: Any, axes: Axes) -> Any:
    if xp is np:  # as the method, but for a detour through Python
        return np.add.reduce(a, axes, a.dtype, keepdims=True)
    return a.sum(axis=axes, keepdims=True, dtype=a.dtype)


def _of_rows(a: Any, b: Any, axes: Axes) -> Any:
    """Dot products of rows, summed over the other axes.

    Not a matrix product, unless it is small: BLAS would share that among threads of its own, for
    which the threads that share blocks would wait.
    """
    if a.dtype.kind != "f":  # NumPy has no others for foreign types such as bfloat16
        dots = np.matmul(a[..., None, :], b[..., None])[..., 0]
    elif b.ndim == 1 and a.size <= _ALONE:
        rows = a if a.ndim == 2 else a.reshape(-1, len(b))
        dots = rows.dot(b).reshape(*a.shape[:-1], 1)
    elif a.shape[-1] > _EXACT:
        dots = _dots_of_parts(a, b)
    else:
        dots = np.vecdot(a, b)[..., None]
    if len(axes) == 1:
        return dots
    return sum_over(np, dots, tuple([i for i in axes if i != a.ndim - 1]))


@functools.lru_cache(256)
def _as_matrix(shape: Axes, axes: Axes) -> tuple[Axes | None, bool, Axes]:
    """The shape of the matrix whose rows' or columns' sums those over ``axes`` are, whether they
    are its rows', and the shape of these sums; no matrix where there are axes between or on both
    sides."""
    first, end = min(axes), max(axes) + 1
    before, n, after = [math.prod(part) for part in (shape[:first], shape[first:end], shape[end:])]
    kept = tuple([1 if i in axes else size for i, size in enumerate(shape)])
    if end - first > len(axes) or 1 not in (before, after):
        return None, False, kept
    return ((before, n), True, kept) if after == 1 else ((n, after), False, kept)


def _dots_of_parts(a: Any, b: Any) -> Any:
    """Dot products of rows, as sums of those of their parts."""
    n = a.shape[-1] // _EXACT * _EXACT
    head = [x[..., :n].reshape(*x.shape[:-1], -1, _EXACT) for x in (a, b)]
    rest = np.vecdot(a[..., n:], b[..., n:])[..., None]
    return np.vecdot(*head).sum(axis=-1, keepdims=True) + rest


def _has_rows_to_add(a: Any, axes: Axes) -> bool:
    """Whether the sums are over the first and the last axis, and that one is short."""
    return axes[0] == 0 and axes[-1] == a.ndim - 1 > 0 and 1 < a.shape[-1] < _SHORT


def _has_long_rows(a: Any) -> bool:
    return a.shape[-1] >= _LONG and a.strides[-1] == a.itemsize


def _ones(n: int, dtype: Any) -> Any:
    return _kept_ones(n, dtype) if n <= _KEPT else np.ones(n, dtype)


_KEPT = 1 << 13
"""Ones up to which an array of them is kept."""


@functools.lru_cache(64)
def _kept_ones(n: int, dtype: Any) -> Any:
    ones = np.ones(n, dtype)
    ones.flags.writeable = False
    return ones
