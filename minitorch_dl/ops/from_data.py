"""Tensors from data: numbers, nested lists, arrays, buffers, other libraries' tensors."""

from __future__ import annotations

import builtins
import functools
import os
from itertools import chain
from typing import Any

import numpy as np

from ..autograd.engine_ops import cast
from ..autograd.node import AccumulateGrad
from ..autograd.primitive import TensorBase
from ..autograd.versions import address_of
from ..backend import array_module, backend_for, device_of, dtypes, move
from ..backend.warning import warn, warn_once
from .movement import clone, to

__all__ = [
    "as_tensor", "asarray", "from_dlpack", "from_file", "from_numpy", "frombuffer", "tensor",
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
    return new_leaf("torch.tensor", data, dtype, device, requires_grad)


def new_leaf(op: str, data: Any, dtype: Any, device: Any, requires_grad: bool) -> Any:
    """What ``tensor`` and ``Tensor.new_tensor`` do."""
    if isinstance(data, TensorBase):
        warn(
            "To copy construct from a tensor, it is recommended to use "
            "sourceTensor.detach().clone() or sourceTensor.detach().clone().requires_grad_(True), "
            f"rather than {op}(sourceTensor)."
        )
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
    array = to_array(data, dtype, device)
    if array is data:
        _warn_if_read_only("NumPy array", not array.flags.writeable)
    return TensorBase.wrap(array)


def _warn_if_read_only(what: str, read_only: bool) -> None:
    if read_only:
        warn(
            f"The given {what} is not writable, which makes this a non-writable tensor: writing to "
            "it will be refused. You may want to copy the data first",
        )


def asarray(
    obj: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool | None = None,
) -> Any:
    """``obj`` as a tensor; ``copy=True`` forces a copy, ``copy=False`` refuses to make one. The
    history of a tensor is kept unless ``requires_grad=False``.
    """
    taken = getattr(obj, "_row", obj)  # a storage's elements
    if not isinstance(taken, (TensorBase, np.ndarray, np.generic)) and _is_buffer(obj):
        taken = frombuffer(obj, dtype=dtypes.get_default_dtype() if dtype is None else dtype)
    result = as_tensor(taken, dtype, device)
    source = taken.array if isinstance(taken, TensorBase) else taken
    shares = isinstance(source, (np.ndarray, type(result.array))) and (
        address_of(result.array) == address_of(source)
    )
    if copy is False and not shares:
        raise _no_alias(source, result)
    if copy and shares:
        result = clone(result)
    if requires_grad is None or requires_grad == result.requires_grad:
        return result
    return result.requires_grad_() if requires_grad else result.detach()


def _is_buffer(obj: Any) -> bool:
    try:
        memoryview(obj)
    except TypeError:
        return False
    return True


def _no_alias(source: Any, result: Any) -> Exception:
    if isinstance(source, np.generic):
        return RuntimeError("can't alias NumPy scalars. Remove copy=False, or give an ndarray")
    if not hasattr(source, "dtype"):
        return ValueError("can't alias arbitrary sequence into a tensor: remove copy=False")
    have, device = dtypes.from_numpy(source.dtype), device_of(source)
    if device != result.device:
        return ValueError(f"can't alias tensor from device '{device}' to '{result.device}'")
    return ValueError(f"can't alias tensor with dtype '{have}' into dtype '{result.dtype}'")


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
    elif hasattr(data, "typed"):  # a storage
        array = data.typed(data.dtype if dtype is None else dtypes.as_dtype(dtype))
    elif hasattr(data, "__dlpack__"):
        array = from_dlpack(data).array
    else:
        array, asked = _from_python(data, dtype)
        wanted = asked if dtype is None else dtypes.as_dtype(dtype)
        _check_range(array, wanted)
        return move(array.astype(wanted.numpy, copy=False), device)
    wanted = dtypes.from_numpy(array.dtype) if dtype is None else dtypes.as_dtype(dtype)
    if array.dtype != wanted.numpy:
        array = cast.primitive.kernel(array_module(array), array, dtype=wanted.name)
    return move(array, device)


def _from_python(data: Any, dtype: Any = None) -> tuple[np.ndarray, dtypes.dtype]:
    """Numbers and nested sequences (of tensors too) as an array, and the dtype that they ask
    for."""
    leaves = [data]
    while leaves and isinstance(leaves[0], (list, tuple)):
        leaves = list(
            chain.from_iterable(x if isinstance(x, (list, tuple)) else (x,) for x in leaves)
        )
    types = set(map(type, leaves))
    if np.ndarray in types:
        warn_once(
            "Creating a tensor from a list of numpy.ndarrays is extremely slow. Please consider "
            "converting the list to a single numpy.ndarray with numpy.array() before converting to "
            "a tensor."
        )
    if builtins.any(issubclass(kind, TensorBase) for kind in types):
        data = _plain(data)
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise _uneven(data) or error from None
    if array.size == 0:
        return array.astype(np.float32), dtypes.get_default_dtype()
    floats = float in types or (dtype is not None and dtypes.as_dtype(dtype).is_floating_point)
    if array.dtype.kind == "O" and types <= {int, float} and floats:  # beyond 64 bits
        array = array.astype(np.float64)
    if array.dtype.kind not in "biuf" and array.dtype not in dtypes._FROM_NUMPY:
        raise _not_numbers(leaves, isinstance(data, (list, tuple)))
    asked = [_OF_PYTHON[kind]() for kind in types if kind in _OF_PYTHON]
    if types - _OF_PYTHON.keys():
        asked += [_dtype_of_leaf(x, array) for x in leaves if type(x) not in _OF_PYTHON]
    return array, functools.reduce(dtypes.promote_types, asked)


def _uneven(data: Any) -> Exception | None:
    """What is wrong with nested sequences and arrays whose lengths differ."""
    for dim in range(1, 65):
        lengths = [len(x) if isinstance(x, (list, tuple)) or np.ndim(x) else None for x in data]
        if None in lengths:
            return TypeError("not a sequence: numbers and sequences stand beside each other")
        for n in lengths:
            if n != lengths[0]:
                return ValueError(
                    f"expected sequence of length {lengths[0]} at dim {dim} (got {n})"
                )
        data = list(chain.from_iterable(data))
    return None


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


def _not_numbers(leaves: list[Any], nested: bool) -> Exception:
    """What to raise for values of which no tensor can be made."""
    if nested and isinstance(leaves[0], str):  # a sequence itself
        return ValueError("too many dimensions 'str'")
    for x in leaves:
        if not isinstance(x, (int, float)):
            expected = "expected numbers, (nested) sequences of numbers, arrays or tensors"
            if isinstance(x, (str, bytes)):
                return TypeError(f"invalid data type '{type(x).__name__}': {expected}")
            return RuntimeError(f"Could not infer dtype of {type(x).__name__}: {expected}")
    return ValueError("value cannot be converted to type int64 without overflow")


def _check_range(array: np.ndarray, wanted: dtypes.dtype) -> None:
    """Refuse numbers that an integer dtype can't hold; unsigned ones take negative numbers, which
    wrap around."""
    if array.dtype.kind == "c" and not wanted.is_complex and wanted is not dtypes.bool:
        raise TypeError(f"must be real number, not complex: expected values for {wanted.name}")
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
    strides = ndarray.strides
    if strides and builtins.min(strides) < 0:
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative "
            "strides are not currently supported. (You can probably work around this by making a "
            "copy of your array with array.copy().)"
        )
    if not ndarray.flags.c_contiguous and builtins.any(s % ndarray.itemsize for s in strides):
        raise ValueError(
            "given numpy array strides not a multiple of the element byte size. Copy the numpy "
            "array to reallocate the memory."
        )
    _warn_if_read_only("NumPy array", not ndarray.flags.writeable)
    return TensorBase.wrap(ndarray.view(np.ndarray))  # not a subclass, and with a shape of its own


