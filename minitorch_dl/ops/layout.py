"""How a tensor's elements lie in memory: strides, offsets, contiguity, and views with given
strides.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from ..autograd.base import ViewKind
from ..autograd.inplace import check_writable, is_data
from ..autograd.modes import GRAD, set_grad_enabled, state
from ..autograd.node import AccumulateGrad
from ..autograd.primitive import TensorBase, primitive
from ..autograd.versions import address_of, mark_moved, mark_written, offset_of, owner_of
from ..backend import array_module
from ..backend.layouts import CHANNELS_LAST, memory_format
from ..backend.segments import put_sums
from ..backend.warning import warn
from .dims import sizes, wrap_dim
from .shape import permute_p, reshape

__all__ = ["as_strided"]


def storable(shape: tuple[int, ...], itemsize: int) -> None:
    """Refuse a shape with a negative size, or whose bytes or strides are beyond 64 bits."""
    if shape and min(shape) < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension: {list(shape)}")
    if max(prod(shape) * itemsize, prod(max(n, 1) for n in shape)) >= 2**63:
        what = "Stride" if 0 in shape else "Storage size"
        raise RuntimeError(f"{what} calculation overflowed with sizes={list(shape)}")


def on_memory(
    xp: Any, a: Any, shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0
) -> Any:
    """The memory of the array ``a`` under another shape and strides (in bytes), ``offset`` bytes
    after its first element.
    """
    if xp is not np:
        if offset:
            a = a.reshape(-1)[offset // a.itemsize :]
        return xp.lib.stride_tricks.as_strided(a, shape, strides)
    if not prod(shape):
        return np.ndarray(shape, a.dtype, np.empty(0, a.dtype), 0, strides)
    owner = owner_of(a)
    if not (owner.flags.c_contiguous or owner.flags.f_contiguous):  # another library's memory
        as_strided = np.lib.stride_tricks.as_strided
        up_to_first = as_strided(a, (offset // a.itemsize + 1,), (a.itemsize,))
        return as_strided(up_to_first[-1:], shape, strides)
    return np.ndarray(shape, a.dtype, owner, offset_of(a) + offset, strides)


def element_strides(a: Any) -> tuple[int, ...]:
    """The strides of an array in elements; where memory doesn't tell (axes of size 0 or 1), what
    a row-major array has.
    """
    strides = [s // a.itemsize for s in a.strides]
    if 0 in strides:
        inner = 1  # the stride that is left to the next axis
        for d in range(a.ndim - 1, -1, -1):
            if not strides[d] and (a.shape[d] < 2 or not a.size):
                strides[d] = inner
            inner = strides[d] * max(a.shape[d], 1)
    return tuple(strides)


def stride(input: Any, dim: int | None = None) -> Any:
    """How many elements apart neighbours along each axis (or along ``dim``) lie in memory."""
    strides = element_strides(input.array)
    return strides if dim is None else strides[wrap_dim(dim, len(strides))]


def data_ptr(input: Any) -> int:
    """The address of the first element."""
    return address_of(input.array)


def storage_offset(input: Any) -> int:
    """How many elements after the start of its memory the tensor's first one lies."""
    return offset_of(input.array) // input.array.itemsize


def is_contiguous(input: Any, memory_format: Any = None) -> bool:
    """Whether the elements lie in row-major order without gaps (with a channels-last format: in
    that order).
    """
    a = input.array
    if memory_format in CHANNELS_LAST:
        return a.ndim > 2 and a.transpose(0, *range(2, a.ndim), 1).flags.c_contiguous
    return bool(a.flags.c_contiguous)


def base(input: Any) -> Any:
    """The tensor whose memory this one is a view of; None when it is no view."""
    view = input._view
    return None if view is None or view.kind is ViewKind.DATA else view.root


def is_view(input: Any) -> bool:
    """Whether the tensor is a view of another one."""
    return base(input) is not None


