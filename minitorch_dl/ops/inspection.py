"""Questions about tensors and dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.primitive import TensorBase
from ..autograd.public_functions import guarded
from ..backend import device_of, dtypes

__all__ = [
    "finfo", "get_device", "iinfo", "is_complex", "is_floating_point", "is_inference",
    "is_same_size", "is_signed", "is_tensor", "numel", "result_type",
]  # fmt: skip


@guarded
def is_tensor(obj: Any) -> bool:
    """Whether ``obj`` is a Tensor."""
    return isinstance(obj, TensorBase)


def is_floating_point(input: Any) -> bool:
    """Whether the tensor's dtype is a floating one."""
    return dtypes.from_numpy(input.array.dtype).is_floating_point


def is_complex(input: Any) -> bool:
    """Whether the tensor's dtype is a complex one."""
    return dtypes.from_numpy(input.array.dtype).is_complex


def is_signed(input: Any) -> bool:
    """Whether the tensor's dtype can hold negative numbers."""
    return dtypes.from_numpy(input.array.dtype).is_signed


def is_inference(input: Any) -> bool:
    """False: tensors made under ``inference_mode`` are ordinary ones here."""
    return False


def get_device(input: Any) -> int:
    """The index of the GPU that holds the tensor; -1 on the CPU."""
    where = device_of(input.array)
    return -1 if where.type == "cpu" else where.index or 0


def numel(input: Any) -> int:
    """The number of elements."""
    return input.array.size


def result_type(tensor: Any, other: Any) -> dtypes.dtype:
    """The dtype of an operation on two tensors or numbers.

    >>> import minitorch_dl as torch
    >>> torch.result_type(torch.tensor([1, 2]), 1.0)
    torch.float32
    """
    raw = [x.array if isinstance(x, TensorBase) else x for x in (tensor, other)]
    return dtypes.result_type(*raw)


_LIMITS = {  # eps, smallest normal number, largest number, resolution
    dtypes.bfloat16: (2.0**-7, 2.0**-126, (2 - 2.0**-7) * 2.0**127, 0.01),
    dtypes.ONLY_NAMED["float8_e4m3fn"]: (2.0**-3, 2.0**-6, 448.0, 1.0),
    dtypes.ONLY_NAMED["float8_e4m3fnuz"]: (2.0**-3, 2.0**-7, 240.0, 1.0),
    dtypes.ONLY_NAMED["float8_e5m2"]: (2.0**-2, 2.0**-14, 57344.0, 1.0),
    dtypes.ONLY_NAMED["float8_e5m2fnuz"]: (2.0**-3, 2.0**-15, 57344.0, 1.0),
}


class _Limits:
    """The limits of a dtype, equal to others of the same dtype."""

    _dtype: dtypes.dtype

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._dtype is self._dtype

    def __hash__(self) -> int:
        return hash(self._dtype)


class finfo(_Limits):
    """The limits of a floating dtype.

    ``bits, eps, max, min, tiny, smallest_normal, resolution``
    """

    def __init__(self, type: Any = None) -> None:
        self._dtype = dtypes.get_default_dtype() if type is None else dtypes.as_dtype(type)
        self._dtype = self._dtype.to_real()
        if not self._dtype.is_floating_point:
            raise TypeError(
                f"finfo() requires a floating point input type, got {self._dtype}. Use iinfo"
            )
        self.dtype, self.bits = self._dtype.name, self._dtype.itemsize * 8
        if self._dtype in _LIMITS:
            self.eps, self.tiny, self.max, self.resolution = _LIMITS[self._dtype]
        else:
            info = np.finfo(self._dtype.numpy)
            self.eps, self.tiny = float(info.eps), float(info.tiny)
            self.max, self.resolution = float(info.max), 10.0**-info.precision
        self.min, self.smallest_normal = -self.max, self.tiny

    def __repr__(self) -> str:
        names = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        limits = ", ".join(f"{name}={getattr(self, name):g}" for name in names)
        return f"finfo({limits}, dtype={self.dtype})"


class iinfo(_Limits):
    """The limits of an integer dtype: ``bits, max, min``."""

    def __init__(self, type: Any) -> None:
        self._dtype = dtypes.as_dtype(type)
        if self._dtype.kind != dtypes.INTEGER:
            raise TypeError(f"iinfo() requires an integer input type, got {self._dtype}")
        info = np.iinfo(self._dtype.numpy)
        self.dtype, self.bits, self.max, self.min = self._dtype.name, info.bits, info.max, info.min

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


def is_same_size(input: Any, other: Any) -> bool:
    """Whether both tensors have the same shape."""
    return bool(input.array.shape == other.array.shape)
