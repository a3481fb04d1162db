"""Elements repeated, rolled, flipped, or gathered in sliding windows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.engine_ops import cast, sum_to
from ..autograd.node_names import as_one, named
from ..autograd.primitive import TensorBase, primitive
from ..backend import array_module, check_all
from ..backend.errors import describe_mismatch
from ..size import Size
from .dims import sizes, spelled, wrap_dim, wrap_dims
from .indexing import index_p
from .joining import cat
from .layout import on_memory
from .movement import clone_p
from .shape import expand, expand_p, owned, reshape_p, transpose_p
from .slicing import slice_along

__all__ = [
    "broadcast_shapes", "broadcast_tensors", "flip", "fliplr", "flipud", "repeat_interleave",
    "roll", "rot90", "tile",
]  # fmt: skip

# -- repetition ------------------------------------------------------------------------------------


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape to which tensors of these shapes are broadcast; an int stands for a shape of one
    axis.
    """
    given = [tuple(s) if isinstance(s, (tuple, list)) else (s,) for s in shapes]
    for shape in given:
        if any(n < 0 for n in shape):
            raise ValueError(f"Trying to create tensor with negative dimension: {list(shape)}")
    try:
        return Size(np.broadcast_shapes(*given))
    except ValueError:
        raise RuntimeError(
            f"Shape mismatch: {describe_mismatch(given)}: got the shapes "
            + ", ".join(str(list(s)) for s in given)
        ) from None


def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    """The tensors expanded to their common shape: views, or themselves where they have it."""
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    shapes = [x.array.shape for x in tensors]
    shape = (
        shapes[0]
        if shapes and shapes.count(shapes[0]) == len(shapes)
        else broadcast_shapes(*shapes)
    )
    return tuple([x if x.array.shape == shape else expand(x, shape) for x in tensors])


