"""Bessel functions and Airy's function on arrays, in float64 and returned in the input's dtype."""

from __future__ import annotations

import math
from typing import Any

from .special import EULER_GAMMA, kernel, polynomial

# -- first and second kind -------------------------------------------------------------------------

_NEAR = 25.0
_START = 80  # of the backward recurrence: J_80(25) is below 1e-30


def _ladder(xp: Any, x: Any, weights: dict[int, float]) -> tuple[Any, Any, Any]:
    """``J_0(x)``, ``J_1(x)`` and ``sum_n weights[n] J_n(x)`` for 0 < x <= 25 by Miller's backward
    recurrence, normalised by ``J_0 + 2 J_2 + 2 J_4 + ... = 1`` (Abramowitz and Stegun 9.12,
    9.1.46).
    """
    below, above = xp.full_like(x, 1e-280), xp.zeros_like(x)
    even, weighted = xp.zeros_like(x), xp.zeros_like(x)
    for n in range(_START - 1, -1, -1):
        below, above = 2 * (n + 1) / x * below - above, below  # J_n = 2(n+1)/x J_(n+1) - J_(n+2)
        if n % 2 == 0:
            even = even + below
        if n in weights:
            weighted = weighted + weights[n] * below
        if n % 4 == 0:  # before they overflow: a step multiplies by less than 1e11
            scale = xp.where(xp.abs(below) > 1e200, 1e-200, 1.0)
            below, above, even, weighted = [f * scale for f in (below, above, even, weighted)]
    total = 2 * even - below
    return below / total, above / total, weighted / total


def _hankel(xp: Any, order: int, x: Any) -> tuple[Any, Any]:
    """``J_order(x), Y_order(x)`` for large x by Hankel's expansion (Abramowitz and Stegun
    9.2.5).
    """
    p, q, term = xp.ones_like(x), xp.zeros_like(x), xp.ones_like(x)
    for k in range(1, 30):
        term = term * (4 * order * order - (2 * k - 1) ** 2) / (8 * k * x)
        part = -term if k % 4 in (2, 3) else term
        if k % 2:
            q = q + part
        else:
            p = p + part
    angle = x - (order / 2 + 0.25) * math.pi
    size = xp.sqrt(2 / (math.pi * x))
    sine, cosine = xp.sin(angle), xp.cos(angle)
    return size * (p * cosine - q * sine), size * (p * sine + q * cosine)


def _parts(xp: Any, x: Any) -> tuple[Any, Any, Any]:
    """Where x is small, and x kept inside the small and the large range."""
    near = x <= _NEAR
    return near, xp.where(near & (x > 1e-8), x, 1e-8), xp.where(near, _NEAR, x)


def _first(xp: Any, order: int, x: Any) -> Any:
    size = xp.abs(x)
    near, small, large = _parts(xp, size)
    y = xp.where(near, _ladder(xp, small, {})[order], _hankel(xp, order, large)[0])
    y = xp.where(size < 1e-8, 1.0 if order == 0 else size / 2, y)
    return y if order == 0 else xp.where(x < 0, -y, y)


@kernel
def bessel_j0(xp: Any, x: Any) -> Any:
    """The Bessel function of the first kind, order 0."""
    return _first(xp, 0, x)


@kernel
def bessel_j1(xp: Any, x: Any) -> Any:
    """The Bessel function of the first kind, order 1."""
    return _first(xp, 1, x)


