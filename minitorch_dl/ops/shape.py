"""Changing shapes. Where no copy is needed, the result is a view that shares the input's memory.

In a formula ``g`` is the gradient of the output.
"""

from __future__ import annotations

from functools import partial
from math import prod
from typing import Any

from ..autograd.base import ViewKind
from ..autograd.engine_ops import alias, conj, expand_p, is_complex
from ..autograd.modes import no_grad, state
from ..autograd.node_names import named
from ..autograd.primitive import primitive
from ..autograd.public_functions import guarded, public
from ..autograd.torch_function import LIVE, call_override
from ..autograd.versions import offset_of
from ..backend import dtypes
from ..backend.layouts import check_format
from ..backend.row_major import row_major_copy
from ..backend.warning import warn, warn_once
from .dims import also_named, sizes, spelled, wrap_dim, wrap_dims

__all__ = [
    "adjoint", "broadcast_to", "contiguous", "expand", "expand_as", "flatten", "moveaxis",
    "movedim", "permute", "ravel",
    "reshape", "reshape_as", "squeeze", "swapaxes", "swapdims", "t", "transpose", "unflatten",
    "unsqueeze",
    "view", "view_as",
]  # fmt: skip

# -- the same order of elements --------------------------------------------------------------------


@primitive(view=True, grad_fn="ViewBackward0")
def reshape_p(xp: Any, a: Any, *, shape: tuple[int, ...]) -> Any:
    return a.reshape(shape)


reshape_p.defvjp(a=lambda g, a_shape: reshape_p(g, shape=a_shape))


def owned(view: Any) -> Any:
    """A view of a tensor that was made on the way, and that nobody else has, as a tensor of its
    own."""
    view._view = None
    return view


