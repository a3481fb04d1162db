"""Joining tensors."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.engine_ops import cast
from ..autograd.node_names import as_one, named
from ..autograd.primitive import TensorBase, primitive, write_out
from ..backend import array_module, dtypes
from ..backend.warning import warn
from .creation import zeros
from .dims import wrap_dim
from .indexing import index_p
from .shape import expand, reshape_p
from .slicing import pad_p, slice_along, slice_p

__all__ = [
    "atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "cartesian_prod", "cat", "column_stack",
    "combinations", "concat", "concatenate", "dstack", "hstack", "meshgrid", "row_stack", "stack",
    "vstack",
]  # fmt: skip


def _concatenated(xp: Any, arrays: Any, dim: int) -> Any:
    y = xp.concatenate(arrays, dim)  # in the order of the inputs' elements in memory
    return y if y.flags.c_contiguous else xp.ascontiguousarray(y)


@primitive(complex=True)
def cat_p(xp: Any, *inputs: Any, dim: int) -> Any:
    return _concatenated(xp, inputs, dim)


@cat_p.defvjp_joint
def _cat_gradients(g: Any, shapes: Any, dim: int) -> list[Any]:
    grads, start = [], 0
    for shape in shapes:
        grads.append(slice_along(g, dim, start, start + shape[dim]))
        start += shape[dim]
    return grads


def _tensors(op: str, tensors: Any) -> Any:
    """The tensors of a list, checked and brought to one dtype."""
    if isinstance(tensors, TensorBase) or not isinstance(tensors, Sequence):
        raise TypeError(
            f"{op}(): argument 'tensors' (position 1) must be tuple of Tensors, not "
            f"{type(tensors).__name__}"
        )
    try:
        kinds = {x.array.dtype for x in tensors}
    except AttributeError:
        i = next(i for i, x in enumerate(tensors) if not isinstance(x, TensorBase))
        raise TypeError(
            f"expected Tensor as element {i} in argument 0, but got {type(tensors[i]).__name__}"
        ) from None
    if len(kinds) < 2:
        return tensors
    dtype = dtypes.result_type(*[x.array for x in tensors])
    return [x if x.array.dtype == dtype.numpy else cast(x, dtype=dtype.name) for x in tensors]


def cat(tensors: Any, dim: int = 0, *, out: Any = None) -> Any:
    """The tensors one after the other along ``dim``; their other sizes agree. Empty 1-d tensors
    are skipped.

    >>> import minitorch_dl as torch
    >>> torch.cat([torch.zeros(2, 1), torch.ones(2, 2)], dim=1)
    tensor([[0., 1., 1.],
            [0., 1., 1.]])
    """
    if not len(tensors):
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    given = _tensors("cat", tensors)
    shapes = [x.array.shape for x in given]
    if () in shapes:
        raise RuntimeError(
            f"zero-dimensional tensor (at position {shapes.index(())}) cannot be concatenated"
        )
    if (0,) in shapes:
        dim = dim if any(shape != (0,) for shape in shapes) else 0
        given = _fitting(given, shapes, dim)
    dim = wrap_dim(dim, given[0].array.ndim)
    try:
        y = cat_p(*given, dim=dim)
    except RuntimeError as error:
        raise _explain_cat(shapes, dim) or error from None
    return y if out is None else write_out("cat", out, y, refusal=TypeError, reads=given)


def _fitting(given: list[Any], shapes: list[Any], dim: int) -> list[Any]:
    """The tensors, the empty 1-d ones in the shape of nothing along ``dim`` of the others."""
    like = next((list(shape) for shape in shapes if shape != (0,)), [0])
    like[wrap_dim(dim, len(like))] = 0
    return [reshape_p(x, shape=tuple(like)) if x.array.shape == (0,) else x for x in given]


def _explain_cat(given: list[Any], dim: int) -> RuntimeError | None:
    shapes = [(i, shape) for i, shape in enumerate(given) if shape != (0,)]
    first = shapes[0][1]
    for i, shape in shapes:
        if len(shape) != len(first):
            return RuntimeError(
                f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}"
            )
        for d, (n, m) in enumerate(zip(first, shape)):
            if n != m and d != dim:
                return RuntimeError(
                    f"Sizes of tensors must match except in dimension {dim}. Expected size {n} but "
                    f"got size {m} for tensor number {i} in the list."
                )
    return None


concat = concatenate = cat


@primitive(complex=True)
def stack_p(xp: Any, *inputs: Any, dim: int) -> Any:
    shape = inputs[0].shape
    if dim == len(shape):
        return _concatenated(xp, [x[..., None] for x in inputs], dim)
    return _concatenated(xp, inputs, dim).reshape(*shape[:dim], len(inputs), *shape[dim:])


@stack_p.defvjp_joint
def _stack_gradients(g: Any, shapes: Any, dim: int) -> list[Any]:
    before = ((None, None, None),) * dim
    return [slice_p(g, index=(*before, i)) for i in range(len(shapes))]


def stack(tensors: Any, dim: int = 0, *, out: Any = None) -> Any:
    """The tensors, all of one shape, along a new axis ``dim``.

    >>> import minitorch_dl as torch
    >>> torch.stack([torch.tensor([1, 2]), torch.tensor([3, 4])], dim=1)
    tensor([[1, 3],
            [2, 4]])
    """
    if not len(tensors):
        raise RuntimeError("stack expects a non-empty TensorList")
    given = _tensors("stack", tensors)
    first = given[0].array.shape
    if any(x.array.shape != first for x in given):
        i = next(i for i, x in enumerate(given) if x.array.shape != first)
        raise RuntimeError(
            f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 and "
            f"{list(given[i].array.shape)} at entry {i}"
        )
    y = stack_p(*given, dim=wrap_dim(dim, len(first) + 1))
    return y if out is None else write_out("stack", out, y, refusal=TypeError)


@primitive(name="pad_sequence", grad_fn="torch::autograd::CopySlices", complex=True)
def pad_sequences(xp: Any, *inputs: Any, dim: int, value: float, left: bool) -> Any:
    """The inputs (L, *) along a new axis ``dim`` of the first two, filled up with ``value`` along
    the other one, at its end or at its beginning (``left``)."""
    longest = max([len(x) for x in inputs])
    shape = [longest, *inputs[0].shape[1:]]
    shape.insert(dim, len(inputs))
    y = xp.full(shape, value, inputs[0].dtype)
    for row, x in zip(y.swapaxes(0, dim), inputs):
        row[longest - len(x) if left else 0 :][: len(x)] = x
    return y


@pad_sequences.defvjp_joint
def _pad_sequences_gradients(g: Any, shapes: Any, dim: int, left: bool) -> list[Any]:
    longest = g.shape[1 - dim]
    grads = []
    for i, (n, *_) in enumerate(shapes):
        part = (longest - n if left else 0, longest if left else n, None)
        grads.append(slice_p(g, index=(i, part) if dim == 0 else (part, i)))
    return grads


def _at_least(n: int, x: Any) -> Any:
    """``x`` with at least ``n`` axes, as ``atleast_nd`` places them."""
    shape = x.array.shape
    if len(shape) >= n:
        return x
    if n == 1 or not shape:
        return reshape_p(x, shape=(1,) * n)
    if n == 2:
        return named(reshape_p(x, shape=(1, *shape)), "UnsqueezeBackward0")
    y = reshape_p(x, shape=(1, *shape, 1) if len(shape) == 1 else (*shape, 1))
    return named(y, "UnsqueezeBackward0")


def _each(n: int, tensors: Any) -> Any:
    """``_at_least`` for one tensor, several, or a list of them."""
    if len(tensors) == 1 and isinstance(tensors[0], TensorBase):
        return _at_least(n, tensors[0])
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tensors[0]
    return tuple([_at_least(n, x) for x in tensors])


def atleast_1d(*tensors: Any) -> Any:
    """Each 0-d tensor as a vector of one; one tensor gives a tensor, several a tuple."""
    return _each(1, tensors)


def atleast_2d(*tensors: Any) -> Any:
    """Each tensor with at least two axes; new ones come first."""
    return _each(2, tensors)


def atleast_3d(*tensors: Any) -> Any:
    """Each tensor with at least three axes: ``(N,)`` becomes ``(1, N, 1)``, ``(M, N)`` becomes
    ``(M, N, 1)``.
    """
    return _each(3, tensors)


def _joined(op: str, n: int, tensors: Any, dim: int, out: Any) -> Any:
    if not len(tensors):
        raise RuntimeError(f"{op} expects a non-empty TensorList")
    y = cat([_at_least(n, x) for x in _tensors(op, tensors)], dim)
    return y if out is None else write_out(op, out, y, refusal=TypeError)


def hstack(tensors: Any, *, out: Any = None) -> Any:
    """The tensors side by side: along axis 1, vectors along axis 0."""
    dim = 0 if len(tensors) and tensors[0].array.ndim < 2 else 1
    return _joined("hstack", 1, tensors, dim, out)


def vstack(tensors: Any, *, out: Any = None) -> Any:
    """The tensors below each other, a vector as one row."""
    return _joined("vstack", 2, tensors, 0, out)


row_stack = vstack


def dstack(tensors: Any, *, out: Any = None) -> Any:
    """The tensors along the third axis."""
    return _joined("dstack", 3, tensors, 2, out)


def column_stack(tensors: Any, *, out: Any = None) -> Any:
    """The tensors side by side, a vector as one column."""
    if not len(tensors):
        raise RuntimeError("column_stack expects a non-empty TensorList")
    columns = [
        reshape_p(x, shape=(-1, 1)) if x.array.ndim < 2 else x
        for x in _tensors("column_stack", tensors)
    ]
    y = cat(columns, 1)
    return y if out is None else write_out("column_stack", out, y, refusal=TypeError)


@as_one("BlockDiagBackward0")
def block_diag(*tensors: Any) -> Any:
    """The matrix with the given matrices (vectors: rows) along its diagonal and zeros elsewhere.

    >>> import minitorch_dl as torch
    >>> torch.block_diag(torch.tensor([[1, 2]]), torch.tensor(3))
    tensor([[1, 2, 0],
            [0, 0, 3]])
    """
    if not tensors:
        return zeros(1, 0)
    blocks = [_at_least(2, x) for x in _tensors("block_diag", tensors)]
    for x in blocks:
        if x.array.ndim > 2:
            raise RuntimeError(
                "torch.block_diag: Input tensors must have 2 or fewer dimensions. Got "
                f"{x.array.ndim} dimensions"
            )
    width = sum(x.array.shape[1] for x in blocks)
    rows, left = [], 0
    for x in blocks:
        n = x.array.shape[1]
        rows.append(pad_p(x, pads=((0, 0), (left, width - left - n)), value=0))
        left += n
    return cat(rows, 0)


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Any, ...]:
    """The coordinates of a grid: output ``i`` varies along axis ``i`` ("ij"); "xy" exchanges the
    first two axes.

    >>> import minitorch_dl as torch
    >>> torch.meshgrid(torch.tensor([1, 2]), torch.tensor([3, 4]), indexing="ij")
    (tensor([[1, 1],
            [2, 2]]), tensor([[3, 4],
            [3, 4]]))
    """
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    if not tensors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    if indexing is None:
        warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing "
            "argument.",
        )
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(
            f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}'
        )
    for x in tensors:
        if x.array.ndim > 1:
            raise RuntimeError(
                "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: "
                f"{list(x.array.shape)}"
            )
        if x.array.dtype != tensors[0].array.dtype:
            raise RuntimeError("torch.meshgrid expects all tensors to have the same dtype")
    shape = tuple([x.array.size for x in tensors])
    n = len(shape)
    axis = list(range(n))
    if indexing == "xy" and n > 1:
        axis[:2] = [1, 0]
        shape = (shape[1], shape[0], *shape[2:])
    return tuple(
        [
            expand(reshape_p(x, shape=(1,) * d + (-1,) + (1,) * (n - d - 1)), shape)
            for x, d in zip(tensors, axis)
        ]
    )


@as_one("StackBackward0")
def cartesian_prod(*tensors: Any) -> Any:
    """All tuples with one element of each vector, one per row; a single vector is returned as it
    is.
    """
    for x in tensors:
        if x.array.ndim != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(x.array.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    return stack([reshape_p(x, shape=(-1,)) for x in meshgrid(*tensors, indexing="ij")], 1)


def combinations(input: Any, r: int = 2, with_replacement: bool = False) -> Any:
    """All ``r``-element subsets of a vector, in order, one per row.

    >>> import minitorch_dl as torch
    >>> torch.combinations(torch.tensor([1, 2, 3]))
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    if input.array.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input.array.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    xp = array_module(input.array)
    if not r:
        return TensorBase.wrap(xp.empty(0, input.array.dtype))
    chosen = itertools.chain.from_iterable(choose(range(input.array.shape[0]), r))
    places = xp.asarray(np.fromiter(chosen, np.int64)).reshape(-1, r)
    return named(index_p(input, places, dims=(0,)), "StackBackward0")
