"""Special functions on arrays: those that SciPy has and NumPy lacks.

Everything is computed in float64, block by block so that the temporaries stay in cache, and
returned in the input's dtype.
On a GPU CuPy's own kernels of the same name are used where it has them.
"""

from __future__ import annotations

import functools
import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .blocks import pointwise
from .constants import scalars
from .devices import anywhere
from .row_major import in_row_order

BLOCK = 1 << 14
EULER_GAMMA = 0.57721566490153286061
BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798,
    -174611 / 330,
)  # fmt: skip
"""The Bernoulli numbers B2, B4, ..., B20."""


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function ``(xp, x)`` of a flat float64 array, made to take a float array of any shape and
    dtype.
    """

    @functools.wraps(function)
    def wrapped(xp: Any, a: Any) -> Any:
        native = _native(xp, function.__name__)
        if native is not None:
            return native(a)
        a = xp.asarray(a)
        flat = a.reshape(-1)
        out = xp.empty(flat.shape, a.dtype)
        for start in range(0, flat.size, BLOCK):
            part = slice(start, start + BLOCK)
            out[part] = function(xp, flat[part].astype(np.float64))
        return out.reshape(a.shape)

    return wrapped


def _native(xp: Any, name: str) -> Any:
    """CuPy's own function of this name, if it has one; of 16-bit floats it gives wider ones."""
    if xp.__name__ != "cupy":
        return None
    function = getattr(importlib.import_module("cupyx.scipy.special"), name, None)
    if function is None:
        return None
    return lambda a, *others: function(a, *others).astype(a.dtype, copy=False)


def polynomial(x: Any, coefficients: Any) -> Any:
    """``c[0] + c[1] x + c[2] x**2 + ...`` by Horner's rule."""
    y = x * coefficients[-1]
    for c in coefficients[-2:0:-1]:
        y += c
        y *= x
    y += coefficients[0]
    return y


# -- the error function ----------------------------------------------------------------------------

_ERF_TAYLOR = [
    2 / math.sqrt(math.pi) * (-1) ** n / (math.factorial(n) * (2 * n + 1)) for n in range(19)
]

_ERFCX_CHEBYSHEV = [
    1.1775789345674017541, -0.0045900545806464773309, -0.084249133366517915584,
    0.059209939998191890498, -0.026658668435305752277, 0.0090749976707052650939,
    -0.0024131635404176081909, 4.9077583652580863229e-4, -6.9169733025012063671e-5,
    4.1390279860730101675e-6, 7.7403830661984906686e-7, -2.1886401049234395661e-7,
    1.0764999465670910377e-8, 4.5219598112182868979e-9, -7.7544002088313511068e-10,
    -6.3180883408866844974e-11, 2.8687950109306698955e-11, 1.94558685477773451e-13,
    -9.6546967484334390708e-13, 3.2525481481487386808e-14, 3.3478119482868047223e-14,
    -1.8645628804193147678e-15, -1.2507950530688613771e-15, 7.4182352566248745773e-17,
    5.0681489047974358938e-17,
]  # fmt: skip

_ERF_FLOAT32 = (
    1.12837927, 0.102769056, -1.91830286e-4, -6.19785069e-4, 8.76374702e-5, -5.66849729e-6,
    1.41853381e-7,
)  # fmt: skip


def _erfcx_positive(x: Any) -> Any:
    """``exp(x**2) * erfc(x)`` for x >= 0: a Chebyshev series of ``(1 + 2x) exp(x**2) erfc(x)`` in
    ``(x - 3.75) / (x + 3.75)``.

    Shepherd and Laframboise, "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x in 0 <= x < inf"
    (1981).
    """
    return polynomial(1 - 7.5 / (x + 3.75), _erfcx_coefficients()) / (1 + 2 * x)


@functools.cache  # made when first used: NumPy's polynomials take time to import
def _erfcx_coefficients() -> list[float]:
    return np.polynomial.chebyshev.cheb2poly(_ERFCX_CHEBYSHEV).tolist()


def _exp_minus_square(xp: Any, x: Any) -> Any:
    """``exp(-x**2)``; the square is split, since its rounding error would be multiplied by its
    size.
    """
    high = xp.trunc(x * 16) / 16
    return xp.exp(-high * high) * xp.exp((high - x) * (high + x))


def _erfc_positive(xp: Any, x: Any) -> Any:
    x = xp.minimum(x, 30.0)  # beyond, the result is 0
    return _exp_minus_square(xp, x) * _erfcx_positive(x)


@kernel
def _erf64(xp: Any, x: Any) -> Any:
    size = xp.abs(x)
    small = xp.minimum(size, 1.0)
    near = small * polynomial(small * small, _ERF_TAYLOR)
    return xp.copysign(xp.where(size < 1, near, 1 - _erfc_positive(xp, size)), x)


