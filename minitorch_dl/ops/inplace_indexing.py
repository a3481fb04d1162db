"""Kernels that write at some places of their first operand: ``index_add_``, ``scatter_``, ...

They change what the index names and nothing else, where the general way computes the whole result
and copies it. Each takes the simple case, arrays of one dtype that share no memory, and raises
before it writes in any other, which is then left to the general way and its errors.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from ..backend import check_range, dtypes
from ..backend.segments import add_rows, put_sums
from ..backend.selection import choose
from .gathering import flat_places, whole_slices

_FEW = 1 << 11


class Refused(ValueError):
    """Not the simple case."""


def _require(condition: bool) -> None:
    if not condition:
        raise Refused


def _axis(y: np.ndarray, dim: int, index: np.ndarray) -> int:
    """The axis ``dim`` of y, whose slices a vector of indices names."""
    _require(index.ndim == 1 and index.dtype.kind == "i" and -y.ndim <= dim < y.ndim)
    return dim % y.ndim


def _require_apart(y: np.ndarray, *others: Any) -> None:
    for other in others:
        if other.__class__ is np.ndarray and np.may_share_memory(y, other):
            raise Refused


def _check_slices(y: np.ndarray, dim: int, index: np.ndarray, source: Any) -> None:
    _require(source.__class__ is np.ndarray and source.dtype == y.dtype)
    _require(source.shape == (*y.shape[:dim], index.size, *y.shape[dim + 1 :]))
    _require_apart(y, source, index)


def _index_add(y: np.ndarray, dim: int, index: Any, source: Any, *, alpha: float = 1) -> None:
    dim = _axis(y, dim, index)
    _check_slices(y, dim, index, source)
    _require(prod(y.shape[:dim]) == 1 and y.flags.c_contiguous and y.dtype.kind != "b")
    check_range(index, y.shape[dim], IndexError)
    if alpha != 1:
        source = source * alpha
        _require(source.dtype == y.dtype)
    _add_rows(y, y.shape[dim], index, source)


def _add_rows(y: np.ndarray, rows: int, index: np.ndarray, source: np.ndarray) -> None:
    """Add each slice of the source to the row of y that the index names."""
    if source.size >= max(2 * y.size, _FEW):
        y += add_rows(np, source.reshape(len(index), -1), index, rows).reshape(y.shape)
        return
    width = y.size // rows if rows else 0
    at = index if width == 1 else (index[:, None] * width + np.arange(width)).reshape(-1)
    put_sums(np, y.reshape(-1), at, source.reshape(-1))


def _index_copy(y: np.ndarray, dim: int, index: Any, source: Any) -> None:
    dim = _axis(y, dim, index)
    _check_slices(y, dim, index, source)
    check_range(index, y.shape[dim], IndexError)
    y[(slice(None),) * dim + (index,)] = source


def _index_fill(y: np.ndarray, dim: int, index: Any, value: Any) -> None:
    dim = _axis(y, dim, index)
    _require_apart(y, index)
    y[(slice(None),) * dim + (index,)] = _number(y, value)


def _number(y: np.ndarray, value: Any) -> Any:
    _require(value.__class__ is float or value.__class__ is int)
    return dtypes.element(value, y.dtype)


def _masked_fill(y: np.ndarray, mask: Any, value: Any) -> None:
    value = _number(y, value)
    _require(mask.dtype == bool)
    _require_apart(y, mask)
    if y.size < _FEW:
        np.copyto(y, value, where=mask)
    else:
        y[...] = choose(np, mask, value, y)


def _masked_scatter(y: np.ndarray, mask: Any, source: Any) -> None:
    _require(mask.dtype == bool and mask.shape == y.shape and source.dtype == y.dtype)
    _require_apart(y, mask, source)
    n = int(np.count_nonzero(mask))
    _require(n <= source.size)
    y[mask] = source.reshape(-1)[:n]


def _put(y: np.ndarray, index: Any, source: Any) -> None:
    _require(y.flags.c_contiguous and index.dtype == np.int64 and source.dtype == y.dtype)
    _require(index.size == source.size)
    _require_apart(y, index, source)
    check_range(index, y.size, IndexError, low=-y.size)
    y.reshape(-1)[index.reshape(-1)] = source.reshape(-1)


def _at(y: np.ndarray, dim: int, index: Any, source: Any) -> tuple[int, Any]:
    """The axis, and the source or the part of it that the index reads, checked."""
    _require(y.ndim == index.ndim > 0 and index.dtype.kind == "i" and y.flags.c_contiguous)
    _require(-y.ndim <= dim < y.ndim)
    dim %= y.ndim
    for d, n in enumerate(index.shape):
        _require(d == dim or n <= y.shape[d])
    check_range(index, y.shape[dim], IndexError)
    if source.__class__ is not np.ndarray:
        return dim, _number(y, source)
    _require(source.dtype == y.dtype and source.ndim == y.ndim)
    _require_apart(y, index, source)
    if source.shape != index.shape:
        _require(all(n <= m for n, m in zip(index.shape, source.shape)))
        source = source[tuple([slice(n) for n in index.shape])]
    return dim, source


def _scatter(y: np.ndarray, dim: int, index: Any, src: Any = None, *, value: Any = None) -> None:
    dim, source = _at(y, dim, index, value if src is None else src)
    y.reshape(-1)[flat_places(np, index, dim, y.shape)] = source


def _scatter_add(y: np.ndarray, dim: int, index: Any, src: Any) -> None:
    dim, source = _at(y, dim, index, src)
    _require(source.__class__ is np.ndarray and y.dtype.kind != "b")
    if dim == 0 and (vector := whole_slices(index, dim, y.shape)) is not None:
        _add_rows(y, len(y), vector, source)
    else:
        at = flat_places(np, index, dim, y.shape).reshape(-1)
        put_sums(np, y.reshape(-1), at, source.reshape(-1))


INPLACE_INDEXING: dict[str, Callable[..., None]] = {
    "index_add": _index_add, "index_copy": _index_copy, "index_fill": _index_fill,
    "masked_fill": _masked_fill, "masked_scatter": _masked_scatter, "put": _put,
    "scatter": _scatter, "scatter_add": _scatter_add,
}  # fmt: skip
"""By the name of the op: ``kernel(y, *operands, **named)``."""
