"""Tensors from data, from numbers and from other tensors' shapes."""

from __future__ import annotations

import builtins
import functools
import math
from itertools import chain
from typing import Any

import numpy as np

from ..autograd.node import AccumulateGrad
from ..autograd.primitive import TensorBase, write_out
from ..autograd.structural import cast
from ..backend import array_module, backend_for, device_of, dtypes, move

__all__ = [
    "arange", "as_tensor", "asarray", "empty", "empty_like", "empty_permuted", "empty_strided",
    "eye", "from_dlpack", "frombuffer", "from_numpy", "full", "full_like", "linspace", "logspace",
    "ones", "ones_like", "range", "scalar_tensor", "tensor", "tril_indices", "triu_indices",
    "zeros", "zeros_like",
]  # fmt: skip


def make_leaf(array: Any, requires_grad: bool = False) -> Any:
    """A Tensor around ``array`` without history, recording from here on if ``requires_grad``."""
    t = TensorBase.wrap(array)
    if requires_grad:
        if not dtypes.from_numpy(array.dtype).is_floating_point:
            raise RuntimeError(
                f"Only Tensors of floating point dtype can require gradients, got {array.dtype}"
            )
        t._node = AccumulateGrad(t)
    return t


def tensor(
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Any:
    """A new leaf tensor with a copy of ``data``: numbers, nested lists, arrays or tensors.

    Python floats become the default dtype, integers ``int64``, bools ``bool``; arrays keep theirs.

    Raises:
        ValueError: nested lists of unequal length.

    >>> import minitorch_dl as torch
    >>> torch.tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    """
    array = to_array(data, dtype, device)
    if isinstance(data, TensorBase) or array is data or _may_share(array, data):
        array = array.copy()
    return make_leaf(array, requires_grad)


def _may_share(array: Any, data: Any) -> bool:
    return array.base is not None or hasattr(data, "__array_interface__")


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Any:
    """``data`` as a tensor, sharing its memory (and history) where that is possible."""
    if isinstance(data, TensorBase):
        return to(data, dtype, device)
    return TensorBase.wrap(to_array(data, dtype, device))


def asarray(
    obj: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> Any:
    """``obj`` as a tensor; ``copy=True`` forces a copy, ``copy=False`` refuses to make one."""
    result = as_tensor(obj, dtype, device)
    source = obj.array if isinstance(obj, TensorBase) else obj
    shares = isinstance(source, np.ndarray) and np.shares_memory(result.array, source)
    if copy and shares:
        result = TensorBase.wrap(result.array.copy())
    if copy is False and not shares:
        raise ValueError(
            "can't alias this object as a tensor without a copy, and copy=False forbids one"
        )
    if requires_grad:
        result.requires_grad_()
    return result


def to_array(data: Any, dtype: Any = None, device: Any = None) -> Any:
    """The raw array for ``data``, in PyTorch's dtype for it."""
    if isinstance(data, TensorBase):
        array = data.array
        device = device_of(array) if device is None else device
    elif hasattr(data, "__cuda_array_interface__"):
        array = backend_for("cuda")[0].xp.asarray(data)
        device = device_of(array) if device is None else device
    elif isinstance(data, (np.ndarray, np.generic)) or hasattr(data, "__array_interface__"):
        array = np.asarray(data)
        if not array.dtype.isnative:
            raise TypeError(
                "given numpy array has byte order different from the native byte order. "
                "Conversion between byte orders is currently not supported."
            )
    else:
        array, asked = _from_python(data)
        wanted = asked if dtype is None else dtypes.as_dtype(dtype)
        _check_range(array, wanted)
        return move(array.astype(wanted.numpy, copy=False), device)
    wanted = dtypes.from_numpy(array.dtype) if dtype is None else dtypes.as_dtype(dtype)
    if array.dtype != wanted.numpy:
        array = array.astype(wanted.numpy)
    return move(array, device)


def _from_python(data: Any) -> tuple[np.ndarray, dtypes.dtype]:
    """Numbers and nested sequences (of tensors too) as an array, and the dtype that they ask
    for."""
    leaves = [data]
    while leaves and isinstance(leaves[0], (list, tuple)):
        leaves = list(
            chain.from_iterable(x if isinstance(x, (list, tuple)) else (x,) for x in leaves)
        )
    types = set(map(type, leaves))
    if builtins.any(issubclass(kind, TensorBase) for kind in types):
        data = _plain(data)
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise ValueError(
            f"expected sequences of equal length at every level of nesting ({error})"
        ) from None
    if array.size == 0:
        return array.astype(np.float32), dtypes.get_default_dtype()
    if array.dtype.kind not in "biuf" and array.dtype not in dtypes._FROM_NUMPY:
        raise _not_numbers(leaves)
    asked = [_OF_PYTHON[kind]() for kind in types if kind in _OF_PYTHON]
    if types - _OF_PYTHON.keys():
        asked += [_dtype_of_leaf(x, array) for x in leaves if type(x) not in _OF_PYTHON]
    return array, functools.reduce(dtypes.promote_types, asked)


_OF_PYTHON: dict[type, Any] = {
    bool: lambda: dtypes.bool,
    int: lambda: dtypes.int64,
    float: dtypes.get_default_dtype,
}


def _dtype_of_leaf(x: Any, array: np.ndarray) -> dtypes.dtype:
    """The dtype that a tensor, an array or a NumPy scalar brings; of other sequences, that of their
    numbers."""
    x = x.array if isinstance(x, TensorBase) else x
    if hasattr(x, "dtype"):
        return dtypes.from_numpy(x.dtype)
    if array.dtype.kind == "f":
        return dtypes.get_default_dtype()
    return dtypes.bool if array.dtype.kind == "b" else dtypes.int64


def _plain(data: Any) -> Any:
    if isinstance(data, TensorBase):
        return data.array.item() if data.array.size == 1 else data.array
    return [_plain(x) for x in data] if isinstance(data, (list, tuple)) else data


def _not_numbers(leaves: list[Any]) -> Exception:
    """What to raise for values of which no tensor can be made."""
    for x in leaves:
        if isinstance(x, complex):
            return TypeError("complex numbers are not supported by minitorch_dl")
        if not isinstance(x, (int, float)):
            kind = TypeError if isinstance(x, str) else RuntimeError
            return kind(
                f"Could not infer dtype of {type(x).__name__}: expected numbers, (nested) "
                "sequences "
                "of numbers, arrays or tensors"
            )
    return RuntimeError("value cannot be converted to type int64 without overflow")


def _check_range(array: np.ndarray, wanted: dtypes.dtype) -> None:
    """Refuse numbers that an integer dtype can't hold; unsigned ones take negative numbers, which
    wrap around."""
    if wanted.kind != dtypes.INTEGER or array.dtype == wanted.numpy or not array.size:
        return
    limits = np.iinfo(wanted.numpy)
    low, high = limits.min if wanted.is_signed else -limits.max, limits.max
    least, most = array.min(), array.max()
    if not (low <= least and most < high + 1):
        worst = most if low <= least else least  # NaN is both
        raise RuntimeError(
            f"value cannot be converted to type {wanted.name} without overflow: expected numbers "
            f"from {low} to {high}, got {worst}"
        )


def _in_range(number: Any, wanted: dtypes.dtype) -> Any:
    """A Python number as an element of this dtype."""
    if wanted.kind != dtypes.INTEGER:
        return number
    array, _ = _from_python(number)
    _check_range(array, wanted)
    return array.astype(wanted.numpy)[()]


def from_numpy(ndarray: Any) -> Any:
    """A tensor that shares the memory of a NumPy array: writing to one is seen in the other."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    dtypes.from_numpy(ndarray.dtype)
    if builtins.any(s < 0 for s in ndarray.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative "
            "strides are not "
            "currently supported. (You can probably work around this by making a copy of your "
            "array with array.copy().)"
        )
    return TensorBase.wrap(ndarray)


def frombuffer(
    buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Any:
    """A 1-D tensor over the bytes of ``buffer``."""
    return make_leaf(
        np.frombuffer(buffer, dtypes.as_dtype(dtype).numpy, count, offset), requires_grad
    )


def from_dlpack(ext_tensor: Any) -> Any:
    """A tensor that shares memory with any object that speaks DLPack (NumPy, CuPy, PyTorch, JAX,
    ...)."""
    if hasattr(ext_tensor, "__dlpack_device__") and ext_tensor.__dlpack_device__()[0] != 1:
        return TensorBase.wrap(backend_for("cuda")[0].xp.from_dlpack(ext_tensor))
    return TensorBase.wrap(np.from_dlpack(ext_tensor))


def to(x: Any, dtype: Any = None, device: Any = None, copy: bool = False) -> Any:
    """``x`` with this dtype on this device, differentiably; ``x`` itself when nothing changes."""
    from .movement import transfer

    y = x
    if dtype is not None:
        wanted = dtypes.as_dtype(dtype)
        if x.array.dtype != wanted.numpy:
            y = cast(y, dtype=wanted.name)
    if device is not None and move(y.array, device) is not y.array:
        y = transfer(y, device=str(device))
    return y if y is not x or not copy else cast(x, dtype=dtypes.from_numpy(x.array.dtype).name)


# -- from a shape ----------------------------------------------------------------------------------


def shape_of(size: Any, op: str = "size") -> tuple[int, ...]:
    """The shape meant by ``f(2, 3)``, ``f((2, 3))`` or ``f(torch.Size([2, 3]))``, checked."""
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = size[0]
    try:
        shape = tuple([n.__index__() for n in size])
    except AttributeError:
        given = ", ".join(type(n).__name__ for n in size)
        raise TypeError(f"{op}(): sizes must be integers, got ({given})") from None
    for n in shape:
        if n < 0:
            raise RuntimeError(
                f"Trying to create tensor with negative dimension {n}: {list(shape)}"
            )
    return shape


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
    shape = shape_of(size if names is None else (names,), op)
    backend, where = backend_for(device)
    wanted = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    with backend.select(where):
        result = make_leaf(getattr(backend.xp, fill)(shape, wanted.numpy), requires_grad)
    return result if out is None else write_out(op, out, result)


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
    """A tensor filled with ``fill_value``, whose type gives the dtype unless ``dtype`` is given."""
    if isinstance(fill_value, TensorBase):
        fill_value = fill_value.array.item()
    elif isinstance(fill_value, np.generic):
        fill_value = fill_value.item()
    shape = shape_of((size,), "full")
    backend, where = backend_for(device)
    wanted = dtypes.of_number(fill_value) if dtype is None else dtypes.as_dtype(dtype)
    fill_value = _in_range(fill_value, wanted)
    with backend.select(where):
        result = make_leaf(backend.xp.full(shape, fill_value, wanted.numpy), requires_grad)
    return result if out is None else write_out("full", out, result)


def _like(input: Any, fill: str, dtype: Any, device: Any, requires_grad: bool, *values: Any) -> Any:
    wanted = dtypes.from_numpy(input.array.dtype) if dtype is None else dtypes.as_dtype(dtype)
    backend, where = backend_for(device_of(input.array) if device is None else device)
    with backend.select(where):
        given = [_in_range(value, wanted) for value in values]
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
    if dtype is None:
        floating = builtins.any(isinstance(x, builtins.float) for x in (start, end, step))
        wanted = dtypes.get_default_dtype() if floating else dtypes.int64
    else:
        wanted = dtypes.as_dtype(dtype)
    if step == 0:
        raise RuntimeError("step must be nonzero")
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
    """``steps`` evenly spaced numbers from ``start`` to ``end``, both included."""
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
    wanted = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    backend, where = backend_for(device)
    with backend.select(where):
        xp = backend.xp
        i = xp.arange(steps, dtype=xp.float64)
        step = (end - start) / (steps - 1) if steps > 1 else 0.0
        # From the nearer end, so that both ends are exact.
        array = xp.where(i < steps // 2 + steps % 2, start + step * i, end - step * (steps - 1 - i))
        if steps == 1:
            array = xp.full(1, start, xp.float64)
    result = make_leaf(array.astype(wanted.numpy), requires_grad)
    return result if out is None else write_out("linspace", out, result)


def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """``base`` to the powers ``linspace(start, end, steps)``."""
    wanted = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    exponents = linspace(start, end, steps, dtype=dtypes.float64, device=device).array
    xp = array_module(exponents)
    result = make_leaf(
        xp.power(builtins.float(base), exponents).astype(wanted.numpy), requires_grad
    )
    return result if out is None else write_out("logspace", out, result)


def eye(
    n: int, m: int | None = None, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """The identity matrix of shape ``(n, m)``."""
    shape_of((n, n if m is None else m), "eye")
    wanted = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    backend, where = backend_for(device)
    with backend.select(where):
        result = make_leaf(backend.xp.eye(n, m, dtype=wanted.numpy), requires_grad)
    return result if out is None else write_out("eye", out, result)


def _triangle(row: int, col: int, keep: Any, dtype: Any, device: Any) -> Any:
    shape_of((row, col), "tril_indices")
    backend, where = backend_for(device)
    wanted = dtypes.int64 if dtype is None else dtypes.as_dtype(dtype)
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
