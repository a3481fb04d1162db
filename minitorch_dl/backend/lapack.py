"""LAPACK's LU factorization, which NumPy's OpenBLAS has and NumPy shows no way to."""

from __future__ import annotations

import ctypes
import functools
from typing import Any

import numpy as np

from .blas import library_function


def lu_factors(a: Any) -> tuple[Any, Any] | None:
    """``L`` and ``U`` of each matrix (..., M, N) in one, and the rows ``p[k] >= k`` that each step
    swapped with row k; None where LAPACK can't be asked."""
    function = _getrf(a.dtype.char) if a.__class__ is np.ndarray else None
    if function is None or not a.size:
        return None
    getrf, integer, kind = function
    m, n = a.shape[-2:]
    columns = np.array(a.reshape(-1, m, n).transpose(0, 2, 1), order="C")  # LAPACK's order
    pivots = np.empty((len(columns), min(m, n)), kind)
    rows, width, info = integer(m), integer(n), integer()
    by_rows, by_width, by_info = map(ctypes.byref, (rows, width, info))
    matrix, swaps = columns.ctypes.data, pivots.ctypes.data
    for _ in range(len(columns)):
        getrf(by_rows, by_width, matrix, by_rows, swaps, by_info)
        matrix, swaps = matrix + columns.strides[0], swaps + pivots.strides[0]
    factors = np.ascontiguousarray(columns.transpose(0, 2, 1)).reshape(a.shape)
    return factors, (pivots - 1).astype("int64", copy=False).reshape(*a.shape[:-2], -1)


@functools.cache
def _getrf(kind: str) -> tuple[Any, Any, np.dtype] | None:
    """LAPACK's function for numbers of this kind, and its type of integers, also as a dtype.

    It takes pointers only, as Fortran's functions do.
    """
    letter = {"f": "s", "d": "d", "F": "c", "D": "z"}.get(kind)
    found = library_function(f"{letter}getrf_") if letter else None
    if found is None:
        return None
    function, integer = found
    function.argtypes, function.restype = [ctypes.c_void_p] * 6, None
    return function, integer, np.dtype(integer)
