"""The precision in which a kernel computes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .row_major import order_like

_float32_products = "highest"


def float32_products() -> str:
    """How a GPU may round float32 matrix products: "highest", "high" (TF32) or "medium"."""
    return _float32_products


def set_float32_products(precision: str) -> None:
    """Set what ``float32_products`` tells."""
    global _float32_products
    _float32_products = precision


def is_half(dtype: Any) -> bool:
    """Whether this is a 16-bit float: float16, or bfloat16, which NumPy knows as a foreign type."""
    return dtype.itemsize == 2 and dtype.kind not in "iub"


def summed_in(dtype: Any) -> Any:
    """The dtype in which floats are added up: float32 for 16-bit ones, whose sums would stop
    growing where a term is less than half of their last digit."""
    return _FLOAT32 if dtype.itemsize == 2 and is_half(dtype) else dtype


_FLOAT16, _FLOAT32 = np.dtype("float16"), np.dtype("float32")
_MANY = 1 << 14
_BLOCK = 1 << 15
"""Elements whose bits stay in a core's cache."""


def widened(value: Any) -> Any:
    """The array, 16-bit floats as float32; anything else as it is."""
    if not (hasattr(value, "dtype") and is_half(value.dtype)):
        return value
    many = value.dtype == _FLOAT16 and value.size >= _MANY and value.__class__ is np.ndarray
    if many and value.flags.c_contiguous:
        return _shifted(value)
    return value.astype(np.float32, order_like(value))


def _shifted(a: np.ndarray) -> np.ndarray:
    """A contiguous float16 array as float32: its bits in their new places, times a power of two for
    the exponents' other offset. NumPy takes eight times as long, 1.5 ns an element."""
    y = np.empty(a.shape, np.float32)
    given, made = a.reshape(-1).view(np.int16), y.reshape(-1)
    for start in range(0, a.size, _BLOCK):
        x = made[start : start + _BLOCK]
        bits = x.view(np.int32)
        bits[...] = given[start : start + _BLOCK]
        bits <<= 13
        bits &= ~0x70001FFF
        x *= np.float32(2.0**112)
        most = bits & 0x7FFFFFFF
        if most.max() >= 0x47800000:  # 2^16, which stands for inf and NaN
            bits[most >= 0x47800000] |= 0x7F800000
    return y


class Rounded(np.ndarray):
    """16-bit floats that are held as float32: operations compute in float32, and what they write
    to such an array is rounded. Results that are written nowhere are plain float32."""

    dtype_rounded_to: Any = None

    @classmethod
    def of(cls, array: Any) -> Rounded:
        """A copy of an array of 16-bit floats."""
        made: Rounded = widened(array).view(cls)
        made.dtype_rounded_to = array.dtype
        return made

    def __array_finalize__(self, source: Any) -> None:
        self.dtype_rounded_to = getattr(source, "dtype_rounded_to", None)

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, out: Any = (), **options: Any
    ) -> Any:
        written = tuple(map(_plain, out))
        if written:
            options["out"] = written
        result = getattr(ufunc, method)(*map(_plain, inputs), **options)
        for array, x in zip(out, written):
            if isinstance(array, Rounded):
                x[...] = x.astype(array.dtype_rounded_to)
        return out[0] if len(out) == 1 else result


def rounding_like(temporary: Any, array: Any) -> Any:
    """The temporary, in which what is written is rounded if the array is :class:`Rounded`: for what
    PyTorch keeps in a tensor."""
    if not isinstance(array, Rounded):
        return temporary
    view = temporary.view(Rounded)
    view.dtype_rounded_to = array.dtype_rounded_to
    return view


def rounded_number(number: Any, array: Any) -> Any:
    """A number that is added to an array, or the factor ``alpha`` of what is added, as PyTorch
    takes it: a 16-bit float where the array has such."""
    if not isinstance(array, Rounded):
        return number
    return float(np.asarray(number, array.dtype_rounded_to))


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, Rounded) else value


def epsilon(dtype: Any) -> float:
    """The distance from 1 to the next number of a floating dtype."""
    return 2.0**-7 if dtype.name == "bfloat16" else float(np.finfo(dtype).eps)


@functools.cache
def in_float32(kernel: Callable[..., Any], back: int | None = None) -> Callable[..., Any]:
    """``kernel(xp, *arrays, **params)`` with 16-bit floats computed, and summed, in float32.

    Of the results the first ``back`` are 16-bit floats again, all unless it is given.

    NumPy's 16-bit products are a hundred times slower than its float32 ones, and lose digits as
    they add up.
    """

    on_gpu = getattr(kernel, "gpu_kernel", None)  # it reads and writes 16-bit floats as they are

    @functools.wraps(kernel)
    def wide(xp: Any, first: Any, *others: Any, **params: Any) -> Any:
        try:
            dtype = first.dtype
        except AttributeError:  # a number
            dtype = others[0].dtype
        if not is_half(dtype):
            return kernel(xp, first, *others, **params)
        arrays = (first, *others)
        if on_gpu is not None and xp is not np:
            result = on_gpu(xp, *arrays, **params)
            if result is not None:
                return result
        given = [widened(a) for a in arrays]
        result = kernel(xp, *given, **params)
        if isinstance(result, tuple):
            narrow = tuple(
                r.astype(dtype) if r is not None and r.dtype == "float32" else r
                for r in result[:back]
            )
            return narrow + result[len(narrow) :]
        return result if back == 0 else result.astype(dtype)

    return wide
