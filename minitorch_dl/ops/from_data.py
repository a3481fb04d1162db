"""Tensors from data: numbers, nested lists, arrays, buffers, other libraries' tensors."""

from __future__ import annotations

import builtins
import functools
from itertools import chain
from typing import Any

import numpy as np

from ..autograd.node import AccumulateGrad
from ..autograd.primitive import TensorBase
from ..autograd.structural import cast
from ..backend import array_module, backend_for, device_of, dtypes, move
from .movement import to

__all__ = [
    "as_tensor", "asarray", "from_dlpack", "from_numpy", "frombuffer", "tensor",
]  # fmt: skip


def make_leaf(array: Any, requires_grad: bool = False) -> Any:
    """A Tensor around ``array`` without history, recording from here on if ``requires_grad``."""
    t = TensorBase.wrap(array)
    if requires_grad:
        if dtypes.from_numpy(array.dtype).kind < dtypes.FLOAT:
            raise RuntimeError(
                "Only Tensors of floating point and complex dtype can require gradients, got "
                f"{array.dtype}"
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
        array = cast.primitive.kernel(array_module(array), array, dtype=wanted.name)
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
    complex: lambda: dtypes.get_default_dtype().to_complex(),
}


def _dtype_of_leaf(x: Any, array: np.ndarray) -> dtypes.dtype:
    """The dtype that a tensor, an array or a NumPy scalar brings; of other sequences, that of their
    numbers."""
    x = x.array if isinstance(x, TensorBase) else x
    if hasattr(x, "dtype"):
        return dtypes.from_numpy(x.dtype)
    if array.dtype.kind in "fc":
        default = dtypes.get_default_dtype()
        return default if array.dtype.kind == "f" else default.to_complex()
    return dtypes.bool if array.dtype.kind == "b" else dtypes.int64


def _plain(data: Any) -> Any:
    if isinstance(data, TensorBase):
        return data.array.item() if data.array.size == 1 else data.array
    return [_plain(x) for x in data] if isinstance(data, (list, tuple)) else data


def _not_numbers(leaves: list[Any]) -> Exception:
    """What to raise for values of which no tensor can be made."""
    for x in leaves:
        if not isinstance(x, (int, float)):
            kind = TypeError if isinstance(x, str) else RuntimeError
            return kind(
                f"Could not infer dtype of {type(x).__name__}: expected numbers, (nested) "
                "sequences of numbers, arrays or tensors"
            )
    return ValueError("value cannot be converted to type int64 without overflow")


def _check_range(array: np.ndarray, wanted: dtypes.dtype) -> None:
    """Refuse numbers that an integer dtype can't hold; unsigned ones take negative numbers, which
    wrap around."""
    if array.dtype.kind == "c" and not wanted.is_complex and (array.imag != 0).any():
        raise RuntimeError(
            f"value cannot be converted to type {wanted.name} without overflow: it is complex"
        )
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


def from_numpy(ndarray: Any) -> Any:
    """A tensor that shares the memory of a NumPy array: writing to one is seen in the other."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    dtypes.from_numpy(ndarray.dtype)
    if builtins.any(s < 0 for s in ndarray.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative "
            "strides are not currently supported. (You can probably work around this by making a "
            "copy of your array with array.copy().)"
        )
    return TensorBase.wrap(ndarray.view(np.ndarray))  # not a subclass, and with a shape of its own


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
