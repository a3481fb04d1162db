"""``x[...]`` and its relatives: every form of index that PyTorch takes, to read and to write.

An index is resolved in two steps. Integers, slices, None and Ellipsis make a view (the primitive
``slice``); index tensors and masks then pick from that view (the primitive ``index``, whose adjoint
adds at the same places).
In a formula ``g`` is the gradient of the output.
"""

from __future__ import annotations

import operator
import warnings
from math import prod
from typing import Any

import numpy as np

from ..autograd.inplace import overwrite, store
from ..autograd.modes import records
from ..autograd.names import as_one, named
from ..autograd.overriding import LIVE, call_override, overriding
from ..autograd.primitive import TensorBase, current_node, primitive
from ..autograd.structural import cast, sum_to
from ..autograd.versions import next_number
from ..backend import array_module, check_range, common_module, describe_one, dtypes
from ..backend.segments import add_rows, put_sums
from .slicing import _basic, _slice, _spec

__all__ = ["getitem", "index_put", "index_put_", "setitem"]

# -- index tensors and masks -----------------------------------------------------------------------


def _key(xp: Any, indices: Any, dims: tuple[int, ...]) -> tuple[Any, ...]:
    """The NumPy index with ``indices`` at ``dims``; a mask stands for as many axes as it has."""
    key: list[Any] = [slice(None)] * (dims[-1] + 1)
    for d, index in zip(reversed(dims), reversed(indices)):
        if index.dtype != bool:
            key[d] = index
        elif xp is np or len(indices) == 1:
            key[d : d + index.ndim] = [index]
        else:
            key[d : d + index.ndim] = xp.nonzero(index)
    return tuple(key)


def _check_bounds(indices: Any, dims: tuple[int, ...], shape: tuple[int, ...]) -> None:
    """Raise for an index that is out of range. NumPy does so itself; CuPy would wrap it around."""
    for d, index in zip(dims, indices):
        if index.dtype != bool:
            n = shape[d]
            text = f"index {{}} is out of bounds for dimension {d} with size {n}"
            check_range(index, n, IndexError, text, low=-n)


