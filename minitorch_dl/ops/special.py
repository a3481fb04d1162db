"""Special functions: the error function, the gamma function and their families.

In a formula ``g`` is the gradient of the output, ``y`` the output, ``a`` and ``b`` the inputs. The
numerical methods are in ``backend/special.py``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.no_derivative import no_derivative
from ..autograd.node_names import as_one
from ..autograd.primitive import primitive, write_out
from ..backend import special as kernels
from ..backend.precision import in_float32
from .elementwise import exp, log, log1p
from .selection import keep, select
from .trigonometric import cos, sin

__all__ = [
    "digamma", "entr", "erf", "erfc", "erfcx", "erfinv", "expit", "gammaln", "i0", "i0e", "i1",
    "i1e", "lgamma", "log_ndtr", "logit", "multigammaln", "mvlgamma", "ndtr", "ndtri", "polygamma",
    "psi", "sigmoid", "sinc", "xlog1py", "xlogy", "zeta",
]  # fmt: skip

# -- sigmoid and logit -----------------------------------------------------------------------------


@primitive(promotes="float", complex="holomorphic")
@in_float32
def sigmoid(xp: Any, a: Any) -> Any:
    """``1 / (1 + exp(-input))``."""
    # Not 0.5 * tanh(0.5 x) + 0.5, which has no correct digit left below -17 in float32, where
    # log(sigmoid(x)) is -17.
    y = xp.negative(a)
    buffer = y if y.ndim else None
    y = xp.exp(y, out=buffer)
    y += 1
    return xp.true_divide(1, y, out=buffer)


sigmoid.defvjp(a=lambda g, y: g * y * (1 - y))
expit = sigmoid


@primitive(promotes="float")
def logit_p(xp: Any, a: Any) -> Any:
    return xp.log(a / (1 - a))


def _logit_slope(a: Any) -> Any:
    product = a * (1 - a)
    return select(product < 0, math.nan, 1 / product)  # not the other branch's outside of [0, 1]


logit_p.defvjp(a=lambda g, a: g * _logit_slope(a))


def logit(input: Any, eps: float | None = None, *, out: Any = None) -> Any:
    """``log(input / (1 - input))``, the inverse of ``sigmoid``; with ``eps`` the input is clamped
    to ``[eps, 1 - eps]``.
    """
    y = logit_p(input if eps is None else input.clamp(eps, 1 - eps))
    return y if out is None else write_out("logit", out, y)


# -- the error function and the normal distribution ------------------------------------------------

_2_SQRT_PI = 2 / math.sqrt(math.pi)
_SQRT_2PI = math.sqrt(2 * math.pi)


@primitive(promotes="float")
def erf(xp: Any, a: Any) -> Any:
    """The error function ``2 / sqrt(pi) * integral from 0 to input of exp(-t**2) dt``."""
    return kernels.erf(xp, a)


erf.defvjp(a=lambda g, a: g * (_2_SQRT_PI * exp(-a * a)))


@primitive(promotes="float")
def erfc(xp: Any, a: Any) -> Any:
    """``1 - erf(input)``, accurate in the tail."""
    return kernels.erfc(xp, a)


erfc.defvjp(a=lambda g, a: g * (-_2_SQRT_PI * exp(-a * a)))


@primitive(promotes="float", grad_fn="SpecialErfcxBackward0")
def erfcx(xp: Any, a: Any) -> Any:
    """``exp(input**2) * erfc(input)``."""
    return kernels.erfcx(xp, a)


erfcx.defvjp(a=lambda g, a, y: g * (2 * a * y - _2_SQRT_PI))


@primitive(promotes="float")
def erfinv(xp: Any, a: Any) -> Any:
    """The inverse of ``erf``."""
    return kernels.erfinv(xp, a)


erfinv.defvjp(a=lambda g, y: g * (exp(y * y) / _2_SQRT_PI))


@primitive(promotes="float", grad_fn="MulBackward1")
def ndtr(xp: Any, a: Any) -> Any:
    """The standard normal distribution function ``(1 + erf(input / sqrt(2))) / 2``."""
    return kernels.ndtr(xp, a)


ndtr.defvjp(a=lambda g, a: g * (exp(-0.5 * a * a) / _SQRT_2PI))


@primitive(promotes="float", grad_fn="SpecialLogNdtrBackward0")
def log_ndtr(xp: Any, a: Any) -> Any:
    """``log(ndtr(input))``, accurate in the lower tail."""
    return kernels.log_ndtr(xp, a)


log_ndtr.defvjp(a=lambda g, a: g / (erfcx(a * -math.sqrt(0.5)) * (_SQRT_2PI / 2)))


@primitive(promotes="float", grad_fn="SpecialNdtriBackward0")
def ndtri(xp: Any, a: Any) -> Any:
    """The quantile of the standard normal distribution: the inverse of ``ndtr``."""
    return kernels.ndtri(xp, a)


ndtri.defvjp(a=lambda g, y: g * (exp(0.5 * y * y) * _SQRT_2PI))

# -- the gamma function ----------------------------------------------------------------------------


@primitive(promotes="float")
def lgamma(xp: Any, a: Any) -> Any:
    """``log |gamma(input)|``."""
    return kernels.gammaln(xp, a)


lgamma.defvjp(a=lambda g, a: g * digamma(a))


@primitive(promotes="float")
def digamma(xp: Any, a: Any) -> Any:
    """The derivative of ``lgamma``."""
    return kernels.digamma(xp, a)


digamma.defvjp(a=lambda g, a: g * polygamma_p(a, n=1))


@primitive(promotes="float")
def polygamma_p(xp: Any, a: Any, *, n: int) -> Any:
    return kernels.polygamma(xp, n, a)


polygamma_p.defvjp(a=lambda g, a, n: g * polygamma_p(a, n=n + 1))
gammaln, psi = lgamma, digamma


def polygamma(n: int, input: Any, *, out: Any = None) -> Any:
    """The ``n``-th derivative of ``digamma``.

    >>> import minitorch_dl as torch
    >>> torch.polygamma(1, torch.tensor([1.0]))
    tensor([1.6449])
    """
    if n < 0:
        raise RuntimeError(f"polygamma(n, x) does not support negative n, got n={n}")
    y = polygamma_p(input, n=int(n))
    return y if out is None else write_out("polygamma", out, y)


@as_one("MvlgammaBackward0")
def mvlgamma(input: Any, p: int, *, out: Any = None) -> Any:
    """The multivariate log-gamma:
    ``p (p - 1) / 4 * log(pi) + sum over i < p of lgamma(input - i / 2)``.
    """
    if p < 1:
        raise RuntimeError(f"mvlgamma: p has to be greater than or equal to 1, got p={p}")
    y = lgamma(input)
    for i in range(1, p):
        y = y + lgamma(input - i / 2)
    y = y + p * (p - 1) / 4 * math.log(math.pi)
    return y if out is None else write_out("mvlgamma", out, y)


multigammaln = mvlgamma


@primitive(broadcasts=True, promotes="float", grad_fn="SpecialZetaBackward0")
def zeta(xp: Any, a: Any, b: Any) -> Any:
    """The Hurwitz zeta function ``sum over k >= 0 of (k + other)**-input``; differentiable in
    ``other`` alone.
    """
    return kernels.zeta(xp, a, b)


zeta.defvjp(
    a=no_derivative("zeta", "Detach it, or let only 'other' require a gradient"),
    b=lambda g, a, b: g * -a * zeta(a + 1, b),
)


# -- modified Bessel functions ---------------------------------------------------------------------


@primitive(promotes="float")
def i0(xp: Any, a: Any) -> Any:
    """The modified Bessel function of the first kind, order 0."""
    return kernels.i0(xp, a)


i0.defvjp(a=lambda g, a: g * i1(a))


@primitive(promotes="float", grad_fn="SpecialI0EBackward0")
def i0e(xp: Any, a: Any) -> Any:
    """``exp(-|input|) * i0(input)``."""
    return kernels.i0e(xp, a)


i0e.defvjp(a=lambda g, a, y: g * (i1e(a) - ((a > 0) * y - (a < 0) * y)))


@primitive(promotes="float", grad_fn="SpecialI1Backward0")
def i1(xp: Any, a: Any) -> Any:
    """The modified Bessel function of the first kind, order 1."""
    return kernels.i1(xp, a)


i1.defvjp(a=lambda g, a, y: g * (i0(a) - _ratio(y, a)))


@primitive(promotes="float", grad_fn="SpecialI1EBackward0")
def i1e(xp: Any, a: Any) -> Any:
    """``exp(-|input|) * i1(input)``."""
    return kernels.i1e(xp, a)


def _ratio(y: Any, a: Any) -> Any:
    """``y / a``, which is 1/2 at 0 for the functions of order 1."""
    return select(a == 0, 0.5, y / select(a == 0, 1, a))


i1e.defvjp(a=lambda g, a, y: g * (i0e(a) - ((a > 0) * y - (a < 0) * y) - _ratio(y, a)))

# -- with removable singularities ------------------------------------------------------------------


@primitive(promotes="float", complex="holomorphic")
def sinc(xp: Any, a: Any) -> Any:
    """``sin(pi input) / (pi input)``, and 1 at 0."""
    x = xp.where(a == 0, 1, a) * math.pi
    return xp.where(a == 0, 1, xp.sin(x) / x).astype(a.dtype)


def _sinc_derivative(g: Any, a: Any) -> Any:
    tiny = a * a == 0
    x = select(tiny, 1, a) * math.pi
    return keep(g * (math.pi * (x * cos(x) - sin(x)) / (x * x)), ~tiny)


sinc.defvjp(a=_sinc_derivative)


def xlogy(input: Any, other: Any, *, out: Any = None) -> Any:
    """``input * log(other)``, and 0 where ``input`` is 0 and ``other`` is no NaN; either may be a
    number.
    """
    y = xlogy_p(input, other)
    return y if out is None else write_out("xlogy", out, y)


def xlog1py(input: Any, other: Any, *, out: Any = None) -> Any:
    """``input * log(1 + other)``, and 0 where ``input`` is 0 and ``other`` is no NaN; either may be
    a number.
    """
    y = xlog1py_p(input, other)
    return y if out is None else write_out("xlog1py", out, y)


@primitive(broadcasts=True, promotes="float")
def xlogy_p(xp: Any, a: Any, b: Any) -> Any:
    nothing = xp.equal(a, 0) & xp.equal(b, b)
    b = float(b) if b.__class__ is bool else b
    return xp.where(nothing, 0, a * xp.log(b)).astype(_float_of(a, b))


xlogy_p.defvjp(
    a=lambda g, a, b: keep(
        g * (log(b) if hasattr(b, "dtype") else np.log(b).item()), ~((a == 0) & (b <= 0))
    ),
    b=lambda g, a, b: g * a / b,
)


@primitive(broadcasts=True, promotes="float", grad_fn="SpecialXlog1PyBackward0")
def xlog1py_p(xp: Any, a: Any, b: Any) -> Any:
    nothing = xp.equal(a, 0) & xp.equal(b, b)
    b = float(b) if b.__class__ is bool else b  # whose logarithm NumPy takes in float16
    return xp.where(nothing, 0, a * xp.log1p(b)).astype(_float_of(a, b))


def _float_of(a: Any, b: Any) -> Any:
    return a.dtype if hasattr(a, "dtype") else b.dtype


xlog1py_p.defvjp(
    a=lambda g, a, b: keep(
        g * (log1p(b) if hasattr(b, "dtype") else np.log1p(b).item()), ~((a == 0) & (b <= -1))
    ),
    b=lambda g, a, b: g * a / (b + 1),
)


@primitive(promotes="float", grad_fn="SpecialEntrBackward0", wide=True)
def entr(xp: Any, a: Any) -> Any:
    """``-input * log(input)``; 0 at 0 and minus infinity below."""
    return xp.where(a == 0, 0, xp.where(a < 0, -math.inf, -a * xp.log(a))).astype(a.dtype)


entr.defvjp(a=lambda g, a: g * (-log(a) - 1))
