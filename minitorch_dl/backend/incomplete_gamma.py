"""The regularized incomplete gamma functions on arrays, in float64."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from .devices import anywhere
from .special import erfc, gammaln, polynomial

_EPS = 2.0**-53
_ORDERS, _DEGREE = 12, 30
"""How many terms Temme's expansion has by 1 / a, and how many of these by eta."""


def gammainc_pair(xp: Any, a: Any, x: Any) -> tuple[Any, Any]:
    """``P(a, x), Q(a, x)`` with ``P + Q = 1`` for arrays that broadcast: the power series up to x =
    a + 1, Legendre's continued fraction above (Press et al., Numerical Recipes, 6.2), and Temme's
    expansion where x lies beside a large a.
    """
    a, x = xp.broadcast_arrays(xp.asarray(a, dtype=np.float64), xp.asarray(x, dtype=np.float64))
    undefined = (a < 0) | (x < 0) | ((a == 0) & (x == 0)) | xp.isnan(a) | xp.isnan(x)
    undefined = undefined | (xp.isinf(a) & xp.isinf(x))
    zero = ~undefined & ((x == 0) | xp.isinf(a))  # where P is 0
    one = ~undefined & ~zero & ((a == 0) | xp.isinf(x))
    plain = ~(undefined | zero | one)
    beside = plain & (a > 20) & (xp.abs(x - a) < 0.3 * a)
    by_eta = _by_eta(xp, xp.where(beside, a, 100.0), xp.where(beside, x, 100.0))
    plain = plain & ~beside
    a, x = xp.where(plain, a, 1.0), xp.where(plain, x, 1.0)
    size = xp.exp(a * xp.log(x) - x - gammaln(xp, a))
    low = x < a + 1
    p = xp.where(low, size * _series(xp, a, xp.where(low, x, 0.5)), 0.0)
    q = xp.where(low, 1 - p, size * _fraction(xp, a, xp.where(low, a + 2, x)))
    p = xp.where(low, p, 1 - q)
    p, q = xp.where(beside, by_eta[0], p), xp.where(beside, by_eta[1], q)
    p = xp.where(zero, 0.0, xp.where(one, 1.0, p))
    q = xp.where(zero, 1.0, xp.where(one, 0.0, q))
    return xp.where(undefined, math.nan, p), xp.where(undefined, math.nan, q)


def _series(xp: Any, a: Any, x: Any) -> Any:
    """``1/a + x/(a (a + 1)) + x**2/(a (a + 1) (a + 2)) + ...``"""
    term = 1 / a
    total, n = term, a
    while anywhere(xp.abs(term) > _EPS * xp.abs(total)):
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
        if not anywhere(xp.abs(step - 1) > _EPS * 4) or k > 10000:
            return y


def _by_eta(xp: Any, a: Any, x: Any) -> tuple[Any, Any]:
    """Temme's uniform expansion (1979; DLMF 8.12.7): with ``eta**2 / 2 = x/a - 1 - log(x/a)``,

    ``Q = erfc(eta sqrt(a/2)) / 2 + exp(-a eta**2 / 2) / sqrt(2 pi a) sum of c_k(eta) a**-k``.
    """
    m = (x - a) / a
    half_square = m * m * polynomial(m, [(-1) ** k / (k + 2) for k in range(30)])
    eta = xp.sqrt(2 * half_square)
    eta = xp.where(m < 0, -eta, eta)
    rest = polynomial(1 / a, [polynomial(eta, c) for c in _coefficients()])
    rest = rest * xp.exp(-a * half_square) / xp.sqrt(2 * math.pi * a)
    at = eta * xp.sqrt(a / 2)
    return erfc(xp, -at) / 2 - rest, erfc(xp, at) / 2 + rest


@functools.cache
def _coefficients() -> list[list[float]]:
    """The power series of ``c_0, c_1, ...`` (DLMF 8.12.11-12), from that of ``x/a - 1``, whose
    derivative by eta is ``eta (1 + 1 / (x/a - 1))``."""
    n = _DEGREE + 2 * _ORDERS + 2
    alpha = [0.0, 1.0]
    for k in range(2, n + 2):
        known = sum(i * alpha[i] * alpha[k + 1 - i] for i in range(2, k))
        alpha.append((alpha[k - 1] - known) / (k + 1))
    first = [-1 / 3, *((i + 2) * alpha[i + 2] for i in range(1, n))]
    rows = [first]
    for k in range(1, _ORDERS):
        stirling = math.prod(range(1, 2 * k + 2, 2)) * alpha[2 * k + 1]
        above = rows[-1]
        rows.append(
            [
                (-1) ** k * stirling * first[i] + (i + 2) * above[i + 2]
                for i in range(len(above) - 2)
            ]
        )
    return [row[:_DEGREE] for row in rows]
