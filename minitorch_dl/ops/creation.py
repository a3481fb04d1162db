"""Tensors from a shape, like another tensor, or as a sequence of numbers."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from ..autograd.primitive import TensorBase, write_out
from ..backend import array_module, backend_for, device_of, dtypes
from .dims import sizes
from .from_data import make_leaf

__all__ = [
    "arange", "empty", "empty_like", "empty_permuted", "empty_strided", "eye", "full", "full_like",
    "linspace", "logspace", "ones", "ones_like", "range", "scalar_tensor", "tril_indices",
    "triu_indices", "zeros", "zeros_like",
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


def dtype_of_out(op: str, dtype: Any, out: Any) -> dtypes.dtype:
    """The dtype of ``out``, which is what is made for it; one that is asked for must be the
    same."""
    if dtype is not None and dtypes.as_dtype(dtype) is not out.dtype:
        raise RuntimeError(
            f"{op}(): dtype {dtype} does not match dtype of out parameter ({out.dtype})"
        )
    return out.dtype


def _filled(
    op: str,
    fill: str,
    size: Any,
    names: Any,
    out: Any,
    dtype: Any,
    device: Any,
    requires_grad: bool,
) -> Any:
    shape = shape_of(size if names is None else (names,))
    backend, where = backend_for(device)
    if out is not None:
        dtype = dtype_of_out(op, dtype, out)
    wanted = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    with backend.select(where):
        result = make_leaf(getattr(backend.xp, fill)(shape, wanted.numpy), requires_grad)
    return result if out is None else write_out(op, out, result, resizes=True)


def zeros(
    *size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, **named: Any,
) -> Any:  # fmt: skip
    """A tensor of zeros: ``zeros(2, 3)`` or ``zeros((2, 3))``."""
    return _filled(
        "zeros", "zeros", size, named.pop("size", None), out, dtype, device, requires_grad
    )


def ones(
    *size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, **named: Any,
) -> Any:  # fmt: skip
    """A tensor of ones."""
    return _filled("ones", "ones", size, named.pop("size", None), out, dtype, device, requires_grad)


def empty(
    *size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None, **named: Any,
) -> Any:  # fmt: skip
    """A tensor whose values are whatever the memory held."""
    return _filled(
        "empty", "empty", size, named.pop("size", None), out, dtype, device, requires_grad
    )


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
    if out is not None:
        dtype = dtype_of_out("full", dtype, out)
    wanted = dtypes.of_number(fill_value) if dtype is None else dtypes.as_dtype(dtype)
    fill_value = dtypes.element(fill_value, wanted.numpy)
    with backend.select(where):
        result = make_leaf(backend.xp.full(shape, fill_value, wanted.numpy), requires_grad)
    return result if out is None else write_out("full", out, result, resizes=True)


def _like(input: Any, fill: str, dtype: Any, device: Any, requires_grad: bool, *values: Any) -> Any:
    wanted = dtypes.from_numpy(input.array.dtype) if dtype is None else dtypes.as_dtype(dtype)
    backend, where = backend_for(device_of(input.array) if device is None else device)
    with backend.select(where):
        given = [dtypes.element(value, wanted.numpy) for value in values]
        array = getattr(backend.xp, fill)(input.array.shape, *given, dtype=wanted.numpy)
    return make_leaf(array, requires_grad)


def zeros_like(
    input: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """Zeros in the shape, dtype and device of ``input``."""
    return _like(input, "zeros", dtype, device, requires_grad)


def ones_like(
    input: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """Ones in the shape, dtype and device of ``input``."""
    return _like(input, "ones", dtype, device, requires_grad)


def empty_like(
    input: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """An uninitialised tensor in the shape, dtype and device of ``input``."""
    return _like(input, "empty", dtype, device, requires_grad)


def full_like(
    input: Any, fill_value: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """``fill_value`` in the shape, dtype and device of ``input``."""
    if isinstance(fill_value, TensorBase):
        fill_value = fill_value.array.item()
    return _like(input, "full", dtype, device, requires_grad, fill_value)


def empty_strided(
    size: Any, stride: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """An uninitialised tensor with these strides (in elements)."""
    wanted = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    backend, where = backend_for(device)
    extent = (
        1 + builtins.sum((n - 1) * s for n, s in zip(size, stride, strict=True))
        if 0 not in size
        else 0
    )
    with backend.select(where):
        base = backend.xp.empty(extent, wanted.numpy)
    strided = backend.xp.lib.stride_tricks.as_strided(
        base, tuple(size), [s * wanted.itemsize for s in stride]
    )
    return make_leaf(strided, requires_grad)


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
    return full((), s, dtype=dtypes.get_default_dtype() if dtype is None else dtype, device=device)


# -- sequences of numbers --------------------------------------------------------------------------


def _number(x: Any) -> Any:
    return (
        x.array.item()
        if isinstance(x, TensorBase)
        else x.item()
        if isinstance(x, np.generic)
        else x
    )


def arange(
    start: Any = 0, end: Any = None, step: Any = 1, *, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """The numbers ``start, start + step, ...`` below ``end``: integers if all three are, else
    floats.

    >>> import minitorch_dl as torch
    >>> torch.arange(1, 2.5, 0.5)
    tensor([1.0000, 1.5000, 2.0000])
    """
    if end is None:
        start, end = 0, start
    start, end, step = _number(start), _number(end), _number(step)
    if out is not None:
        dtype = dtype_of_out("arange", dtype, out)
    if dtype is None:
        floating = builtins.any(isinstance(x, builtins.float) for x in (start, end, step))
        wanted = dtypes.get_default_dtype() if floating else dtypes.int64
    else:
        wanted = dtypes.as_dtype(dtype)
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if wanted.is_complex or wanted is dtypes.bool:
        raise NotImplementedError(f"arange(): not implemented for {wanted}")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if (end - start) * step < 0:
        raise RuntimeError(
            f"upper bound and lower bound inconsistent with step sign: arange({start}, {end}, "
            f"{step})"
        )
    if not wanted.is_floating_point and wanted is not dtypes.bool:
        count = math.ceil((end - start) / step)
        start, end, step = builtins.int(start), builtins.int(end), builtins.int(step) or step
        if wanted is dtypes.int64:  # the narrower dtypes count before they cut fractions off
            count = builtins.int(-((start - end) // step))
    else:
        count = math.ceil((end - start) / step)
    backend, where = backend_for(device)
    with backend.select(where):
        xp = backend.xp
        if wanted.is_floating_point:
            array = (xp.arange(count, dtype=xp.float64) * step + start).astype(wanted.numpy)
        else:
            array = (xp.arange(count, dtype=xp.int64) * step + start).astype(wanted.numpy)
    result = make_leaf(array, requires_grad)
    return result if out is None else write_out("arange", out, result)


def range(start: Any = 0, end: Any = None, step: Any = 1, **options: Any) -> Any:
    """Like ``arange`` with ``end`` included; kept for old programs."""
    options.setdefault("dtype", dtypes.get_default_dtype())
    count = math.floor((end - start) / step) + 1
    return arange(count, **{**options, "dtype": options["dtype"]}) * step + start


def linspace(
    start: Any, end: Any, steps: int, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """``steps`` evenly spaced numbers from ``start`` to ``end``, both included.

    >>> import minitorch_dl as torch
    >>> torch.linspace(0, 1, 5)
    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    for name, x in (("start", start), ("end", end)):
        if isinstance(x, TensorBase) and x.array.ndim:
            raise RuntimeError(
                "linspace only supports 0-dimensional start and end tensors, but got "
                f"{name} with {x.array.ndim} dimension(s)"
            )
    if isinstance(steps, builtins.float):
        raise TypeError(f"linspace(): steps must be int, not {steps!r}")
    start, end = _number(start), _number(end)
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    if out is not None:
        dtype = dtype_of_out("linspace", dtype, out)
    wanted = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    if isinstance(start, complex) or isinstance(end, complex):
        if dtype is not None and not wanted.is_complex:
            raise RuntimeError(
                f"linspace(): inferred dtype complex can't be safely cast to passed dtype {wanted}"
            )
        wanted = wanted.to_complex()
    if wanted is dtypes.bool and steps > 1:
        raise NotImplementedError("linspace(): not implemented for torch.bool")
    if wanted.kind == dtypes.INTEGER:
        start, end = builtins.int(start), builtins.int(end)
    backend, where = backend_for(device)
    with backend.select(where):
        xp = backend.xp
        i = xp.arange(steps, dtype=xp.float64)
        step = (end - start) / (steps - 1) if steps > 1 else 0.0
        # From the nearer end, so that both ends are exact.
        array = xp.where(i < steps // 2 + steps % 2, start + step * i, end - step * (steps - 1 - i))
        if steps == 1:
            array = xp.full(1, start)
    result = make_leaf(array.astype(wanted.numpy), requires_grad)
    return result if out is None else write_out("linspace", out, result, resizes=True)


def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """``base`` to the powers ``linspace(start, end, steps)``."""
    if out is not None:
        dtype = dtype_of_out("logspace", dtype, out)
    wanted = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    if wanted.kind == dtypes.INTEGER:
        start, end = builtins.int(_number(start)), builtins.int(_number(end))
    exponents = linspace(start, end, steps, dtype=dtypes.float64, device=device).array
    xp = array_module(exponents)
    result = make_leaf(
        xp.power(builtins.float(base), exponents).astype(wanted.numpy), requires_grad
    )
    return result if out is None else write_out("logspace", out, result, resizes=True)


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
    shape_of((n, n if m is None else m))
    if out is not None:
        dtype = dtype_of_out("eye", dtype, out)
    wanted = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    backend, where = backend_for(device)
    with backend.select(where):
        result = make_leaf(backend.xp.eye(n, m, dtype=wanted.numpy), requires_grad)
    return result if out is None else write_out("eye", out, result)


def _triangle(row: int, col: int, keep: Any, dtype: Any, device: Any) -> Any:
    shape_of((row, col))
    backend, where = backend_for(device)
    wanted = dtypes.int64 if dtype is None else dtypes.as_dtype(dtype)
    if wanted.kind != dtypes.INTEGER:
        raise NotImplementedError(f"tril_indices(), triu_indices(): not implemented for {wanted}")
    i, j = np.indices((row, col))
    array = np.stack(np.nonzero(keep(i, j))).astype(wanted.numpy)
    with backend.select(where):
        return TensorBase.wrap(backend.xp.asarray(array))


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
    return _triangle(row, col, lambda i, j: j - i <= offset, dtype, device)


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
    return _triangle(row, col, lambda i, j: j - i >= offset, dtype, device)