@primitive(view=True)
def as_strided_p(
    xp: Any, a: Any, *, size: tuple[int, ...], stride: tuple[int, ...], offset: int
) -> Any:
    """Of a row-major array: element ``(i, j, ...)`` is the flattened
    ``a[offset + i * stride[0] + j * stride[1] + ...]``.
    """
    a = xp.ascontiguousarray(a) if a.ndim else a
    n = a.itemsize
    y = on_memory(xp, a, size, tuple([s * n for s in stride]), offset * n)
    if xp is np and any(s == 0 and k > 1 for s, k in zip(stride, size)):
        y.flags.writeable = False  # as of what is expanded
    return y


as_strided_p.defvjp(
    a=lambda g, a_shape, size, stride, offset: as_strided_adjoint(
        g, size=size, stride=stride, offset=offset, shape=a_shape
    )
)


@primitive(complex=True)
def as_strided_adjoint(
    xp: Any,
    a: Any,
    *,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    offset: int,
    shape: tuple[int, ...],
) -> Any:
    """Zeros of ``shape`` with ``a`` added where ``as_strided`` took it from."""
    flat: Any = xp.full((1,) * len(size), offset)
    for d, (n, s) in enumerate(zip(size, stride)):
        flat = flat + (xp.arange(n) * s).reshape((-1,) + (1,) * (len(size) - d - 1))
    out = xp.zeros(prod(shape), a.dtype)
    put_sums(xp, out, flat.reshape(-1), a.reshape(-1))
    return out.reshape(shape)


as_strided_adjoint.defvjp(
    a=lambda g, size, stride, offset: as_strided_p(g, size=size, stride=stride, offset=offset)
)


_offset_of = storage_offset


def _memory_row(a: Any) -> Any:
    """All of the memory that an array lies in, as one row of its dtype; no elements where the
    owner of the memory has gaps itself, or is not NumPy's."""
    owner = owner_of(a)
    whole = array_module(a) is np and (owner.flags.c_contiguous or owner.flags.f_contiguous)
    n = owner.nbytes // a.itemsize if whole else 0
    return on_memory(np, a, (n,), (a.itemsize,), -offset_of(a)) if n else a.reshape(-1)[:0]