def _second(xp: Any, order: int, x: Any) -> Any:
    """Neumann's series (Abramowitz and Stegun 9.1.88) up to 25, Hankel's expansion above."""
    near, small, large = _parts(xp, x)
    ranks = range(1, _START // 2 - 1)
    log = xp.log(small / 2) + EULER_GAMMA
    if order == 0:
        j0, _, rest = _ladder(xp, small, {2 * k: (-1) ** k / k for k in ranks})
        y = 2 / math.pi * (log * j0) - 4 / math.pi * rest
        origin = 2 / math.pi * (xp.log(xp.maximum(x, 1e-320) / 2) + EULER_GAMMA)
    else:
        weights = {2 * k + 1: (-1) ** k * (2 * k + 1) / (k * (k + 1)) for k in ranks}
        j0, j1, rest = _ladder(xp, small, weights)
        y = 2 / math.pi * ((log - 1) * j1 - j0 / small - rest)
        origin = -2 / (math.pi * x)
    y = xp.where(near, xp.where(x < 1e-8, origin, y), _hankel(xp, order, large)[1])
    return xp.where(x < 0, math.nan, xp.where(x == 0, -math.inf, y))


@kernel
def bessel_y0(xp: Any, x: Any) -> Any:
    """The Bessel function of the second kind, order 0: -inf at 0, NaN below."""
    return _second(xp, 0, x)


@kernel
def bessel_y1(xp: Any, x: Any) -> Any:
    """The Bessel function of the second kind, order 1: -inf at 0, NaN below."""
    return _second(xp, 1, x)


@kernel
def spherical_bessel_j0(xp: Any, x: Any) -> Any:
    """``sin(x) / x``, 1 at 0."""
    safe = xp.where(x == 0, 1.0, x)
    return xp.where(xp.isinf(x), 0.0, xp.where(x == 0, 1.0, xp.sin(safe) / safe))


# -- modified, second kind -------------------------------------------------------------------------


def _scaled_k(xp: Any, order: float, x: Any) -> Any:
    """``exp(x) K_order(x)`` for x > 1e-8: ``int_0^inf exp(-x (cosh t - 1)) cosh(order t) dt``
    (Abramowitz and Stegun 9.6.24) by the trapezoidal rule, which converges geometrically (Trefethen
    and Weideman, 2014).
    """
    n = 160
    end = 2 * xp.arcsinh(xp.sqrt(22.5 / x))  # where the exponent is -45
    total = 0.5 * xp.ones_like(x)
    for k in range(1, n + 1):
        t = end * (k / n)
        # cosh t - 1 = 2 sinh(t/2)**2, without the cancellation
        total += xp.exp(-2 * (x * xp.sinh(t / 2) ** 2)) * xp.cosh(order * t)
    return total * end / n


def _modified_second(xp: Any, order: int, x: Any, scaled: bool) -> Any:
    small = x < 1e-8
    inside = xp.where(small | xp.isinf(x) | (x < 0) | xp.isnan(x), 1.0, x)
    y = _scaled_k(xp, order, inside)
    y = y if scaled else y * xp.exp(-inside)
    tiny = xp.where(small & (x > 0), x, 1.0)
    origin = -xp.log(tiny / 2) - EULER_GAMMA if order == 0 else 1 / tiny
    y = xp.where(small, origin * xp.exp(tiny) if scaled else origin, y)
    y = xp.where(xp.isinf(x), 0.0, xp.where(xp.isnan(x), math.nan, y))
    return xp.where(x < 0, math.nan, xp.where(x == 0, math.inf, y))


@kernel
def modified_bessel_k0(xp: Any, x: Any) -> Any:
    """The modified Bessel function of the second kind, order 0: inf at 0, NaN below."""
    return _modified_second(xp, 0, x, scaled=False)


@kernel
def modified_bessel_k1(xp: Any, x: Any) -> Any:
    """The modified Bessel function of the second kind, order 1: inf at 0, NaN below."""
    return _modified_second(xp, 1, x, scaled=False)


@kernel
def scaled_modified_bessel_k0(xp: Any, x: Any) -> Any:
    """``exp(x) K_0(x)``."""
    return _modified_second(xp, 0, x, scaled=True)


@kernel
def scaled_modified_bessel_k1(xp: Any, x: Any) -> Any:
    """``exp(x) K_1(x)``."""
    return _modified_second(xp, 1, x, scaled=True)


# -- Airy ------------------------------------------------------------------------------------------

_AI_0 = 3 ** (-2 / 3) / math.gamma(2 / 3)
_AI_SLOPE_0 = 3 ** (-1 / 3) / math.gamma(1 / 3)


def _airy_coefficients(n: int) -> list[float]:
    """``u_k`` of Abramowitz and Stegun 10.4.58."""
    u = [1.0]
    for k in range(1, n):
        u.append(u[-1] * (6 * k - 5) * (6 * k - 3) * (6 * k - 1) / (216 * k * (2 * k - 1)))
    return u


@kernel
def airy_ai(xp: Any, x: Any) -> Any:
    """Airy's function Ai: above 1 by the Bessel function K of order 1/3, between -7 and 1 by
    Maclaurin's series, below by the asymptotic expansion (Abramowitz and Stegun 10.4.14, 10.4.2,
    10.4.60).
    """
    high = xp.maximum(x, 1.0)
    z = xp.minimum(2 / 3 * high**1.5, 1e6)
    right = xp.exp(-z) * _scaled_k(xp, 1 / 3, z) * xp.sqrt(high / 3) / math.pi

    middle = xp.clip(x, -7.0, 1.0)
    cube = middle**3
    f, g = xp.ones_like(x), middle.copy()
    a, b = f, g
    for k in range(1, 60):
        a = a * cube / ((3 * k - 1) * (3 * k))
        b = b * cube / ((3 * k) * (3 * k + 1))
        f, g = f + a, g + b
    centre = _AI_0 * f - _AI_SLOPE_0 * g

    low = xp.maximum(-x, 7.0)
    z = 2 / 3 * low**1.5
    u = [(-1) ** (k // 2) * c for k, c in enumerate(_airy_coefficients(16))]
    p, q = polynomial(1 / (z * z), u[0::2]), polynomial(1 / (z * z), u[1::2]) / z
    angle = z + math.pi / 4
    left = (xp.sin(angle) * p - xp.cos(angle) * q) / (math.sqrt(math.pi) * low**0.25)
    y = xp.where(x > 1, right, xp.where(x < -7, left, centre))
    return xp.where(xp.isnan(x), math.nan, y)