def positions(xp: Any, indices: Any, dims: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    """Where in the flattened array lies what ``array[key]`` picks: an index array of the
    result's shape.
    """
    axes: list[int] = []
    arrays: list[Any] = []
    for d, index in zip(dims, indices):
        found = xp.nonzero(index) if index.dtype == bool else (index,)
        axes += range(d, d + len(found))
        arrays += found
    stride = [prod(shape[d + 1 :]) for d in range(len(shape))]
    flat: Any = 0
    for d, index in zip(axes, arrays):
        flat = flat + xp.where(index < 0, index + shape[d], index) * stride[d]
    rest = [d for d in range(len(shape)) if d not in axes]
    together = axes[-1] - axes[0] == len(axes) - 1
    before = axes[0] if together else 0  # indices that don't stand together put their axes in front
    flat = flat.reshape(flat.shape + (1,) * (len(rest) - before))
    inner = flat.ndim
    for i, d in enumerate(rest):
        after = before - 1 - i + inner if i < before else len(rest) - 1 - i
        flat = flat + (xp.arange(shape[d]) * stride[d]).reshape((-1,) + (1,) * after)
    return flat


def add_at(xp: Any, flat: Any, values: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of ``shape`` with ``values`` added at ``flat``, positions in the flattened result
    that may repeat.
    """
    out = xp.zeros(prod(shape), values.dtype)
    put_sums(xp, out, flat.reshape(-1), values.reshape(-1))  # quick in one dimension only
    return out.reshape(shape)


def add_slices(xp: Any, a: Any, index: Any, dim: int, shape: tuple[int, ...]) -> Any:
    """Zeros of ``shape`` with the slices of ``a`` added at ``index`` along ``dim``."""
    rows = shape[dim]
    if prod(shape[:dim]) != 1:
        return add_at(xp, positions(xp, (index,), (dim,), shape), a, shape)
    index = xp.where(index < 0, index + rows, index).reshape(-1)
    a = a.reshape(len(index), prod(shape[dim + 1 :]))
    return add_rows(xp, a, index, rows).reshape(shape)


@primitive(name="index", complex=True)
def _index(xp: Any, a: Any, *indices: Any, dims: tuple[int, ...]) -> Any:
    """``a`` at index arrays or masks, which stand at the axes ``dims``."""
    if xp is not np:
        _check_bounds(indices, dims, a.shape)
    if len(indices) == 1 and indices[0].dtype != bool:
        return a.take(indices[0], dims[0])
    return a[_key(xp, indices, dims)]


_index.defvjp(
    a=lambda g, indices, dims, a_shape: _index_adjoint(g, *indices, dims=dims, shape=a_shape)
)


@primitive(name="index_adjoint", complex=True)
def _index_adjoint(
    xp: Any, a: Any, *indices: Any, dims: tuple[int, ...], shape: tuple[int, ...]
) -> Any:
    """Zeros of ``shape`` with ``a`` added at the indices, however often they repeat: the reverse
    of ``index``.
    """
    if len(indices) == 1 and indices[0].dtype == bool:  # no place occurs twice
        out = xp.zeros(shape, a.dtype)
        out[_key(xp, indices, dims)] = a
        return out
    if len(indices) == 1:
        return add_slices(xp, a, indices[0], dims[0], shape)
    return add_at(xp, positions(xp, indices, dims, shape), a, shape)


_index_adjoint.defvjp(a=lambda g, indices, dims: _index(g, *indices, dims=dims))


@primitive(name="index_put", complex=True)
def _index_put(xp: Any, a: Any, values: Any, *indices: Any, dims: tuple[int, ...]) -> Any:
    """A copy of ``a`` with ``values`` (broadcast) written at the indices."""
    out = a.copy()
    _assign(xp, out, values, indices, dims)
    return out


def _assign(xp: Any, out: Any, values: Any, indices: Any, dims: tuple[int, ...]) -> None:
    if xp is not np:
        _check_bounds(indices, dims, out.shape)
    out[_key(xp, indices, dims)] = values


def _to_values(g: Any, indices: Any, dims: Any, values_shape: Any, values_dtype: Any) -> Any:
    if prod(values_shape) == 1:  # one number everywhere: a place that is named twice counts once
        picked = g - _index_put(g, 0, *indices, dims=dims)
    else:
        picked = _index(g, *indices, dims=dims)
    return cast(sum_to(picked, shape=values_shape), dtype=dtypes.from_numpy(values_dtype).name)


_index_put.defvjp(
    a=lambda g, indices, dims: _index_put(g, 0, *indices, dims=dims), values=_to_values
)


@primitive(name="index_put_sum", complex=True)
def _index_put_sum(xp: Any, a: Any, values: Any, *indices: Any, dims: tuple[int, ...]) -> Any:
    """A copy of ``a`` with ``values`` (broadcast) added at the indices, however often they
    repeat.
    """
    out = a.copy()
    _add(xp, out, values, indices, dims)
    return out


def _add(xp: Any, out: Any, values: Any, indices: Any, dims: tuple[int, ...]) -> None:
    _check_bounds(indices, dims, out.shape)
    if not out.flags.c_contiguous:
        put_sums(xp, out, _key(xp, indices, dims), values)
        return
    flat = positions(xp, indices, dims, out.shape)  # quick in one dimension only
    values = xp.broadcast_to(values, flat.shape)
    put_sums(xp, out.reshape(-1), flat.reshape(-1), values.reshape(-1))


_index_put_sum.defvjp(
    a=lambda g: g,
    values=lambda g, indices, dims, values_shape: sum_to(
        _index(g, *indices, dims=dims), shape=values_shape
    ),
)


def put(op: str, target: Any, values: Any, indices: Any, dims: Any, adds: bool = False) -> Any:
    """``target[indices] = values`` (``+=``, however often an index repeats, if it ``adds``) in
    place, for indices that stand at ``dims``; returns ``target``.
    """
    function, assign = (_index_put_sum, _add) if adds else (_index_put, _assign)
    a = target.array
    v = values.array if isinstance(values, TensorBase) else values
    raw = [i.array if isinstance(i, TensorBase) else i for i in indices]
    xp = common_module(op, (a, v, *raw))
    node = None
    before = next_number()
    if records((target, values)):
        nodes = (current_node(target), current_node(values) if v is not values else None)
        node = function.primitive.record(
            (a, v, *raw), (*nodes, *(None for _ in raw)), {"dims": dims}, None
        )
    try:
        store(op, target, lambda out: assign(xp, out, v, raw, dims), node, before)
    except (IndexError, RuntimeError) as error:
        raise explain_index(raw, dims, a.shape, v) or error from None
    return target


def picked_shape(indices: Any, dims: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of what these indices pick from a tensor of ``shape``.

    Raises:
        IndexError: the indices can't be broadcast together.
    """
    axes: list[int] = []
    shapes: list[tuple[int, ...]] = []
    for d, index in zip(dims, map(_raw, indices)):
        mask = index.dtype == bool
        axes += range(d, d + (index.ndim if mask else 1))
        shapes.append((int(index.sum()),) if mask else index.shape)
    try:
        picked = np.broadcast_shapes(*shapes)
    except ValueError:
        given = ", ".join(str(list(s)) for s in shapes)
        raise IndexError(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {given}"
        ) from None
    before = axes[0] if axes[-1] - axes[0] == len(axes) - 1 else 0
    rest = [n for d, n in enumerate(shape) if d not in axes]
    return (*rest[:before], *picked, *rest[before:])


def explain_index(
    indices: Any, dims: Any, shape: tuple[int, ...], values: Any = None
) -> Exception | None:
    """What is wrong with these indices (or with the values written there); None when it is
    something else.
    """
    try:
        _check_bounds([_raw(i) for i in indices], dims, shape)
        picked = picked_shape(indices, dims, shape)
    except IndexError as error:
        return error
    if not hasattr(values, "shape") or _fits(values.shape, picked):
        return None
    return RuntimeError(
        f"shape mismatch: value tensor of shape {list(values.shape)} cannot be broadcast to "
        f"indexing result of shape {list(picked)}"
    )


# -- x[...] ----------------------------------------------------------------------------------------


def getitem(input: Any, index: Any) -> Any:
    """``input[index]``: a view for integers, slices, None and Ellipsis; a copy for index tensors
    and masks.

    >>> import minitorch_dl as torch
    >>> x = torch.arange(6).reshape(2, 3)
    >>> x[:, 1], x[torch.tensor([1, 0]), 2], x[x > 3]
    (tensor([1, 4]), tensor([5, 2]), tensor([4, 5]))
    """
    items = index if index.__class__ is tuple else (index,)
    spec = _spec(items)
    if spec is not None:
        y = _basic(input, spec, items)
        return y if y._node is None else named(y, _view_name(spec))
    if LIVE and (values := overriding(items)):
        return call_override(getitem, values, (input, index), {})
    items, indices, dims = _resolve(input.array, index)
    if items:
        spec = _spec(items) or ()
        input = named(_basic(input, spec, items), _view_name(spec))
    return _pick(input, indices, dims) if indices else input


def _view_name(spec: tuple[Any, ...]) -> str:
    """PyTorch takes the view of a basic index step by step; this is its last step's name."""
    for one in reversed(spec):
        if one.__class__ is int:
            return "SelectBackward0"
        if one is None:
            return "UnsqueezeBackward0"
        if one != "..." and one != (None, None, None):
            return "SliceBackward0"
    return "AliasBackward0"


def _pick(input: Any, indices: Any, dims: tuple[int, ...]) -> Any:
    try:
        return _index(input, *indices, dims=dims)
    except (IndexError, RuntimeError) as error:
        raise explain_index(indices, dims, input.array.shape) or error from None


def setitem(input: Any, index: Any, value: Any) -> None:
    """``input[index] = value``, broadcast and cast; differentiable in both."""
    if LIVE and (values := overriding((value, index))):
        call_override(setitem, values, (input, index, value), {})
        return
    if not isinstance(value, TensorBase):
        if isinstance(value, np.generic):
            value = value.item()
        if not isinstance(value, (int, float, complex)):
            raise TypeError(
                f"can't assign a {type(value).__name__} to a "
                f"{dtypes.from_numpy(input.array.dtype)} tensor"
            )
        if isinstance(value, complex) or not 0 <= value < 128:  # what every dtype holds
            value = dtypes.element(value, input.array.dtype)
    items = index if index.__class__ is tuple else (index,)
    spec = _spec(items)
    if spec is not None:
        _copy(_basic(input, spec, items), value)
        return
    items, indices, dims = _resolve(input.array, index)
    target = _basic(input, _spec(items), items) if items else input
    if not indices:
        _copy(target, value)
        return
    if isinstance(value, TensorBase):
        one_mask = len(indices) == 1 and _raw(indices[0]).dtype == bool
        if not (one_mask and value.array.size == 1):  # a mask takes any one number
            _same_dtype(target, value)
        if value.array.ndim > 1 and value.array.shape[0] == 1:
            ndim = len(picked_shape(indices, dims, target.array.shape))
            value = _without_leading_ones(value, ndim)
    put("setitem", target, value, indices, dims)


def _same_dtype(target: Any, value: Any) -> None:
    if value.array.dtype != target.array.dtype:
        raise RuntimeError(
            f"Index put requires the source and destination dtypes match, got {target.array.dtype} "
            f"for the destination and {value.array.dtype} for the source."
        )


def _without_leading_ones(value: Any, ndim: int) -> Any:
    shape = value.array.shape
    extra = len(shape) - ndim
    if extra > 0 and shape[:extra] == (1,) * extra:
        return _slice(value, index=(0,) * extra)
    return value


def _copy(target: Any, value: Any) -> None:
    """``target[...] = value`` for a view that was made for this write."""
    a = target.array
    node = None
    before = next_number()
    v = value
    if isinstance(value, TensorBase):
        if value.array.ndim > a.ndim:
            value = _without_leading_ones(value, a.ndim)
        v = value.array
        common_module("setitem", (a, v))
        if records((target, value)):
            nv = current_node(value)
            if nv is not None:
                node = overwrite.primitive.record((a, v), (None, nv), {}, None)
    try:
        store("setitem", target, v, node, before)
    except RuntimeError:
        if v is not value and not _fits(v.shape, a.shape):
            raise RuntimeError(
                f"shape mismatch: value tensor of shape {list(v.shape)} cannot be broadcast to "
                f"indexing result of shape {list(a.shape)}"
            ) from None
        raise


def _fits(have: tuple[int, ...], into: tuple[int, ...]) -> bool:
    return len(have) <= len(into) and all(
        h in (1, n) for h, n in zip(reversed(have), reversed(into))
    )


def _resolve(a: Any, index: Any) -> tuple[tuple[Any, ...], list[Any], tuple[int, ...]]:
    """An index with tensors in it: its basic part (nothing when that is the whole tensor), the
    index tensors, and the axes of the basic part's result at which they stand.
    """
    shape = a.shape
    items = [_normal(one, a) for one in (index if _is_several(index) else (index,))]
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
            if _raw(one).dtype == bool and _raw(one).shape != shape[d : d + axes]:
                raise IndexError(
                    f"The shape of the mask {list(one.shape)} at index {position} does not match "
                    f"the shape of the indexed tensor {list(shape)} at index {d}"
                )
            basic += [slice(None)] * axes if axes else [None]
            indices.append(one if axes else _raw(one).reshape(1))
            dims.append(out)
            out += axes or 1
        d += axes
    whole = all(one.__class__ is slice and one == slice(None) for one in basic)
    return () if whole else tuple(basic), indices, tuple(dims)


def _raw(x: Any) -> Any:
    return x.array if isinstance(x, TensorBase) else x


def _axes_used(one: Any) -> int:
    """How many axes of the tensor one index takes up."""
    if one is None or one is Ellipsis:
        return 0
    one = _raw(one)
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
        warnings.warn(
            "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool "
            "instead.",
            stacklevel=5,
        )
        array = array.astype(bool)
    if array.__class__ is not a.__class__:
        array = array_module(a).asarray(array)
    return one if isinstance(one, TensorBase) and one.array is array else array


_INDEX_DTYPES = (np.dtype(bool), np.dtype(np.int64), np.dtype(np.int32), np.dtype(np.uint8))


@as_one()
def index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """A copy of ``input`` with ``values`` written at (or, with ``accumulate``, added to)
    ``input[indices]``.

    >>> import minitorch_dl as torch
    >>> torch.zeros(3).index_put((torch.tensor([0, 0]),), torch.tensor(1.0), accumulate=True)
    tensor([2., 0., 0.])
    """
    found, dims = _places(input, indices, values)
    function = _index_put_sum if accumulate else _index_put
    try:
        return function(input, values, *found, dims=dims)
    except (IndexError, RuntimeError, ValueError) as error:
        raise explain_index(found, dims, input.array.shape, values.array) or error from None


def index_put_(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """``index_put`` in place: writes to this tensor's memory and returns the tensor."""
    found, dims = _places(input, indices, values)
    return put("index_put_", input, values, found, dims, accumulate)


def _places(input: Any, indices: Any, values: Any) -> tuple[list[Any], tuple[int, ...]]:
    """The index tensors among ``indices``, None for an axis taken whole, and their axes."""
    _, found, dims = _resolve(input.array, tuple(slice(None) if i is None else i for i in indices))
    if not found:
        raise RuntimeError("index_put(): at least one index must be a tensor")
    _same_dtype(input, values)
    return found, dims