def as_strided(input: Any, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
    """A view of the input's memory with the given shape, strides and offset, all in elements.

    >>> import minitorch_dl as torch
    >>> torch.as_strided(torch.arange(6), (2, 2), (1, 2), 1)
    tensor([[1, 3],
            [2, 4]])
    """
    size, stride = tuple(map(operator.index, size)), tuple(map(operator.index, stride))
    if len(size) != len(stride):
        raise RuntimeError(f"mismatch in length of strides and shape: {list(size)}, {list(stride)}")
    if any(s < 0 for s in stride):
        raise RuntimeError(
            "as_strided: Negative strides are not supported at the moment, got strides: "
            f"{list(stride)}"
        )
    here = _offset_of(input)
    offset = here if storage_offset is None else storage_offset
    if offset < 0:
        raise RuntimeError(f"Tensor: invalid storage offset {offset}")
    last = offset + sum((n - 1) * s for n, s in zip(size, stride)) if prod(size) else offset
    for base in (input, input if input._view is None else input._view.root):
        start = _offset_of(base)
        ordered = base
        if not base.array.flags.c_contiguous:
            strides = element_strides(base.array)
            ordered = permute_p(
                base, dims=tuple(sorted(range(len(strides)), key=lambda d: -strides[d]))
            )
        inside = start <= offset and last < start + max(base.array.size, prod(size) == 0)
        if inside and ordered.array.flags.c_contiguous:
            return as_strided_p(ordered, size=size, stride=stride, offset=offset - start)
    width = input.array.itemsize
    if input._node is None and prod(size):
        row = TensorBase.wrap(_memory_row(input.array))
        if last < row.array.size:
            return as_strided_p(row, size=size, stride=stride, offset=offset)
    raise RuntimeError(
        f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, and "
        f"itemsize {width} requiring a storage size of {(last + 1) * width} are out of bounds for "
        f"storage of size {base.array.nbytes}, or that memory has gaps"
    )


def view_inplace(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The method ``name`` (``t_``, ``squeeze_``, ...) that gives a tensor the shape of
    ``function`` of it, a view.
    """

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        check_writable(self, name)
        before = TensorBase.wrap(self.array, self._node)
        before._view = self._view
        # How a view lies in its base is followed under no_grad, too, for later writes to it.
        with set_grad_enabled(bool(state.flags & GRAD) or before._view is not None):
            after = function(before, *args, **kwargs)
        if not is_data(self):
            mark_written(self.array, name)
        self.array = after.array
        if state.flags & GRAD or type(self._node) is not AccumulateGrad:  # a leaf stays one
            self._node = after._node
        if before._view is not None:
            self._view = after._view
        return self

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"``{name.rstrip('_')}`` in place: the tensor itself takes the new shape."
    return method


def resize_(input: Any, *size: Any, memory_format: Any = None) -> Any:
    """Give the tensor another shape in place, row-major over its memory from its first element on;
    where that ends, the elements move to new memory, and further ones are zero.
    """
    shape = sizes(size)
    if input._node is not None:
        raise RuntimeError("cannot resize variables that require grad")
    a = input.array
    if shape == a.shape:
        return input
    storable(shape, a.itemsize)
    n = prod(shape)
    flat = _memory_row(a)[storage_offset(input) :]
    flat = flat if flat.size else a.reshape(-1)
    if n > flat.size:
        flat, kept = array_module(a).zeros(n, a.dtype), flat
        flat[: kept.size] = kept
    input.array = flat[:n].reshape(shape)
    if not is_data(input):
        mark_moved(a, input.array, "resize_")
    return input


def resize_as_(input: Any, the_template: Any, *, memory_format: Any = None) -> Any:
    """``resize_`` to the shape of another tensor."""
    return resize_(input, the_template.array.shape)


def resize(input: Any, *sizes: int) -> Any:
    """The old name of a copy by :func:`reshape`."""
    warn("non-inplace resize is deprecated")
    return reshape(input, *sizes).clone()


def resize_as(input: Any, tensor: Any) -> Any:
    """The old name of a copy by ``reshape(tensor.shape)``."""
    warn("non-inplace resize_as is deprecated")
    return reshape(input, tensor.shape).clone()


def is_set_to(input: Any, tensor: Any) -> bool:
    """Whether both tensors are the same view of the same memory."""
    a, b = input.array, tensor.array
    same = owner_of(a) is owner_of(b) and offset_of(a) == offset_of(b)
    return same and a.shape == b.shape and stride(input) == stride(tensor)


def dim_order(input: Any, *, ambiguity_check: bool | list[Any] = False) -> tuple[int, ...]:
    """The dims from the one whose neighbours lie farthest apart to the one whose lie closest.

    Args:
        ambiguity_check: True refuses tensors whose order is not the only one, since a dim has size
            1 or two have the same stride; memory formats allow those that are in exactly one of
            them.
    """
    formats = [] if isinstance(ambiguity_check, bool) else ambiguity_check
    if not isinstance(formats, list) or not all(isinstance(f, memory_format) for f in formats):
        raise TypeError("The ambiguity_check argument must be a bool or a list of memory formats.")
    strides = element_strides(input.array)
    ambiguous = 1 in input.shape or len({*strides}) < len(strides)
    fitting = sum(is_contiguous(input, format) for format in formats)
    if ambiguity_check is not False and ambiguous and fitting != 1:
        raise RuntimeError(
            "The tensor does not have unique dim order, or cannot map to exact one of the given "
            "memory formats."
        )
    return tuple(sorted(range(len(strides)), key=lambda d: -strides[d]))