def erf(xp: Any, a: Any) -> Any:
    """The error function.

    In float32 ``tanh(x * p(x**2))``, with a minimax ``p`` of degree 6: relative error below 4e-7.
    """
    native = _native(xp, "erf")
    if native is not None:
        return native(a)
    if a.dtype != np.float32:
        return _erf64(xp, a)
    return pointwise(xp, functools.partial(_put_erf, xp), xp.asarray(a), passes=16)


def _put_erf(xp: Any, x: Any, out: Any) -> None:
    """``out[...] = erf(x)`` of float32 ``x`` in few passes."""
    last, *others = scalars(xp, x.dtype, *reversed(_ERF_FLOAT32))
    square = x * x
    xp.multiply(square, last, out=out)
    for c in others[:-1]:
        out += c
        out *= square
    out += others[-1]
    out *= x
    xp.tanh(out, out=out)


@kernel
def erfc(xp: Any, x: Any) -> Any:
    """``1 - erf(x)``, accurate in the tail."""
    size = xp.abs(x)
    small = xp.minimum(size, 0.5)
    near = 1 - small * polynomial(small * small, _ERF_TAYLOR)
    y = xp.where(size < 0.5, near, _erfc_positive(xp, size))
    return xp.where(x < 0, 2 - y, y)


@kernel
def erfcx(xp: Any, x: Any) -> Any:
    """``exp(x**2) * erfc(x)``."""
    y = _erfcx_positive(xp.abs(x))
    return xp.where(x < 0, 2 * xp.exp(x * x) - y, y)


def _invert_erf(xp: Any, size: Any, complement: Any) -> Any:
    """The x >= 0 with ``erf(x) = size``, where ``complement = 1 - size``.

    Winitzki's closed form (2008), good to 0.2 %, then two Halley steps, each of which triples the
    digits: relative error below 1e-15. From 0.5 on they are for ``log(erfc(x))``, whose
    curvature stays the same in the tail.
    """
    log_ = xp.log(complement) + xp.log1p(size)
    half = 2 / (math.pi * 0.147) + log_ / 2
    x = xp.sqrt(xp.maximum(xp.sqrt(half * half - log_ / 0.147) - half, 0.0))
    for _ in range(2):
        small = xp.minimum(x, 1.0)
        near = small * polynomial(small * small, _ERF_TAYLOR) - size
        scaled = _erfcx_positive(x)
        gap = xp.where(size < 0.5, 0.0, xp.log(complement / scaled) + x * x)
        u = xp.where(size < 0.5, near * xp.exp(small * small), gap * scaled)
        u *= math.sqrt(math.pi) / 2
        x = x - u / (1 + x * u - gap / 2)
    return xp.where(complement == 0, math.inf, x)


_ERFINV_NEAR = (
    1.50140941, 0.246640727, -0.00417768164, -0.00125372503, 2.1858087e-4, -4.39150654e-6,
    -3.5233877e-6, 3.43273939e-7, 2.81022636e-8,
)  # fmt: skip
_ERFINV_FAR = (
    2.83297682, 1.00167406, 0.00943887047, -0.0076224613, 0.00573950773, -0.00367342844,
    0.00134934322, 1.00950558e-4, -2.00214257e-4,
)  # fmt: skip


@kernel
def _erfinv64(xp: Any, y: Any) -> Any:
    size = xp.abs(y)
    return xp.copysign(_invert_erf(xp, size, 1 - size), y)


def erfinv(xp: Any, a: Any) -> Any:
    """The inverse of ``erf``: infinite at -1 and 1, NaN outside.

    In float32 ``y p(w)`` with ``w = -log(1 - y**2)`` and a polynomial each for small and for large
    w: relative error below 3e-7 (Giles, "Approximating the erfinv function", 2010).
    """
    native = _native(xp, "erfinv")
    if native is not None:
        return native(a)
    if a.dtype != np.float32:
        return _erfinv64(xp, a)

    def work(y: Any, out: Any) -> None:
        w = -xp.log((1 - y) * (1 + y))
        near = polynomial(w - 2.5, _ERFINV_NEAR)
        far = polynomial(xp.sqrt(w) - 3, _ERFINV_FAR)
        xp.multiply(xp.where(w < 5, near, far), y, out=out)
        xp.copysign(out, y, out=out)  # at infinite w, ``far`` is minus infinity

    return pointwise(xp, work, xp.asarray(a), passes=50)


@kernel
def ndtr(xp: Any, x: Any) -> Any:
    """The standard normal distribution function ``erfc(-x / sqrt(2)) / 2``."""
    return 0.5 * erfc(xp, x * -math.sqrt(0.5))


