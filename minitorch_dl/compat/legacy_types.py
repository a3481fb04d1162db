"""PyTorch's older names of tensor types, ``FloatTensor`` and its siblings (those of the GPU are
``torch.cuda``'s), and of memory of a dtype, ``FloatStorage`` and its siblings."""

from __future__ import annotations

from typing import Any

from ..backend import device as torch_device, dtypes, set_default_device
from ..backend.dtypes import set_default_dtype
from ..backend.warning import warn
from ..ops.storage import TypedStorage
from ..tensor import Tensor
from ..tensor.conversion import LEGACY_DTYPES, legacy_tensor

__all__ = [
    "BFloat16Storage", "BFloat16Tensor", "BoolStorage", "BoolTensor", "ByteStorage", "ByteTensor",
    "CharStorage", "CharTensor", "ComplexDoubleStorage", "ComplexFloatStorage", "DoubleStorage",
    "DoubleTensor", "FloatStorage", "FloatTensor", "HalfStorage", "HalfTensor", "IntStorage",
    "IntTensor", "LongStorage", "LongTensor", "ShortStorage", "ShortTensor", "Storage",
    "set_default_tensor_type",
]  # fmt: skip

TensorMeta = type(Tensor)
"""What PyTorch calls the class of the class Tensor."""


class _LegacyType(type):
    """The type of ``FloatTensor`` and its siblings: a call makes a Tensor of the dtype, isinstance
    asks for it; on the GPU, if it is one of the GPU's."""

    dtype: dtypes.dtype
    is_cuda: bool

    def __instancecheck__(cls, instance: Any) -> bool:
        is_one = isinstance(instance, Tensor) and instance.dtype is cls.dtype
        return is_one and instance.is_cuda == cls.is_cuda

    def __call__(cls, *data: Any, device: Any = None) -> Tensor:
        here = "cuda" if cls.is_cuda else "cpu"
        if device is not None and torch_device(device).type != here:
            raise RuntimeError(
                f"legacy constructor expects device type: {here} but device type: "
                f"{torch_device(device).type} was passed"
            )
        return legacy_tensor(data, cls.dtype, device or ("cuda" if cls.is_cuda else None))


def _legacy(name: str, is_cuda: bool = False) -> Any:
    dtype = LEGACY_DTYPES[name]
    doc = f"PyTorch's old name for making a {dtype.name} tensor{' on the GPU' * is_cuda}."
    scope = {"dtype": dtype, "is_cuda": is_cuda, "__doc__": doc}
    return _LegacyType(f"{name}Tensor", (), scope)


FloatTensor, DoubleTensor, HalfTensor = _legacy("Float"), _legacy("Double"), _legacy("Half")
BFloat16Tensor, ByteTensor, CharTensor = _legacy("BFloat16"), _legacy("Byte"), _legacy("Char")
ShortTensor, IntTensor, LongTensor = _legacy("Short"), _legacy("Int"), _legacy("Long")
BoolTensor = _legacy("Bool")
CUDA = {
    f"{name}Tensor": _legacy(name, is_cuda=True)
    for name in "Float Double Half BFloat16 Byte Char Short Int Long Bool".split()
}


class _LegacyStorage(type):
    """The type of ``FloatStorage`` and its siblings: a call makes a storage of the dtype from a
    size or values, isinstance asks for it."""

    dtype: dtypes.dtype

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, TypedStorage) and instance.dtype is cls.dtype

    def __call__(cls, *data: Any) -> TypedStorage:
        return TypedStorage(*data, dtype=cls.dtype)


STORAGE_DTYPES = {k: dtype for k, dtype in LEGACY_DTYPES.items() if not k.startswith("UInt")}


def _storage(name: str) -> Any:
    dtype = STORAGE_DTYPES[name]
    doc = f"PyTorch's old name for memory of {dtype.name} numbers."
    return _LegacyStorage(f"{name}Storage", (), {"dtype": dtype, "__doc__": doc})


FloatStorage, DoubleStorage, HalfStorage = _storage("Float"), _storage("Double"), _storage("Half")
BFloat16Storage, ByteStorage, CharStorage = (
    _storage("BFloat16"), _storage("Byte"), _storage("Char"),
)  # fmt: skip
ComplexFloatStorage, ComplexDoubleStorage = _storage("ComplexFloat"), _storage("ComplexDouble")
ShortStorage, IntStorage, LongStorage = _storage("Short"), _storage("Int"), _storage("Long")
BoolStorage = _storage("Bool")
Storage = FloatStorage


def set_default_tensor_type(t: Any) -> None:
    """PyTorch's old way to set the default dtype, and device: a type or its name, such as
    ``torch.DoubleTensor`` or ``"torch.cuda.FloatTensor"``."""
    warn(
        "torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use "
        "torch.set_default_dtype() and torch.set_default_device() as alternatives."
    )
    name = t if isinstance(t, str) else t.__name__
    kind = name.rpartition(".")[2].removesuffix("Tensor")
    if kind not in LEGACY_DTYPES or not LEGACY_DTYPES[kind].is_floating_point:
        raise TypeError(f"only floating-point types are supported as the default type, got {name}")
    set_default_dtype(LEGACY_DTYPES[kind])
    set_default_device("cuda" if ".cuda." in name else "cpu")
