"""The regularized incomplete gamma functions on arrays, in float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .special import gammaln

_EPS = 2.0**-53


def gammainc_pair(xp: Any, a: Any, x: Any) -> tuple[Any, Any]:
    """``P(a, x), Q(a, x)`` with ``P + Q = 1`` for arrays that broadcast: the power series up to x =
    a + 1, Legendre's continued fraction above (Press et al., Numerical Recipes, 6.2).
    """
    a, x = xp.broadcast_arrays(xp.asarray(a, dtype=np.float64), xp.asarray(x, dtype=np.float64))
    undefined = (a < 0) | (x < 0) | ((a == 0) & (x == 0)) | xp.isnan(a) | xp.isnan(x)
    undefined = undefined | (xp.isinf(a) & xp.isinf(x))
    zero = ~undefined & ((x == 0) | xp.isinf(a))  # where P is 0
    one = ~undefined & ~zero & ((a == 0) | xp.isinf(x))
    plain = ~(undefined | zero | one)
    a, x = xp.where(plain, a, 1.0), xp.where(plain, x, 1.0)
    size = xp.exp(a * xp.log(x) - x - gammaln(xp, a))
    low = x < a + 1
    p = xp.where(low, size * _series(xp, a, xp.where(low, x, 0.5)), 0.0)
    q = xp.where(low, 1 - p, size * _fraction(xp, a, xp.where(low, a + 2, x)))
    p = xp.where(low, p, 1 - q)
    p = xp.where(zero, 0.0, xp.where(one, 1.0, p))
    q = xp.where(zero, 1.0, xp.where(one, 0.0, q))
    return xp.where(undefined, math.nan, p), xp.where(undefined, math.nan, q)


def _series(xp: Any, a: Any, x: Any) -> Any:
    """``1/a + x/(a (a + 1)) + x**2/(a (a + 1) (a + 2)) + ...``"""
    term = 1 / a
    total, n = term, a
    while bool((xp.abs(term) > _EPS * xp.abs(total)).any()):
        n = n + 1
        term = term * x / n
        total = total + term
    return total


def _fraction(xp: Any, a: Any, x: Any) -> Any:
    """``1/(x + 1 - a - 1 (1 - a)/(x + 3 - a - 2 (2 - a)/(x + 5 - a - ...)))`` by Lentz's method."""
    b = x + 1 - a
    c, d = xp.full_like(x, 1e300), 1 / b
    y, k = d, 0
    while True:
        k += 1
        numerator = -k * (k - a)
        b = b + 2
        d = 1 / (numerator * d + b)
        c = b + numerator / c
        step = c * d
        y = y * step
        if not bool((xp.abs(step - 1) > _EPS * 4).any()) or k > 10000:
            return y
