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
    parts: list[tuple[Any, Any, int]] = []  # each index, its array if it is one, the axes it takes
    used = 0
    for one in index if _is_several(index) else (index,):
        array, axes = None, 1
        if one is None or one is Ellipsis:
            axes = 0
        elif one.__class__ is not int and one.__class__ is not slice:
            one = _normal(one, a)
            if one.__class__ is not int:
                array = raw(one)
                axes = array.ndim if array.dtype == bool else 1
        parts.append((one, array, axes))
        used += axes
    if (
        len(parts) == 1
        and array.__class__ is np.ndarray
        and array.ndim
        and shape
        and (array.dtype != bool or array.shape == shape[: array.ndim])
    ):
        return (), [one], (0,)
    if used > len(shape):
        raise IndexError(f"too many indices for tensor of dimension {len(shape)}")
    basic: list[Any] = []
    indices: list[Any] = []
    dims: list[int] = []
    whole = True  # so far
    d = out = 0  # the axis of the tensor, and of its basic part
    for position, (one, array, axes) in enumerate(parts):
        if array is not None:
            if array.dtype == bool and array.shape != shape[d : d + axes]:
                raise IndexError(
                    f"The shape of the mask {list(one.shape)} at index {position} does not match "
                    f"the shape of the indexed tensor {list(shape)} at index {d}"
                )
            basic += [slice(None)] * axes if axes else [None]
            whole = whole and axes > 0
            indices.append(one if axes else array.reshape(1))
            dims.append(out)
            out += axes or 1
        elif one is None or one.__class__ is int:
            basic.append(one)
            whole = False
            out += one is None
        else:
            if one is Ellipsis:
                axes = len(shape) - used
                one = slice(None)
            basic += [one] * axes
            whole = whole and (not axes or one == slice(None))
            out += axes
        d += axes
    return () if whole else tuple(basic), indices, tuple(dims)


def raw(x: Any) -> Any:
    """The array of a tensor; an array as it is."""
    return x.array if isinstance(x, TensorBase) else x


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
    """An index that is no int, slice, None or Ellipsis as an int, or as an index tensor or mask on
    the device of the array ``a``.
    """
    if isinstance(one, TensorBase):
        array = one.array
    elif isinstance(one, (list, tuple, range, np.ndarray)):
        array = np.asarray(one)
        if not array.size or (array.dtype.kind in "iu" and array.dtype != np.uint8):
            array = array.astype(np.int64)
    elif isinstance(one, bool):
        array = np.asarray(one)
    elif isinstance(one, str):
        raise TypeError(f"an index can't be a text: expected integers or slices, got {one!r}")
    elif hasattr(one, "__index__"):
        return operator.index(one)
    else:
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are "
            f"valid indices (got {type(one).__name__})"
        )
    if array.dtype.kind in "USO":
        raise TypeError(f"an index can't be an array of {array.dtype}: expected integers or bools")
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
