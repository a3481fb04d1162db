"""PyTorch's older names of tensor types: ``FloatTensor`` and its siblings."""

from __future__ import annotations

from typing import Any

from .backend import dtypes
from .tensor import Tensor
from .tensor_conversion import LEGACY_DTYPES, legacy_tensor


class _LegacyType(type):
    """The type of ``FloatTensor`` and its siblings: a call makes a Tensor of the dtype, isinstance
    asks for it."""

    dtype: dtypes.dtype

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype

    def __call__(cls, *data: Any) -> Tensor:
        return legacy_tensor(data, cls.dtype)


def _legacy(name: str) -> Any:
    dtype = LEGACY_DTYPES[name]
    doc = f"PyTorch's old name for making a {dtype.name} tensor."
    return _LegacyType(f"{name}Tensor", (), {"dtype": dtype, "__doc__": doc})


FloatTensor, DoubleTensor, HalfTensor = _legacy("Float"), _legacy("Double"), _legacy("Half")
BFloat16Tensor, ByteTensor, CharTensor = _legacy("BFloat16"), _legacy("Byte"), _legacy("Char")
ShortTensor, IntTensor, LongTensor = _legacy("Short"), _legacy("Int"), _legacy("Long")
BoolTensor = _legacy("Bool")
