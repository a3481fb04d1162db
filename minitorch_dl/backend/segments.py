"""Sums and maxima of rows that belong together."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import kernels
from .precision import summed_in

# The dtypes without atomic addition on a GPU, and what serves instead.
_SUMMED = dict.fromkeys(("bool", "int8", "uint8", "int16", "uint16"), "int32")
_SUMMED["bfloat16"] = "float32"


in_order = False
"""Whether a GPU adds the same rows in the same order at every run, which takes a sort."""

_WIDE, _FEW = 16, 1 << 12
"""Elements of a row, and of all rows, below which adding them one by one is quicker."""


@kernels.add_rows_in_order.twin
def add_rows(xp: Any, a: Any, index: Any, rows: int) -> Any:
    """Zeros (rows, *D) with each ``a[i]`` added at row ``index[i]``.

    On the CPU the rows are sorted by where they go; then round k adds the k-th row of every target
    that has one, the targets with most first, so that each round is one addition in place. That is
    several times quicker than ``add.at`` and ``add.reduceat``. When fewer targets are left than
    rounds, a product with ones adds up what is left of each.
    """
    y = xp.zeros((rows, *a.shape[1:]), a.dtype)
    if not a.size:
        return y
    if xp is not np:
        if in_order:
            done = kernels.add_rows_in_order(xp, a, index, rows)
            if done is not None:
                return done
        put_sums(xp, y, index, a)
        return y
    width = a.size // a.shape[0]
    if width < _WIDE or a.size < _FEW:
        at = index if width == 1 else index[:, None] * width + np.arange(width)
        put_sums(np, y.reshape(-1), at.reshape(-1), a.reshape(-1))
        return y
    if a.ndim > 2:
        return add_rows(np, a.reshape(len(a), width), index, rows).reshape(y.shape)
    order = _stable_order(index, rows)
    target = index[order]
    starts = _starts(target)
    counts = np.diff(starts, append=len(target))
    most = int(counts.max())
    most_first = _stable_order(most - counts, most)
    starts, counts = starts[most_first], counts[most_first]
    total = a.take(order[starts], axis=0)
    steps = np.arange(most)
    left = np.searchsorted(-counts, -1 - steps, side="left")
    rounds = int((left + steps).argmin())
    for k, n in enumerate(left[:rounds], 1):  # n targets have more than k rows
        total[:n] += a.take(order[starts[:n] + k], axis=0)
    ones = np.ones(most, a.dtype)
    for i in range(left[rounds]):
        rest = a.take(order[starts[i] + rounds + 1 : starts[i] + counts[i]], axis=0)
        total[i] += ones[: len(rest)].dot(rest)
    y[target[starts]] = total
    return y


def _stable_order(numbers: Any, most: int) -> Any:
    """``argsort`` of integers from 0 to ``most``; those of up to 16 bits NumPy sorts by digits."""
    return np.argsort(numbers.astype(np.min_scalar_type(most)), kind="stable")


def _starts(ascending: Any) -> Any:
    """Where each run of equal numbers begins."""
    begins = np.ones(len(ascending), bool)
    np.not_equal(ascending[1:], ascending[:-1], out=begins[1:])
    return np.flatnonzero(begins)


def first_maxima(xp: Any, a: Any, segment: Any, count: int) -> Any:
    """For each segment and column of ``a`` (N, D), whose rows stand in the order of their segments:
    the row of the first largest element, (count, D).

    0 for an empty segment.
    """
    n = len(a)
    if xp is np and n:
        starts = _starts(segment)
        largest = np.maximum.reduceat(a, starts, axis=0)
        hit = a == largest.repeat(np.diff(starts, append=n), axis=0)
        first = np.minimum.reduceat(np.where(hit, np.arange(n)[:, None], n), starts, axis=0)
        where = np.zeros((count, a.shape[1]), "int64")
        where[segment[starts]] = np.where(first == n, 0, first)
        return where
    largest = xp.full((count, a.shape[1]), -math.inf, a.dtype)
    put_extrema(xp, largest, segment, a, largest=True)
    hit = a == largest[segment]
    where = xp.full(largest.shape, n, "int64")
    put_extrema(xp, where, segment, xp.where(hit, xp.arange(n)[:, None], n), largest=False)
    return xp.where(where == n, 0, where)


def put_sums(xp: Any, out: Any, index: Any, values: Any) -> None:
    """``out[index] += values`` in place; indices may repeat."""
    if xp is not np and out.dtype.kind == "c":  # a GPU adds real numbers only
        xp.add.at(out.real, index, values.real)
        xp.add.at(out.imag, index, values.imag)
        return
    wide = summed_in(out.dtype) if xp is np else _SUMMED.get(out.dtype.name)
    if wide is None or wide is out.dtype:
        xp.add.at(out, index, values)
        return
    scratch = out.astype(wide)
    xp.add.at(scratch, index, values.astype(wide))
    out[...] = scratch


def occurrences(xp: Any, index: Any, rows: int) -> Any:
    """How often each of 0 ... rows - 1 stands in the vector ``index``.

    CuPy's ``bincount`` makes the host wait for the largest.
    """
    if xp is np:
        return np.bincount(index, minlength=rows)
    y = xp.zeros(rows, "int64")
    xp.add.at(y, index, 1)
    return y


def put_extrema(xp: Any, out: Any, index: Any, values: Any, largest: bool) -> None:
    """``out[index] = max(out[index], values)``, or min, in place; indices may repeat."""
    if xp is np:
        (np.maximum if largest else np.minimum).at(out, index, values)
        return
    # A GPU has atomic extrema of some dtypes only; the others go there in order.
    encode, decode = _IN_ORDER.get(out.dtype.name, (None, None))
    scratch = out if encode is None else encode(out)
    ufunc = xp.maximum if largest else xp.minimum
    ufunc.at(scratch, index, values if encode is None else encode(values.astype(out.dtype)))
    if decode is not None:
        out[...] = decode(scratch)


def _through(wide: str) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    return lambda a: a.astype(wide), lambda a: a


_SIGN = 1 << 63  # flipped, it turns the order of int64 into that of uint64
_IN_ORDER = dict.fromkeys(("bool", "int8", "uint8", "int16", "uint16"), _through("int32"))
_IN_ORDER |= dict.fromkeys(("float16", "bfloat16"), _through("float32"))
_IN_ORDER["int64"] = (
    lambda a: a.astype("uint64") ^ np.uint64(_SIGN),
    lambda a: (a ^ np.uint64(_SIGN)).astype("int64"),
)


def multiply_at(xp: Any, out: Any, index: tuple[Any, ...], values: Any) -> None:
    """``out[index] *= values`` in place, with an index array per axis; indices may repeat.

    A GPU has no atomic product. There the factors are sorted by where they go, the products of each
    run come from doubling (Hillis and Steele, 1986), and the run's last element has the whole one.
    """
    if xp is np:
        np.multiply.at(out, index, values)
        return
    at: Any = 0
    for axis, size in zip(index, out.shape, strict=True):
        at = at * size + axis
    shape = at.shape
    if not at.size:
        return
    at = at.reshape(-1)
    order = xp.argsort(at)
    at, y = at[order], xp.broadcast_to(values, shape).astype(out.dtype).reshape(-1)[order]
    step = 1
    while step < len(y):
        y = xp.concatenate((y[:step], xp.where(at[step:] == at[:-step], y[:-step], 1) * y[step:]))
        step *= 2
    last = xp.concatenate((at[1:] != at[:-1], xp.ones(1, bool)))
    factor = xp.zeros(out.size, out.dtype)
    put_sums(xp, factor, at, xp.where(last, y, 0).astype(out.dtype))
    touched = xp.zeros(out.size, "int32")
    xp.add.at(touched, at, last.astype("int32"))
    out *= xp.where(touched > 0, factor, 1).astype(out.dtype).reshape(out.shape)