def frombuffer(
    buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Any:
    """A 1-D tensor over the bytes of ``buffer`` from ``offset`` on: ``count`` elements, or all."""
    if not _is_buffer(buffer):
        raise ValueError("object does not implement Python buffer protocol.")
    memory, wanted = memoryview(buffer), dtypes.as_dtype(dtype).numpy
    size, n = memory.nbytes, wanted.itemsize
    if not size or not count:
        raise ValueError(f"both buffer length ({size}) and count ({count}) must not be 0")
    if not 0 <= offset < size:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length "
            f"({size} bytes) minus 1"
        )
    if count < 0 and (size - offset) % n:
        raise ValueError(
            f"buffer length ({size - offset} bytes) after offset ({offset} bytes) must be a "
            f"multiple of element size ({n})"
        )
    if offset + count * n > size:
        raise ValueError(
            f"requested buffer length ({count} * {n} bytes) after offset ({offset} bytes) must not "
            f"be greater than actual buffer length ({size} bytes)"
        )
    _warn_if_read_only("buffer", memory.readonly)
    return make_leaf(np.frombuffer(buffer, wanted, count, offset), requires_grad)


def from_file(
    filename: str,
    shared: bool | None = None,
    size: int = 0,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:
    """A 1-D tensor of ``size`` elements over a file's bytes, which are read when they are needed.

    Args:
        shared: whether what is written to the tensor goes to the file, which is made, or made
            longer, where it must be.
    """
    wanted = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    if shared:
        with open(filename, "ab"):  # there is one now
            pass
    n = size * wanted.itemsize
    if not shared and os.path.getsize(filename) < n:
        raise RuntimeError(
            f"from_file(): {filename} has {os.path.getsize(filename)} bytes, which is too few for "
            f"{size} elements of {wanted}"
        )
    memory = np.memmap(filename, np.uint8, "r+" if shared else "c", shape=(n,))
    return make_leaf(memory.view(np.ndarray).view(wanted.numpy), requires_grad)


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Any:
    """A tensor that shares memory with any object that speaks DLPack (NumPy, CuPy, PyTorch, JAX,
    ...).

    Args:
        device: where the tensor is wanted; elsewhere than its memory it is a copy.
        copy: True for a copy in any case, False for none: what needs one is an error.
    """
    is_there = hasattr(ext_tensor, "__dlpack_device__") and ext_tensor.__dlpack_device__()[0] != 1
    xp = backend_for("cuda")[0].xp if is_there else np
    try:
        y = TensorBase.wrap(xp.from_dlpack(ext_tensor))
    except RuntimeError as error:
        raise BufferError(f"from_dlpack: {xp.__name__} can't take it: {error}") from error
    moved = y if device is None else to(y, device=device)
    if moved is not y and copy is False:
        raise ValueError(
            f"from_dlpack: cannot move the tensor from {y.device} to {device} without copying: "
            "leave copy=False away"
        )
    return clone(y) if copy and moved is y else moved
