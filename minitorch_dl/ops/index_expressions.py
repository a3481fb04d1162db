"""What stands between the brackets of ``x[...]``: the kind of each index, and its axes."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..autograd.primitive import TensorBase
from ..backend import array_module, describe_one
from ..backend.warning import warn

_INDEX_DTYPES = (np.dtype(bool), np.dtype(np.int64), np.dtype(np.int32), np.dtype(np.uint8))


def resolve(a: Any, index: Any) -> tuple[tuple[Any, ...], list[Any], tuple[int, ...]]:
    """An index with tensors in it: its basic part (nothing when that is the whole tensor), the
    index tensors, and the axes of the basic part's result at which they stand.
    """
    shape = a.shape
    items = [_normal(one, a) for one in (index if _is_several(index) else (index,))]
    only = raw(items[0]) if len(items) == 1 and shape else None
    if only.__class__ is np.ndarray and only.ndim:
        is_mask = only.dtype == bool
        if not is_mask or only.shape == shape[: only.ndim]:
            return (), items, (0,)
    used = sum(_axes_used(one) for one in items)
    if used > len(shape):
        raise IndexError(f"too many indices for tensor of dimension {len(shape)}")
    basic: list[Any] = []
    indices: list[Any] = []
    dims: list[int] = []
    d = out = 0  # the axis of the tensor, and of its basic part
    for position, one in enumerate(items):
        axes = len(shape) - used if one is Ellipsis else _axes_used(one)
        if one is None:
            basic.append(None)
            out += 1
        elif one.__class__ is int:
            basic.append(one)
        elif one is Ellipsis or one.__class__ is slice:
            basic += [slice(None) if one is Ellipsis else one] * axes
            out += axes
        else:
            if raw(one).dtype == bool and raw(one).shape != shape[d : d + axes]:
                raise IndexError(
                    f"The shape of the mask {list(one.shape)} at index {position} does not match "
                    f"the shape of the indexed tensor {list(shape)} at index {d}"
                )
            basic += [slice(None)] * axes if axes else [None]
            indices.append(one if axes else raw(one).reshape(1))
            dims.append(out)
            out += axes or 1
        d += axes
    whole = all(one.__class__ is slice and one == slice(None) for one in basic)
    return () if whole else tuple(basic), indices, tuple(dims)


def raw(x: Any) -> Any:
    """The array of a tensor; an array as it is."""
    return x.array if isinstance(x, TensorBase) else x


def _axes_used(one: Any) -> int:
    """How many axes of the tensor one index takes up."""
    if one is None or one is Ellipsis:
        return 0
    one = raw(one)
    return one.ndim if hasattr(one, "ndim") and one.dtype == bool else 1


def _is_several(index: Any) -> bool:
    """Whether ``index`` holds one index per axis: a tuple, or a list in which something is no
    number.
    """
    if isinstance(index, tuple):
        return True
    return (
        isinstance(index, list)
        and len(index) < 32
        and not all(isinstance(i, (int, float, np.generic)) for i in index)
    )


def _normal(one: Any, a: Any) -> Any:
    """One index as None, Ellipsis, an int, a slice, or an index tensor or mask on the device of
    the array ``a``.
    """
    if one is None or one is Ellipsis or one.__class__ is slice or one.__class__ is int:
        return one
    if isinstance(one, TensorBase):
        array = one.array
    elif isinstance(one, (list, tuple, range, np.ndarray)):
        array = np.asarray(one)
        if not array.size or (array.dtype.kind in "iu" and array.dtype != np.uint8):
            array = array.astype(np.int64)
    elif isinstance(one, bool):
        array = np.asarray(one)
    elif hasattr(one, "__index__"):
        return operator.index(one)
    else:
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are "
            f"valid indices (got {type(one).__name__})"
        )
    if not array.ndim and array.dtype.kind in "iu" and array.dtype != np.uint8:
        return int(array)
    if array.dtype not in _INDEX_DTYPES:
        raise IndexError(
            "tensors used as indices must be long, int, byte or bool tensors, got "
            f"{describe_one(array)}"
        )
    if array.dtype == np.uint8:
        warn(
            "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool "
            "instead.",
        )
        array = array.astype(bool)
    if array.__class__ is not a.__class__:
        array = array_module(a).asarray(array)
    return one if isinstance(one, TensorBase) and one.array is array else array
