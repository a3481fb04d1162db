"""Tensors from a shape, or like another tensor."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from ..autograd.primitive import TensorBase, write_out
from ..backend import backend_for, device_of, dtypes
from ..backend.layouts import SPARSE, preserve_format, strided
from ..backend.row_major import made_like
from .dims import size_given, sizes
from .from_data import make_leaf
from .layout import on_memory, storable

__all__ = [
    "empty", "empty_like", "empty_permuted", "empty_strided", "eye", "full", "full_like", "ones",
    "ones_like", "scalar_tensor", "tril_indices", "triu_indices", "zeros", "zeros_like",
]  # fmt: skip


def shape_of(size: Any) -> tuple[int, ...]:
    """The shape meant by ``f(2, 3)``, ``f((2, 3))`` or ``f(torch.Size([2, 3]))``, checked."""
    shape = sizes(size)
    for n in shape:
        if n < 0:
            raise RuntimeError(
                f"Trying to create tensor with negative dimension {n}: {list(shape)}"
            )
    return shape


def wanted_dtype(op: str, dtype: Any, out: Any, layout: Any = None) -> dtypes.dtype:
    """The dtype of a new tensor: that of ``out``, else ``dtype``, else the default.

    Raises:
        RuntimeError: ``dtype`` is not that of ``out``, or the layout is sparse.
    """
    if layout is not None and layout is not strided:
        raise RuntimeError(
            f"{op}(): layout {layout} is not supported: only torch.strided. Make a sparse tensor "
            "by torch.sparse_coo_tensor, or by .to_sparse() of a dense one"
        )
    if out is None:
        return dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    if dtype is not None and dtypes.as_dtype(dtype) is not out.dtype:
        raise RuntimeError(
            f"{op}(): dtype {dtype} does not match dtype of out parameter ({out.dtype})"
        )
    return out.dtype


def made(op: str, array: Any, out: Any, requires_grad: bool, resizes: bool = True) -> Any:
    """What a function that makes tensors returns: ``array`` as a leaf, or ``out`` that took it."""
    if out is None:
        return make_leaf(array, requires_grad)
    y = write_out(op, out, TensorBase.wrap(array), resizes=resizes)
    return y.requires_grad_() if requires_grad else y


def _filled(
    op: str,
    size: Any,
    out: Any,
    dtype: Any,
    layout: Any,
    device: Any,
    requires_grad: bool,
) -> Any:
    shape = shape_of(size)
    if op != "ones" and out is None and layout in SPARSE:
        return _without_entries(shape, dtype, layout, device, requires_grad)
    backend, where = backend_for(device)
    wanted = wanted_dtype(op, dtype, out, layout)
    try:
        with backend.select(where):
            array = getattr(backend.xp, op)(shape, wanted.numpy)
    except ValueError:
        storable(shape, wanted.itemsize)
        raise
    return made(op, array, out, requires_grad)


def _without_entries(
    shape: tuple[int, ...], dtype: Any, layout: Any, device: Any, requires_grad: bool
) -> Any:
    """A sparse tensor of zeros."""
    y = empty(0, dtype=dtype, device=device).to_sparse()
    y = y.sparse_resize_and_clear_(shape, len(shape), 0)
    y = y.to_sparse(layout=layout)
    return y.requires_grad_() if requires_grad else y


def zeros(
    *size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, **named: Any,
) -> Any:  # fmt: skip
    """A tensor of zeros: ``zeros(2, 3)`` or ``zeros((2, 3))``."""
    size = size if size and not named else size_given("zeros", size, named)
    return _filled("zeros", size, out, dtype, layout, device, requires_grad)


def ones(
    *size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, **named: Any,
) -> Any:  # fmt: skip
    """A tensor of ones."""
    size = size if size and not named else size_given("ones", size, named)
    return _filled("ones", size, out, dtype, layout, device, requires_grad)


def empty(
    *size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None, **named: Any,
) -> Any:  # fmt: skip
    """A tensor whose values are whatever the memory held."""
    size = size if size and not named else size_given("empty", size, named)
    return _filled("empty", size, out, dtype, layout, device, requires_grad)


def full(
    size: Any, fill_value: Any, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """A tensor filled with ``fill_value``, whose type gives the dtype unless ``dtype`` is given.

    >>> import minitorch_dl as torch
    >>> torch.full((2, 2), 7)
    tensor([[7, 7],
            [7, 7]])
    """
    if isinstance(fill_value, TensorBase):
        fill_value = fill_value.array.item()
    elif isinstance(fill_value, np.generic):
        fill_value = fill_value.item()
    shape = shape_of((size,))
    backend, where = backend_for(device)
    wanted = wanted_dtype("full", dtype, out, layout)
    if dtype is None and out is None:
        wanted = dtypes.of_number(fill_value)
    fill_value = dtypes.element(fill_value, wanted.numpy)
    with backend.select(where):
        array = backend.xp.full(shape, fill_value, wanted.numpy)
    return made("full", array, out, requires_grad)


def _like(
    input: Any,
    fill: str,
    dtype: Any,
    layout: Any,
    device: Any,
    requires_grad: bool,
    memory_format: Any,
    *values: Any,
) -> Any:
    if fill in ("zeros", "empty") and layout in SPARSE:
        dtype = input.dtype if dtype is None else dtype
        device = input.device if device is None else device
        return _without_entries(input.array.shape, dtype, layout, device, requires_grad)
    wanted = wanted_dtype(f"{fill}_like", input.dtype if dtype is None else dtype, None, layout)
    backend, where = backend_for(device_of(input.array) if device is None else device)
    with backend.select(where):
        given = [dtypes.element(value, wanted.numpy) for value in values]

        def make(shape: tuple[int, ...]) -> Any:
            return getattr(backend.xp, fill)(shape, *given, dtype=wanted.numpy)

        keeps_order = memory_format is None or memory_format is preserve_format
        array = made_like(input.array, make) if keeps_order else make(input.array.shape)
    return make_leaf(array, requires_grad)


def zeros_like(
    input: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """Zeros in the shape, dtype and device of ``input``."""
    return _like(input, "zeros", dtype, layout, device, requires_grad, memory_format)


def ones_like(
    input: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """Ones in the shape, dtype and device of ``input``."""
    return _like(input, "ones", dtype, layout, device, requires_grad, memory_format)


def empty_like(
    input: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """An uninitialised tensor in the shape, dtype and device of ``input``."""
    return _like(input, "empty", dtype, layout, device, requires_grad, memory_format)


def full_like(
    input: Any, fill_value: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """``fill_value`` in the shape, dtype and device of ``input``."""
    if isinstance(fill_value, TensorBase):
        fill_value = fill_value.array.item()
    return _like(input, "full", dtype, layout, device, requires_grad, memory_format, fill_value)


def empty_strided(
    size: Any, stride: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """An uninitialised tensor with these strides (in elements)."""
    if len(size) != len(stride):
        raise RuntimeError(
            f"dimensionality of sizes ({len(size)}) must match dimensionality of strides "
            f"({len(stride)})"
        )
    if builtins.any(s < 0 for s in stride):
        raise RuntimeError(f"empty_strided(): strides must be non-negative, got {list(stride)}")
    wanted = wanted_dtype("empty_strided", dtype, None, layout)
    backend, where = backend_for(device)
    last = builtins.sum((n - 1) * s for n, s in zip(size, stride))
    if last * wanted.itemsize >= 2**63:
        raise RuntimeError(
            f"Storage size calculation overflowed with sizes={list(size)} and "
            f"strides={list(stride)}"
        )
    with backend.select(where):
        memory = backend.xp.empty(0 if 0 in size else last + 1, wanted.numpy)
        steps = tuple(s * wanted.itemsize for s in stride)
        return make_leaf(on_memory(backend.xp, memory, tuple(size), steps), requires_grad)


def empty_permuted(
    size: Any, physical_layout: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """An uninitialised tensor whose memory order of dimensions is ``physical_layout``."""
    if len(size) != len(physical_layout):
        raise RuntimeError(
            "Number of dimensions in size does not match the length of the physical_layout; i.e. "
            f"len(size) = {len(size)} is not equal to len(physical_layout) = {len(physical_layout)}"
        )
    for i in physical_layout:
        if not 0 <= i < len(size):
            raise RuntimeError(f"Dimension out of range (expected 0 to {len(size) - 1}, got {i})")
    if len(set(physical_layout)) != len(size):
        raise RuntimeError("Duplicate dim not allowed")
    x = empty([size[i] for i in physical_layout], dtype=dtype, device=device)
    inverse = sorted(builtins.range(len(size)), key=lambda i: physical_layout[i])
    return make_leaf(x.array.transpose(inverse), requires_grad)


def scalar_tensor(
    s: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:  # fmt: skip
    """A zero-dimensional tensor of the default dtype."""
    dtype = dtypes.get_default_dtype() if dtype is None else dtype
    return full((), s, dtype=dtype, device=device, requires_grad=requires_grad)


def eye(
    n: int, m: int | None = None, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """The identity matrix of shape ``(n, m)``.

    >>> import minitorch_dl as torch
    >>> torch.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    for name, size in (("n", n), ("m", m)):
        if size is not None and size < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {size}")
    wanted = wanted_dtype("eye", dtype, out, layout)
    backend, where = backend_for(device)
    with backend.select(where):
        array = backend.xp.eye(n, m, dtype=wanted.numpy)
    return made("eye", array, out, requires_grad)


def _triangle(row: int, col: int, keep: Any, dtype: Any, device: Any, requires_grad: bool) -> Any:
    shape_of((row, col))
    backend, where = backend_for(device)
    wanted = dtypes.int64 if dtype is None else dtypes.as_dtype(dtype)
    if wanted.kind != dtypes.INTEGER:
        raise NotImplementedError(f"tril_indices(), triu_indices(): not implemented for {wanted}")
    i, j = np.indices((row, col))
    array = np.stack(np.nonzero(keep(i, j))).astype(wanted.numpy)
    with backend.select(where):
        return make_leaf(backend.xp.asarray(array), requires_grad)


def tril_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: Any = None,
    device: Any = None,
    layout: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:
    """The indices of the lower triangle of a ``(row, col)`` matrix, shape ``(2, count)``."""
    return _triangle(row, col, lambda i, j: j - i <= offset, dtype, device, requires_grad)


def triu_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: Any = None,
    device: Any = None,
    layout: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:
    """The indices of the upper triangle of a ``(row, col)`` matrix, shape ``(2, count)``."""
    return _triangle(row, col, lambda i, j: j - i >= offset, dtype, device, requires_grad)
