"""``y += a x`` by BLAS, in one pass where NumPy needs two."""

from __future__ import annotations

import ctypes
import functools
from typing import Any

import numpy as np

from .blas import library_function, one_thread
from .precision import rounded_number

STEP = 64
"""A multiple of how many elements BLAS works on at once, by fused operations.

What is left over it rounds otherwise: a product, and then a sum. Such a rest is copied to where it
is none, so that each element's bits depend on its own numbers alone.
"""

_ONE_THREAD = 8192
"""Elements up to which BLAS uses one thread anyway."""


def add_multiple(xp: Any, y: Any, a: Any, x: Any, work: Any) -> None:
    """``y += a x`` in place, for vectors and a number.

    Args:
        work: room for the product, where BLAS can't be asked.
    """
    axpy = _axpy(y.dtype.char) if y.__class__ is np.ndarray else None
    if (
        axpy is None
        or abs(a) < 1e-30  # for 0, BLAS does not look for NaN in x
        or x.dtype != y.dtype
        or not (x.flags.c_contiguous and y.flags.c_contiguous)
    ):
        y += xp.multiply(x, rounded_number(a, y), out=work)
        return
    whole = len(y) // STEP * STEP
    if whole > _ONE_THREAD:
        with one_thread:
            axpy(whole, a, _address(x), 1, _address(y), 1)
    elif whole:
        axpy(whole, a, _address(x), 1, _address(y), 1)
    rest = len(y) - whole
    if rest:
        ends = np.zeros((2, STEP), y.dtype)
        ends[0, :rest], ends[1, :rest] = y[whole:], x[whole:]
        axpy(STEP, a, _address(ends[1]), 1, _address(ends), 1)
        y[whole:] = ends[0, :rest]


def _address(a: Any) -> int:
    """Where an array's memory begins; ``a.ctypes`` takes a microsecond longer."""
    return ctypes.addressof(_BYTE.from_buffer(a)) if a.flags.writeable else a.ctypes.data


_BYTE = ctypes.c_char


@functools.cache
def _axpy(kind: str) -> Any:
    """BLAS's function for float32 ("f") or float64 ("d")."""
    letter, number = {"f": ("s", ctypes.c_float), "d": ("d", ctypes.c_double)}.get(kind, ("", None))
    found = library_function(f"cblas_{letter}axpy") if letter else None
    if found is None:
        return None
    function, integer = found
    pointer = ctypes.c_void_p
    function.argtypes = [integer, number, pointer, integer, pointer, integer]
    function.restype = None
    return function