@guarded
def reshape(input: Any, *shape: Any, **keywords: Any) -> Any:
    """``input`` in another shape; one size may be -1, which is inferred. A view where possible,
    else a copy.

    >>> import minitorch_dl as torch
    >>> torch.reshape(torch.arange(6), (2, -1))
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    if LIVE and state.function_modes:
        return call_override(reshape, [], (input, *shape), keywords)
    if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        shape = tuple(shape[0])
    try:
        y = reshape_p(input, shape=shape)
        if y.array.shape != shape and -1 not in shape:  # NumPy infers any negative size
            y = _reshape_inferred(input, shape)
    except (RuntimeError, TypeError, AttributeError):  # a tensor of parts has no array
        y = _reshape_inferred(input, spelled("reshape", "shape", shape, keywords))
    return y if y._view is not None else named(y, "UnsafeViewBackward0")


def _reshaped(input: Any, shape: Any) -> Any:
    return reshape_p(input, shape=inferred(input.array.shape, sizes(shape)))


_reshape_inferred, _view_inferred = public(_reshaped, "reshape"), public(_reshaped, "view")
_reshape_inferred.overridden_as = reshape


def inferred(have: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[int, ...]:
    """``wanted`` with its -1 filled in.

    Raises:
        RuntimeError: no such shape has as many elements as ``have``.
    """
    total, known = prod(have), prod(n for n in wanted if n != -1)
    missing = wanted.count(-1)
    if missing > 1:
        raise RuntimeError("only one dimension can be inferred")
    if any(n < -1 for n in wanted):
        raise RuntimeError(f"invalid shape dimension {min(wanted)}")
    if missing and total == known == 0:
        raise RuntimeError(
            f"cannot reshape tensor of 0 elements into shape {list(wanted)} because the "
            "unspecified dimension size -1 can be any value and is ambiguous"
        )
    if known != total if not missing else not known or total % known:
        raise RuntimeError(f"shape '{list(wanted)}' is invalid for input of size {total}")
    return tuple([total // known if n == -1 else n for n in wanted])


@guarded
def view(input: Any, *shape: Any, **keywords: Any) -> Any:
    """``input`` in another shape without a copy, or, given a dtype, its bytes as another dtype.

    Raises:
        RuntimeError: the memory layout allows no such view (use ``reshape``).
    """
    if LIVE and state.function_modes:
        return call_override(view, [], (input, *shape), keywords)
    if len(shape) == 1:
        if isinstance(shape[0], dtypes.dtype):
            return _view_as_dtype(input, shape[0])
        if isinstance(shape[0], (tuple, list)):
            shape = tuple(shape[0])
    elif "dtype" in keywords:
        return _view_as_dtype(input, keywords["dtype"])
    try:
        out = reshape_p(input, shape=shape)
        if out.array.shape != shape and -1 not in shape:
            out = _view_inferred(input, shape)
    except (RuntimeError, TypeError):
        out = _view_inferred(input, spelled("view", "size", shape, keywords))
    if out._view is None:
        raise RuntimeError(
            "view(): view size is not compatible with input tensor's size and stride (at least one "
            "dimension spans across two contiguous subspaces). Use .reshape(...) instead."
        )
    return out


@primitive(view=True)
def view_dtype_p(xp: Any, a: Any, *, dtype: str) -> Any:
    return a.view(dtypes.as_dtype(dtype).numpy)


def view_dtype(input: Any, dtype: Any) -> Any:
    """The bytes of ``input`` read as another dtype; the last axis shrinks or grows when the
    element size differs. No gradient.
    """
    dtype = dtypes.as_dtype(dtype)
    old, new = input.array.dtype.itemsize, dtype.itemsize
    shape = input.array.shape
    if old != new:
        a = input.array
        have = dtypes.from_numpy(a.dtype).name
        as_which = f"to view {have} as {dtype.name} (different element sizes)"
        if not shape:
            raise RuntimeError(f"self.dim() cannot be 0 {as_which}")
        steps = [s // old for s in a.strides]
        if a.size and shape[-1] > 1 and steps[-1] != 1:
            raise RuntimeError(f"self.stride(-1) must be 1 {as_which}, but got {steps[-1]}")
        ratio = new // old
        for name, value in (
            ("size(-1)", shape[-1]),
            ("storage_offset()", offset_of(a) // old),
            *((f"stride({d})", s) for d, s in enumerate(steps[:-1])),
        ):
            if ratio and value % ratio:
                raise RuntimeError(
                    f"self.{name} must be divisible by {ratio} {as_which}, but got {value}"
                )
    with no_grad():
        out = view_dtype_p(input, dtype=dtype.name)
    out._view.kind = ViewKind.OTHER_DTYPE
    return out


_view_as_dtype = public(view_dtype, "view")


def reshape_as(input: Any, other: Any) -> Any:
    """``input`` in the shape of ``other``."""
    return reshape(input, other.array.shape)


def view_as(input: Any, other: Any) -> Any:
    """``input`` viewed in the shape of ``other``."""
    return view(input, other.array.shape)


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """The axes from ``start_dim`` to ``end_dim`` as one.

    >>> import minitorch_dl as torch
    >>> torch.flatten(torch.zeros(2, 3, 4), 1).shape
    torch.Size([2, 12])
    """
    shape = input.array.shape
    start, end = wrap_dim(start_dim, len(shape)), wrap_dim(end_dim, len(shape))
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if start == end and shape:
        return input
    return reshape_p(input, shape=(*shape[:start], prod(shape[start : end + 1]), *shape[end + 1 :]))


def ravel(input: Any) -> Any:
    """All elements along one axis."""
    return reshape(contiguous(input), (-1,)) if input.array.size else reshape(input, (0,))


def unflatten(input: Any, dim: int, sizes: Any) -> Any:
    """The axis ``dim`` split into several; one of ``sizes`` may be -1.

    >>> import minitorch_dl as torch
    >>> torch.zeros(3, 8).unflatten(1, (2, -1)).shape
    torch.Size([3, 2, 4])
    """
    shape = input.array.shape
    dim = wrap_dim(dim, len(shape))
    if not len(sizes):
        raise RuntimeError("unflatten: sizes must be non-empty")
    try:
        inner = inferred(shape[dim : dim + 1], tuple(sizes))
    except RuntimeError:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {dim} "
            f"({shape[dim]}) in the input tensor"
        ) from None
    return reshape_p(input, shape=(*shape[:dim], *inner, *shape[dim + 1 :]))


def unsqueeze(input: Any, dim: int) -> Any:
    """``input`` with a new axis of size 1 before ``dim``.

    >>> import minitorch_dl as torch
    >>> torch.unsqueeze(torch.zeros(2), 1).shape
    torch.Size([2, 1])
    """
    shape = input.array.shape
    dim = wrap_dim(dim, len(shape) + 1)
    y = reshape_p(input, shape=(*shape[:dim], 1, *shape[dim:]))
    return named(y, "UnsqueezeBackward0")


def squeeze(input: Any, dim: Any = None, *more: int) -> Any:
    """``input`` without its axes of size 1: all of them, or those in ``dim`` (an int or a
    tuple).

    >>> import minitorch_dl as torch
    >>> torch.squeeze(torch.zeros(1, 2, 1)).shape
    torch.Size([2])
    """
    shape = input.array.shape
    if dim is None:
        y = reshape_p(input, shape=tuple([n for n in shape if n != 1]))
        return named(y, "SqueezeBackward0")
    several = isinstance(dim, (tuple, list)) or bool(more)
    dims = wrap_dims((dim, *more) if more or not several else dim, len(shape))
    y = reshape_p(input, shape=tuple([n for i, n in enumerate(shape) if n != 1 or i not in dims]))
    return named(y, "SqueezeBackward2" if several else "SqueezeBackward1")


# -- another order of the axes ---------------------------------------------------------------------


@primitive(view=True)
def transpose_p(xp: Any, a: Any, *, dim0: int, dim1: int) -> Any:
    return a.swapaxes(dim0, dim1)


transpose_p.defvjp(a=lambda g, dim0, dim1: transpose_p(g, dim0=dim0, dim1=dim1))


@primitive(view=True)
def permute_p(xp: Any, a: Any, *, dims: tuple[int, ...]) -> Any:
    return a.transpose(dims)


permute_p.defvjp(
    a=lambda g, dims: permute_p(g, dims=tuple(sorted(range(len(dims)), key=dims.__getitem__)))
)


def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """``input`` with two axes exchanged; a view.

    >>> import minitorch_dl as torch
    >>> torch.zeros(2, 3, 4).transpose(0, -1).shape
    torch.Size([4, 3, 2])
    """
    try:
        return transpose_p(input, dim0=dim0, dim1=dim1)
    except (IndexError, RuntimeError):
        ndim = input.array.ndim
        wrap_dim(dim0, ndim)
        wrap_dim(dim1, ndim)
        return named(alias(input), "TransposeBackward0")  # 0-d


swapdims = transpose


@also_named(dim0="axis0", dim1="axis1")
def swapaxes(input: Any, axis0: int, axis1: int) -> Any:
    """The same as ``transpose``."""
    return transpose(input, axis0, axis1)


@guarded
def permute(input: Any, *dims: Any, **keywords: Any) -> Any:
    """``input`` with its axes in the order ``dims``; a view.

    >>> import minitorch_dl as torch
    >>> torch.permute(torch.zeros(2, 3, 4), (2, 0, 1)).shape
    torch.Size([4, 2, 3])
    """
    if LIVE and state.function_modes:
        return call_override(permute, [], (input, *dims), keywords)
    if len(dims) == 1 and isinstance(dims[0], (tuple, list)):
        dims = tuple(dims[0])
    return _permuted(input, spelled("permute", "dims", dims, keywords)[0] if keywords else dims)


permute_p.primitive.public = permute  # what overrides get for x.T


@partial(public, name="permute")
def _permuted(input: Any, dims: Any) -> Any:
    ndim = input.array.ndim
    if len(dims) != ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the "
            "length of the desired ordering "
            f"of dimensions i.e. input.dim() = {ndim} is not equal to len(dims) = {len(dims)}"
        )
    order = tuple([wrap_dim(d, ndim) for d in dims])
    if len(set(order)) < ndim:
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return permute_p(input, dims=order)


_permuted.overridden_as = permute


def movedim(input: Any, source: Any, destination: Any) -> Any:
    """The axes ``source`` moved to the places ``destination``; the others keep their order."""
    ndim = input.array.ndim
    source = source if isinstance(source, (tuple, list)) else (source,)
    destination = destination if isinstance(destination, (tuple, list)) else (destination,)
    if len(source) != len(destination):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({list(source)} dims) should "
            f"contain the same number of dims as destination ({list(destination)} dims)"
        )
    for name, dims in (("source", source), ("destination", destination)):
        wrapped = [wrap_dim(d, ndim) for d in dims]
        if len(set(wrapped)) < len(wrapped):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({list(dims)})")
    if not ndim:
        return alias(input)
    source, destination = wrap_dims(source, ndim), wrap_dims(destination, ndim)
    order = [d for d in range(ndim) if d not in source]
    for to, d in sorted(zip(destination, source)):
        order.insert(to, d)
    return permute_p(input, dims=tuple(order))


moveaxis = movedim


def t(input: Any) -> Any:
    """The transposed matrix; vectors and 0-d tensors are returned as they are."""
    ndim = input.array.ndim
    if ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {ndim}D")
    y = transpose_p(input, dim0=0, dim1=1) if ndim == 2 else alias(input)
    return named(y, "TBackward0")


def _warn_of_no_dims(name: str) -> None:
    warn_once(
        f"Tensor.{name} is deprecated on 0-D tensors. This function is the identity in these cases."
    )


def T(input: Any) -> Any:
    """All axes in reverse order (the attribute ``tensor.T``)."""
    if not input.array.ndim:
        _warn_of_no_dims("T")
    elif input.array.ndim != 2:
        warn(
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is "
            "deprecated and it will throw an error in a future release. Consider `x.mT` to "
            "transpose batches of matrices or `x.permute(*torch.arange(x.ndim - 1, -1, -1))` to "
            "reverse the dimensions of a tensor.",
        )
    return permute_p(input, dims=tuple(range(input.array.ndim))[::-1])


def mT(input: Any) -> Any:
    """Every matrix of a batch transposed (the attribute ``tensor.mT``)."""
    if not input.array.ndim:
        _warn_of_no_dims("mT")
        return input
    if input.array.ndim < 2:
        raise RuntimeError(
            "tensor.mT is only supported on matrices or batches of matrices. Got "
            f"{input.array.ndim}-D tensor."
        )
    return transpose_p(input, dim0=-2, dim1=-1)


def H(input: Any) -> Any:
    """The adjoint matrix: transposed and conjugated (the attribute ``tensor.H``)."""
    if input.array.ndim not in (0, 2):
        raise RuntimeError(
            f"tensor.H is only supported on matrices (2-D tensors). Got {input.array.ndim}-D "
            "tensor."
            + (" For batches of matrices, consider using tensor.mH" if input.array.ndim > 2 else "")
        )
    input = conj(input) if is_complex(input) else input
    if input.array.ndim:
        return transpose(input, 0, 1)
    _warn_of_no_dims("H")
    return input


def adjoint(input: Any) -> Any:
    """Every matrix of a batch transposed and conjugated (the attribute ``tensor.mH``)."""
    return mT(conj(input) if is_complex(input) else input)


# -- repetition without a copy ---------------------------------------------------------------------


@guarded
def expand(input: Any, *size: Any, **keywords: Any) -> Any:
    """``input`` repeated along new axes and those of size 1, as a view; -1 keeps an axis's size.

    >>> import minitorch_dl as torch
    >>> torch.tensor([[1], [2]]).expand(-1, 3)
    tensor([[1, 1, 1],
            [2, 2, 2]])
    """
    if LIVE and state.function_modes:
        return call_override(expand, [], (input, *size), keywords)
    return _expanded(input, spelled("expand", "size", size, keywords) if keywords else size)


@partial(public, name="expand")
def _expanded(input: Any, size: Any) -> Any:
    have = input.array.shape
    wanted = sizes(size)
    new = len(wanted) - len(have)
    if new < 0:
        raise RuntimeError(
            f"expand({input.array.dtype}{{{list(have)}}}, size={list(wanted)}): the number of "
            f"sizes provided ({len(wanted)}) "
            f"must be greater or equal to the number of dimensions in the tensor ({len(have)})"
        )
    if -1 in wanted[:new]:
        raise RuntimeError(
            "The expanded size of the tensor (-1) isn't allowed in a leading, non-existing "
            f"dimension {wanted.index(-1)}"
        )
    shape = wanted[:new] + tuple([h if w == -1 else w for w, h in zip(wanted[new:], have)])
    for i, (w, h) in enumerate(zip(shape[new:], have)):
        if h not in (1, w):
            raise RuntimeError(
                f"The expanded size of the tensor ({w}) must match the existing size ({h}) at "
                f"non-singleton dimension {i + new}.  "
                f"Target sizes: {list(wanted)}.  Tensor sizes: {list(have)}"
            )
    if prod(shape) == input.array.size:  # nothing is repeated: memory that may be written to
        return named(reshape_p(input, shape=shape), "ExpandBackward0")
    return expand_p(input, shape=shape)


def expand_as(input: Any, other: Any) -> Any:
    """``input`` expanded to the shape of ``other``."""
    return expand(input, other.array.shape)


def broadcast_to(input: Any, *size: Any, **keywords: Any) -> Any:
    """``input`` broadcast to ``size``; the same as ``expand``.

    >>> import minitorch_dl as torch
    >>> torch.broadcast_to(torch.tensor([1, 2]), (2, 2))
    tensor([[1, 2],
            [1, 2]])
    """
    return expand(input, *size, **keywords)


# -- memory ----------------------------------------------------------------------------------------


@primitive(grad_fn="CloneBackward0", complex=True)
def contiguous_p(xp: Any, a: Any) -> Any:
    return row_major_copy(a)


contiguous_p.defvjp(a=lambda g: g)


def contiguous(input: Any, memory_format: Any = None) -> Any:
    """``input`` with its elements in row-major order: itself if they are already, else a copy."""
    if memory_format is not None:
        check_format(memory_format, input.array.ndim)
    return input if input.array.flags.c_contiguous else contiguous_p(input)
