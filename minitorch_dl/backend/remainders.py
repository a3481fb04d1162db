"""Quotients and remainders of float32 numbers, by way of float64.

NumPy asks the C library's ``fmod`` for each element, which takes 15 ns. In float64 the quotient q
of two float32 numbers is never rounded to an integer that it is not, and with ``|q| < 2^29`` its
integer part times the divisor is exact; so is what remains. That takes 2 ns.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["floor_divide", "fmod", "remainder"]

_FEW = 1 << 10
"""Elements below which the calls take longer."""


def _in_float64(xp: Any, a: Any, b: Any, most: float) -> tuple[Any, Any, Any] | None:
    """The operands, one of which may be a number, and their quotient; None where that would not
    serve: other dtypes and devices, few elements, ``|quotient| >= most``, infinities and NaN."""
    like = a if hasattr(a, "dtype") else b
    if xp is not np or like.dtype != np.float32 or max(np.size(a), np.size(b)) < _FEW:
        return None
    x, y = (np.asarray(v, np.float32).astype(np.float64) for v in (a, b))
    q = x / y
    if not (-most < q.min() and q.max() < most and np.isfinite(y.sum())):
        return None
    return x, y, q


def floor_divide(xp: Any, a: Any, b: Any) -> Any:
    """The floor of ``a / b``."""
    found = _in_float64(xp, a, b, 2.0**22)  # NumPy rounds larger ones
    if found is None:
        return xp.floor_divide(a, b)
    _, _, q = found
    return np.floor(q, out=q).astype(np.float32)


def fmod(xp: Any, a: Any, b: Any) -> Any:
    """``a - b * trunc(a / b)``, with the sign of ``a``, even if it is 0."""
    found = _in_float64(xp, a, b, 2.0**29)
    return xp.fmod(a, b) if found is None else _rest(*found, np.trunc, found[0])


def remainder(xp: Any, a: Any, b: Any) -> Any:
    """``a - b * floor(a / b)``, with the sign of ``b``, even if it is 0."""
    found = _in_float64(xp, a, b, 2.0**29)
    return xp.remainder(a, b) if found is None else _rest(*found, np.floor, found[1])


def _rest(x: Any, y: Any, q: Any, whole: np.ufunc, signs: Any) -> Any:
    """``x - y whole(q)`` with the signs of ``signs``; overwrites q."""
    q = np.multiply(whole(q, out=q), y, out=q)
    return np.copysign(np.subtract(x, q, out=q), signs, out=q).astype(np.float32)
