"""``log(1 + a)`` and ``exp(a) - 1`` of float32, accurate near 0 and quick on any processor.

NumPy has vector instructions for its own with AVX-512 only; without, they take 13 to 33 ns an
element, ``log`` and ``tanh`` 1 to 3. The error is up to 4 units in the last place.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_FEW = 1 << 10
"""Elements below which NumPy's own take less time than several calls."""


def log1p(xp: Any, a: Any) -> Any:
    """``log(1 + a)``: the logarithm of the rounded sum u, and what rounding took from it, a - (u -
    1), over u (its first-order term)."""
    if not _is_large(xp, a):
        return xp.log1p(a)
    u = 1 + a
    if not (np.minimum.reduce(u, None) > 0 and np.maximum.reduce(u, None) < math.inf):
        return np.log1p(a)
    y = np.log(u)
    rest = u - 1
    np.subtract(a, rest, out=rest)
    rest /= u
    y += rest
    return y


def expm1(xp: Any, a: Any) -> Any:
    """``exp(a) - 1``, which is ``2 t / (1 - t)`` with t = tanh(a / 2); t is near 1 only where a is
    large, which is left to NumPy."""
    if not _is_large(xp, a) or not np.maximum.reduce(a, None) <= 0.5:
        return xp.expm1(a)
    t = np.tanh(a * 0.5)
    rest = 1 - t
    t += t
    t /= rest
    return t


def _is_large(xp: Any, a: Any) -> bool:
    return xp is np and a.dtype == np.float32 and a.size >= _FEW