@kernel
def log_ndtr(xp: Any, x: Any) -> Any:
    """``log(ndtr(x))``, accurate in the lower tail."""
    scaled = x * -math.sqrt(0.5)
    tail = xp.log(_erfcx_positive(xp.maximum(scaled, 0.0)) / 2) - scaled * scaled
    return xp.where(x < -1, tail, xp.log1p(-erfc(xp, -scaled) / 2))


@kernel
def ndtri(xp: Any, p: Any) -> Any:
    """The inverse of ``ndtr``."""
    lower = 2 * xp.minimum(p, 1 - p)
    x = math.sqrt(2) * _invert_erf(xp, 1 - lower, lower)
    return xp.where(p < 0.5, -x, x)


# -- the gamma function ----------------------------------------------------------------------------


def hurwitz_zeta(xp: Any, s: Any, q: Any) -> Any:
    """``sum over k >= 0 of (k + q)**-s`` for s > 1, by nine terms and the Euler-Maclaurin formula
    for the rest.
    """
    total = xp.zeros_like(q + s)
    q = q + total
    for _ in range(9):
        total += q**-s
        q = q + 1
    while anywhere(low := q < 9):  # negative q
        total += xp.where(low, q**-s, 0.0)
        q = xp.where(low, q + 1, q)
    power = q**-s
    total += power * (q / (s - 1) + 0.5)
    factor = s
    for k, bernoulli in enumerate(BERNOULLI):
        power = power / q
        total += bernoulli / math.factorial(2 * k + 2) * factor * power
        power = power / q
        factor = factor * (s + 2 * k + 1) * (s + 2 * k + 2)
    return total


def zeta(xp: Any, s: Any, q: Any) -> Any:
    """The Hurwitz zeta function; infinite at s = 1 and at q = 0, -1, ..., NaN for s < 1."""
    native = _native(xp, "zeta")
    if native is not None:
        return native(s, q)
    dtype = xp.result_type(s, q)
    s, q = (in_row_order(xp.asarray(v, dtype=np.float64)) for v in (s, q))
    pole = (s == 1) | ((q <= 0) & (q == xp.floor(q)))
    undefined = (s < 1) | (~pole & (q < 0) & (s != xp.floor(s)))
    irregular = pole | undefined
    y = hurwitz_zeta(xp, xp.where(irregular, 2.0, s), xp.where(irregular, 1.0, q))
    y = xp.where(undefined, math.nan, xp.where(pole, math.inf, y))
    return y.astype(dtype)


_ZETA_MINUS_ONE = [float(hurwitz_zeta(np, float(k), np.float64(2))) for k in range(2, 30)]
_LGAMMA_AT_TWO = [0.0, 1 - EULER_GAMMA] + [
    (-1) ** k * z / k for k, z in enumerate(_ZETA_MINUS_ONE, start=2)
]
"""Taylor coefficients of ``lgamma(2 + z)``:
``(1 - gamma) z + sum over k >= 2 of (-1)**k (zeta(k) - 1) z**k / k``.
"""


def _by_parts(xp: Any, condition: Any, x: Any, inside: Any, outside: Any) -> Any:
    """``where(condition, inside(x), outside(x))``; on the host only that which is needed."""
    if xp is np:
        if not condition.any():
            return outside(x)
        if condition.all():
            return inside(x)
    return xp.where(condition, inside(x), outside(x))


def _lgamma_positive(xp: Any, x: Any) -> Any:
    """Taylor's series below 2.5, Stirling's above (Abramowitz and Stegun 6.1.33, 6.1.40)."""

    def small(x: Any) -> Any:
        near = xp.minimum(x, 2.5)
        nearest = xp.minimum(xp.floor(near + 0.5), 2.0)
        z = near - nearest
        y = polynomial(z, _LGAMMA_AT_TWO)
        y -= xp.where(nearest < 2, xp.log1p(z), 0.0)
        y -= xp.where(nearest < 1, xp.log(near), 0.0)
        return y

    def large(x: Any) -> Any:
        shifted = x < 8.5
        far = xp.maximum(x, 2.5)
        steps = far * (far + 1) * (far + 2) * (far + 3) * (far + 4) * (far + 5)
        y = xp.where(shifted, far + 6, far)
        series = [b / ((2 * k) * (2 * k - 1)) for k, b in enumerate(BERNOULLI[:9], start=1)]
        total = (y - 0.5) * (xp.log(y) - 1) + (0.5 * math.log(2 * math.pi) - 0.5)
        total += polynomial(1 / (y * y), series) / y
        total -= xp.where(shifted, xp.log(steps), 0.0)
        return total

    return _by_parts(xp, x < 2.5, x, small, large)


