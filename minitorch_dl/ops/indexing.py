"""``x[...]`` and its relatives: every form of index that PyTorch takes, to read and to write.

An index is resolved in two steps. Integers, slices, None and Ellipsis make a view (the primitive
``slice``); index tensors and masks then pick from that view (the primitive ``index``, whose adjoint
adds at the same places).
In a formula ``g`` is the gradient of the output.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..autograd.engine_ops import cast, sum_to
from ..autograd.inplace import overwrite, store
from ..autograd.modes import records, state
from ..autograd.node_names import as_one, named
from ..autograd.primitive import TensorBase, current_node, primitive
from ..autograd.torch_function import LIVE, call_override, overriding
from ..autograd.versions import next_number
from ..backend import check_range, common_module, dtypes
from ..backend.segments import add_rows, put_sums
from .index_expressions import raw, resolve
from .movement import warn_of_lost_parts
from .slicing import basic_spec, basic_view, slice_p

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


@primitive(complex=True)
def index_p(xp: Any, a: Any, *indices: Any, dims: tuple[int, ...]) -> Any:
    """``a`` at index arrays or masks, which stand at the axes ``dims``."""
    if xp is not np:
        _check_bounds(indices, dims, a.shape)
    index, d = indices[0], dims[0]
    if len(indices) == 1:
        if index.dtype != bool:
            return a.take(index, d)
        if d and index.shape == a.shape[d : d + 1]:
            return a.compress(index, d)
    # NumPy puts the axes of indices first in memory.
    return xp.ascontiguousarray(a[_key(xp, indices, dims)])


index_p.defvjp(
    a=lambda g, indices, dims, a_shape: index_adjoint(g, *indices, dims=dims, shape=a_shape)
)


@primitive(complex=True)
def index_adjoint(
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


index_adjoint.defvjp(a=lambda g, indices, dims: index_p(g, *indices, dims=dims))


@primitive(complex=True)
def index_put_p(xp: Any, a: Any, values: Any, *indices: Any, dims: tuple[int, ...]) -> Any:
    """A copy of ``a`` with ``values`` (broadcast) written at the indices."""
    out = a.copy()
    _assign(xp, out, values, indices, dims)
    return out


def _assign(xp: Any, out: Any, values: Any, indices: Any, dims: tuple[int, ...]) -> None:
    if xp is not np:
        _check_bounds(indices, dims, out.shape)
    if np.ndim(values) > 1 and indices[0].dtype == bool and values.size == values.shape[-1]:
        # NumPy takes one dimension only where a mask is the whole index.
        values = values.reshape(-1)
    out[_key(xp, indices, dims)] = values


def _to_values(g: Any, indices: Any, dims: Any, values_shape: Any, values_dtype: Any) -> Any:
    if prod(values_shape) == 1:  # one number everywhere: a place that is named twice counts once
        picked = g - index_put_p(g, 0, *indices, dims=dims)
    else:
        picked = index_p(g, *indices, dims=dims)
    return cast(sum_to(picked, shape=values_shape), dtype=dtypes.from_numpy(values_dtype).name)


index_put_p.defvjp(
    a=lambda g, indices, dims: index_put_p(g, 0, *indices, dims=dims), values=_to_values
)


@primitive(complex=True)
def index_put_sum(xp: Any, a: Any, values: Any, *indices: Any, dims: tuple[int, ...]) -> Any:
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


index_put_sum.defvjp(
    a=lambda g: g,
    values=lambda g, indices, dims, values_shape: sum_to(
        index_p(g, *indices, dims=dims), shape=values_shape
    ),
)


def put(op: str, target: Any, values: Any, indices: Any, dims: Any, adds: bool = False) -> Any:
    """``target[indices] = values`` (``+=``, however often an index repeats, if it ``adds``) in
    place, for indices that stand at ``dims``; returns ``target``.
    """
    function, assign = (index_put_sum, _add) if adds else (index_put_p, _assign)
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
    except (IndexError, RuntimeError, TypeError) as error:
        raise explain_index(raw, dims, a.shape, v) or error from None
    return target


def picked_shape(indices: Any, dims: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of what these indices pick from a tensor of ``shape``.

    Raises:
        IndexError: the indices can't be broadcast together.
    """
    axes: list[int] = []
    shapes: list[tuple[int, ...]] = []
    for d, index in zip(dims, map(raw, indices)):
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
        _check_bounds([raw(i) for i in indices], dims, shape)
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
    if LIVE and state.function_modes:
        return call_override(getitem, [], (input, index), {})
    items = index if index.__class__ is tuple else (index,)
    spec = basic_spec(items)
    if spec is not None:
        y = basic_view(input, spec, items)
        return y if y._node is None else named(y, _view_name(spec))
    if LIVE and (values := overriding(items)):
        return call_override(getitem, values, (input, index), {})
    items, indices, dims = resolve(input.array, index)
    if items:
        spec = basic_spec(items) or ()
        input = named(basic_view(input, spec, items), _view_name(spec))
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
        return index_p(input, *indices, dims=dims)
    except (IndexError, RuntimeError) as error:
        raise explain_index(indices, dims, input.array.shape) or error from None


def setitem(input: Any, index: Any, value: Any) -> None:
    """``input[index] = value``, broadcast and cast; differentiable in both."""
    if LIVE and (values := overriding((value, index))) is not None:
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
    spec = basic_spec(items)
    if spec is not None:
        _copy(basic_view(input, spec, items), value)
        return
    items, indices, dims = resolve(input.array, index)
    target = basic_view(input, basic_spec(items), items) if items else input
    if not indices:
        _copy(target, value)
        return
    if isinstance(value, TensorBase):
        one_mask = len(indices) == 1 and raw(indices[0]).dtype == bool
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
        return slice_p(value, index=(0,) * extra)
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
        if v.dtype.kind == "c" and a.dtype.kind != "c":
            warn_of_lost_parts(v.dtype, a.dtype)
            v = v.real if a.dtype.kind != "b" else v != 0
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


@as_one()
def index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """A copy of ``input`` with ``values`` written at (or, with ``accumulate``, added to)
    ``input[indices]``.

    >>> import minitorch_dl as torch
    >>> torch.zeros(3).index_put((torch.tensor([0, 0]),), torch.tensor(1.0), accumulate=True)
    tensor([2., 0., 0.])
    """
    found, dims = _places(input, indices, values)
    function = index_put_sum if accumulate else index_put_p
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
    _, found, dims = resolve(input.array, tuple(map(_as_place, indices)))
    if not found:
        raise RuntimeError("index_put(): at least one index must be a tensor")
    _same_dtype(input, values)
    return found, dims


def _as_place(index: Any) -> Any:
    """An axis taken whole as a slice; an integer, which ``x[...]`` would take a view at, as an
    index of one element."""
    if index is None:
        return slice(None)
    array = raw(index)
    return index if array.ndim or array.dtype == bool else array.reshape(1)