@as_one("RepeatBackward0")
def repeat(input: Any, *repeats: Any, **named: Any) -> Any:
    """``input`` repeated so many times along each axis; more numbers than axes add axes in front.

    >>> import minitorch_dl as torch
    >>> torch.tensor([1, 2]).repeat(2, 2)
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    times = sizes(spelled("repeat", "repeats", repeats, named))
    have = input.array.shape
    extra = len(times) - len(have)
    if extra < 0:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of "
            f"tensor: got {list(times)} for shape {list(have)}"
        )
    if any(n < 0 for n in times):
        raise RuntimeError(f"Trying to create tensor with negative dimension: repeat{times}")
    have = (1,) * extra + have
    wanted = tuple([r * n for r, n in zip(times, have)])
    if all(r == 1 for r in times):
        return clone_p(reshape_p(input, shape=have))
    apart = reshape_p(input, shape=tuple([m for n in have for m in (1, n)]))  # (1, N, 1, M, ...)
    apart = expand_p(apart, shape=tuple([m for r, n in zip(times, have) for m in (r, n)]))
    y = reshape_p(apart, shape=wanted)
    # Where only axes of one entry are repeated, the expanded view has the wanted shape already.
    return y if y._view is None else clone_p(y)


@as_one("RepeatBackward0")
def tile(input: Any, *dims: Any, **named: Any) -> Any:
    """``input`` repeated ``dims`` times along its last axes.

    >>> import minitorch_dl as torch
    >>> torch.tile(torch.tensor([1, 2]), (2,))
    tensor([1, 2, 1, 2])
    """
    times = sizes(spelled("tile", "dims", dims, named))
    return repeat(input, (1,) * (input.array.ndim - len(times)) + times)


def repeat_interleave(
    input: Any, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Any:
    """Each slice along ``dim`` (of the flattened tensor without it) repeated, a number of times or
    one number per slice.

    With ``repeats`` alone: the index ``i`` repeated ``repeats[i]`` times.

    >>> import minitorch_dl as torch
    >>> torch.repeat_interleave(torch.tensor([7, 8]), torch.tensor([1, 2]))
    tensor([7, 8, 8])
    """
    xp = array_module(input.array)
    if repeats is None:
        if input.array.dtype.kind not in "iu" or input.array.ndim != 1:
            raise RuntimeError("repeat_interleave only accepts 1D int vector as repeat")
        return TensorBase.wrap(_repeated(xp, input.array, input.array.shape[0]))
    if dim is None:
        input, dim = reshape_p(input, shape=(-1,)), 0
    elif not input.array.ndim:
        input = reshape_p(input, shape=(1,))
    dim = wrap_dim(dim, input.array.ndim)
    n = input.array.shape[dim]
    if not isinstance(repeats, TensorBase):
        if repeats < 0:
            raise RuntimeError("Repeats must be non-negative")
        index = xp.repeat(xp.arange(n), repeats)
        return named(index_p(input, index, dims=(dim,)), "ViewBackward0")
    counts = repeats.array
    if counts.ndim > 1 or counts.dtype.kind not in "iu":
        raise RuntimeError("repeat_interleave only accepts 1D int vector as repeat")
    if counts.ndim and counts.shape[0] not in (1, n):
        raise RuntimeError(
            "repeats must have the same size as input along dim, but got repeats.size(0) = "
            f"{counts.shape[0]} and input.size({dim}) = {n}"
        )
    total = None if output_size is None else int(output_size)
    index = _repeated(xp, xp.broadcast_to(counts, (n,)), n, total)
    return named(index_p(input, index, dims=(dim,)), "IndexSelectBackward0")


def _repeated(xp: Any, counts: Any, n: int, total: int | None = None) -> Any:
    """The numbers from 0 to ``n``, each as often as ``counts`` says; ``total``, where it is given,
    spares the host from waiting for the sum."""
    if counts.size:
        check_all(counts >= 0, RuntimeError, "repeats can not be negative")
    ends = xp.cumsum(counts)
    if total is None:
        total = int(ends[-1]) if n else 0
    elif n:
        text = f"repeat_interleave: output_size={total} is not the sum of repeats"
        check_all(ends[-1:] == total, RuntimeError, text)
    return xp.searchsorted(ends, xp.arange(total), side="right").astype(np.int64)


def sum_to_size(input: Any, *size: Any) -> Any:
    """``input`` summed over the axes along which a tensor of this size would be expanded to it."""
    wanted, have = sizes(size), input.array.shape
    if have and wanted == have:
        return input
    tail = have[len(have) - len(wanted) :]
    if len(wanted) > len(have) or any(w not in (1, h) for w, h in zip(wanted, tail)):
        raise RuntimeError(f"size {list(wanted)} is not expandable to size {list(have)}.")
    if input.array.dtype.kind in "iub":
        input = cast(input, dtype="int64")
    return sum_to(input, shape=wanted) if have else clone_p(input)


# -- another order along an axis -------------------------------------------------------------------


@as_one("RollBackward0")
def roll(input: Any, shifts: Any, dims: Any = None) -> Any:
    """The elements moved by ``shifts`` along ``dims``; what leaves at the end comes back at the
    start.

    >>> import minitorch_dl as torch
    >>> torch.roll(torch.arange(4), 1)
    tensor([3, 0, 1, 2])
    """
    shifts = tuple(shifts) if isinstance(shifts, (tuple, list)) else (shifts,)
    dims = () if dims is None else tuple(dims) if isinstance(dims, (tuple, list)) else (dims,)
    if not shifts:
        raise RuntimeError("`shifts` required")
    if not dims and len(shifts) == 1:
        flat = roll(reshape_p(input, shape=(-1,)), shifts, 0)
        return owned(reshape_p(flat, shape=input.array.shape))
    if len(shifts) != len(dims):
        raise RuntimeError(
            f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}"
        )
    if not input.array.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    out = input
    for shift, dim in zip(shifts, dims):
        dim = wrap_dim(dim, input.array.ndim)
        n = input.array.shape[dim]
        at = n and -shift % n
        if at:
            out = cat((slice_along(out, dim, at, n), slice_along(out, dim, 0, at)), dim)
    return clone_p(out) if out is input else out


@primitive(complex=True)
def flip_p(xp: Any, a: Any, *, dims: tuple[int, ...]) -> Any:
    return a[
        tuple([slice(None, None, -1) if d in dims else slice(None) for d in range(a.ndim)])
    ].copy()


flip_p.defvjp(a=lambda g, dims: flip_p(g, dims=dims))


@as_one("FlipBackward0")
def flip(input: Any, *dims: Any, **named: Any) -> Any:
    """The order of the elements reversed along ``dims``; a copy.

    >>> import minitorch_dl as torch
    >>> torch.flip(torch.tensor([[1, 2], [3, 4]]), (1,))
    tensor([[2, 1],
            [4, 3]])
    """
    if not dims and "dims" not in named:
        raise TypeError('flip() missing 1 required positional argument: "dims"')
    dims = wrap_dims(sizes(spelled("flip", "dims", dims, named)), input.array.ndim)
    return flip_p(input, dims=dims) if input.array.ndim else clone_p(input)


def fliplr(input: Any) -> Any:
    """``flip`` along axis 1."""
    if input.array.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip_p(input, dims=(1,))


def flipud(input: Any) -> Any:
    """``flip`` along axis 0."""
    if input.array.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip_p(input, dims=(0,))


@as_one("Rot90Backward0")
def rot90(input: Any, k: int = 1, dims: Any = (0, 1)) -> Any:
    """The plane of two axes turned by 90 degrees ``k`` times, from the first axis towards the
    second.
    """
    ndim = input.array.ndim
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {ndim}")
    first, second = (wrap_dim(d, ndim) for d in dims)
    if first == second:
        raise RuntimeError(
            f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}"
        )
    k %= 4
    if k == 0:
        return clone_p(input)
    if k == 2:
        return flip_p(input, dims=(first, second))
    turned = flip_p(input, dims=(second if k == 1 else first,))
    return transpose_p(turned, dim0=first, dim1=second)


# -- windows ---------------------------------------------------------------------------------------


@primitive(view=True)
def unfold_p(xp: Any, a: Any, *, dim: int, size: int, step: int) -> Any:
    if not a.ndim:
        return a.reshape(1)[:size]
    count = (a.shape[dim] - size) // step + 1
    shape = (*a.shape[:dim], count, *a.shape[dim + 1 :], size)
    strides = (*a.strides[:dim], a.strides[dim] * step, *a.strides[dim + 1 :], a.strides[dim])
    return on_memory(xp, a, shape, strides)


unfold_p.defvjp(
    a=lambda g, a_shape, dim, size, step: unfold_adjoint(
        g, dim=dim, size=size, step=step, shape=a_shape
    )
)


@primitive(complex=True)
def unfold_adjoint(
    xp: Any, a: Any, *, dim: int, size: int, step: int, shape: tuple[int, ...]
) -> Any:
    """Zeros of ``shape`` with the windows ``a`` added where they were taken from: the reverse of
    ``unfold``.
    """
    out = xp.zeros(shape, a.dtype)
    if not shape:
        return out + a.sum()
    before = (slice(None),) * dim
    length = a.shape[dim] * step
    for i in range(0, size, step):  # parts of at most a step don't overlap
        width = min(step, size - i)
        parts = out[(*before, slice(i, i + length - step + width))]
        parts = unfold_p.primitive.kernel(xp, parts, dim=dim, size=width, step=step)
        parts += a[..., i : i + width]
    return out


unfold_adjoint.defvjp(a=lambda g, dim, size, step: unfold_p(g, dim=dim, size=size, step=step))


def unfold(input: Any, dimension: int, size: int, step: int) -> Any:
    """All windows of ``size`` elements along one axis, ``step`` apart, along a new last axis; a
    view.

    >>> import minitorch_dl as torch
    >>> torch.arange(5).unfold(0, 3, 2)
    tensor([[0, 1, 2],
            [2, 3, 4]])
    """
    dim = wrap_dim(dimension, input.array.ndim)
    n = input.array.shape[dim] if input.array.ndim else 1
    if size < 0:
        raise RuntimeError(f"size is {size} but must be >= 0")
    if size > n:
        raise RuntimeError(f"maximum size for tensor at dimension {dim} is {n} but size is {size}")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    return unfold_p(input, dim=dim, size=size, step=step)