def _fraction(xp: Any, x: Any) -> Any:
    """What ``sin(pi x)`` needs of x, without losing digits for large x."""
    return x - xp.rint(x)


@kernel
def gammaln(xp: Any, x: Any) -> Any:
    """``log |gamma(x)|``: infinite at 0, -1, -2, ..."""

    def reflected(y: Any) -> Any:
        return math.log(math.pi) - xp.log(xp.abs(xp.sin(math.pi * _fraction(xp, x)))) - y

    negative = x < 0
    y = _lgamma_positive(xp, xp.where(negative, 1 - x, x))
    return xp.where(xp.isinf(x), math.inf, _by_parts(xp, negative, y, reflected, lambda y: y))


@kernel
def digamma(xp: Any, x: Any) -> Any:
    """The derivative of ``gammaln`` by its recurrence and asymptotic series (Abramowitz and Stegun
    6.3.6, 6.3.18).
    """

    def reflected(y: Any) -> Any:
        y = y - math.pi / xp.tan(math.pi * _fraction(xp, x))
        return xp.where(x == xp.floor(x), math.nan, y)

    negative = x < 0
    y = xp.where(negative, 1 - x, x)
    low = y < 8
    steps = 1 / y
    for k in range(1, 8):
        steps += 1 / (y + k)
    y = xp.where(low, y + 8, y)
    series = [0.0] + [-b / (2 * k) for k, b in enumerate(BERNOULLI, start=1)]
    total = xp.log(y) - 0.5 / y + polynomial(1 / (y * y), series)
    total -= xp.where(low, steps, 0.0)
    return _by_parts(xp, negative, total, reflected, lambda y: y)


def polygamma(xp: Any, n: int, a: Any) -> Any:
    """The n-th derivative of ``digamma``: ``(-1)**(n + 1) n! zeta(n + 1, x)``."""
    if n == 0:
        return digamma(xp, a)
    x = xp.asarray(a, dtype=np.float64)
    y = zeta(xp, np.float64(n + 1), x)
    if n == 1:  # the limit, which PyTorch gives of this one alone
        y = xp.where(xp.isinf(x), xp.where(x > 0, 0.0, math.nan), y)
    return xp.asarray((-1) ** (n + 1) * math.factorial(n) * y).astype(a.dtype)


# -- modified Bessel functions ---------------------------------------------------------------------


def _scaled_bessel(xp: Any, order: int, x: Any) -> Any:
    """``exp(-x) I_order(x)`` for x >= 0 and order 0 or 1.

    Up to 30 the integral ``2/pi * int_0^(pi/2) cosh(x cos t) dt`` (order 1:
    ``sinh(x cos t) cos t``), for which the trapezoidal rule converges geometrically (Trefethen and
    Weideman, 2014); above that Hankel's expansion (Abramowitz and Stegun 9.6.16, 9.7.1).
    """
    near = xp.minimum(x, 30.0)
    n = 32
    integral = xp.zeros_like(near)
    for k in range(n):  # the integrand is 0 or constant at pi/2, and half counts at both ends
        cosine = math.cos(math.pi * k / (2 * n))
        weight = (0.5 if k == 0 else 1.0) / n
        integral += weight * (
            xp.cosh(near * cosine) if order == 0 else xp.sinh(near * cosine) * cosine
        )
    integral += 0.5 / n if order == 0 else 0.0
    far = xp.maximum(x, 30.0)
    terms = [1.0]
    for k in range(1, 20):
        terms.append(-terms[-1] * (4 * order * order - (2 * k - 1) ** 2) / (8 * k))
    series = polynomial(1 / far, terms) / (math.sqrt(2 * math.pi) * xp.sqrt(far))
    return xp.where(x <= 30, xp.exp(-near) * integral, series)


@kernel
def i0e(xp: Any, x: Any) -> Any:
    """``exp(-|x|) I_0(x)``."""
    return _scaled_bessel(xp, 0, xp.abs(x))


@kernel
def i1e(xp: Any, x: Any) -> Any:
    """``exp(-|x|) I_1(x)``."""
    return xp.copysign(_scaled_bessel(xp, 1, xp.abs(x)), x)


@kernel
def i0(xp: Any, x: Any) -> Any:
    """The modified Bessel function of the first kind, order 0."""
    size = xp.abs(x)
    return xp.exp(size) * _scaled_bessel(xp, 0, size)


@kernel
def i1(xp: Any, x: Any) -> Any:
    """The modified Bessel function of the first kind, order 1."""
    size = xp.abs(x)
    return xp.copysign(xp.exp(size) * _scaled_bessel(xp, 1, size), x)
