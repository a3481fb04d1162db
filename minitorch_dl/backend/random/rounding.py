"""The precision in which samples are computed, and their rounding to the dtype asked for."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..precision import is_half

Shape = tuple[int, ...]

_FLOATS = {
    "float16": (11, 65504.0),
    "bfloat16": (8, float.fromhex("0x1.fep127")),
    "float32": (24, float.fromhex("0x1.fffffep127")),
    "float64": (53, float.fromhex("0x1.fffffffffffffp1023")),
}
"""Per floating dtype its number of significant bits and its largest value."""


@functools.cache  # looking a dtype's name up takes a microsecond
def float_range(dtype: np.dtype) -> tuple[int, float] | None:
    """A floating dtype's number of significant bits and its largest value; None for others."""
    return _FLOATS.get(dtype.name)


@functools.cache
def integer_range(dtype: np.dtype) -> tuple[int, int]:
    """An integer dtype's smallest and largest values."""
    info = np.iinfo(dtype)
    return int(info.min), int(info.max)


def computed_in(op: str, dtype: np.dtype) -> type[np.floating]:
    """The type in which samples of a floating dtype are computed."""
    if float_range(dtype) is None:
        raise NotImplementedError(f'"{op}" not implemented for dtype {dtype.name}')
    return np.float64 if dtype == np.float64 else np.float32


def part_of(dtype: np.dtype) -> np.dtype:
    """The dtype of the real and imaginary parts of a complex one."""
    return np.empty(0, dtype).real.dtype


def rounded(x: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """`x` in `dtype`; by way of float32 to the 16-bit floats, as PyTorch rounds."""
    if x.dtype == dtype:
        return x
    with np.errstate(over="ignore", invalid="ignore"):
        if is_half(dtype):
            x = x.astype(np.float32, copy=False)
        return x.astype(dtype, copy=False)


def finish(x: np.ndarray, shape: Shape, dtype: np.dtype, xp: Any) -> Any:
    """The samples `x` in the shape, dtype and array module that the caller asked for."""
    x = rounded(x, dtype).reshape(shape)
    return x if xp is np else xp.asarray(x)


def is_number(x: Any) -> bool:
    """Whether a parameter is a number rather than an array."""
    return isinstance(x, (int, float))
