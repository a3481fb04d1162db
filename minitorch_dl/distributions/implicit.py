"""Gamma and Dirichlet draws through which gradients flow, and the gamma distribution function.

A draw x with distribution function F(x; a) moves with its parameter as ``dx/da = -(dF/da) / p(x)``
(Figurnov, Mohamed and Mnih, 2018). Both F and dF/da are integrals of the density up to x. On a
logarithmic scale, ``t = x e^-u`` (gamma) or ``logit t = logit x - u`` (beta), the density is
log-concave, so towards the tail away from its mode it falls ever faster: there a double exponential
rule (Takahasi and Mori, 1974) gives the integral to ten digits. On the far side of the mode it is
the other tail that is integrated. (PyTorch approximates the same derivatives to three or four.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.function import Function, once_differentiable
from ..backend import array_module, device_of, random
from ..backend.random import Generator, default_generator
from ..ops import digamma, lgamma
from ..tensor import Tensor

_STEP = 1 / 16
_T = np.arange(-64, 66) * _STEP
NODES = np.exp(_T - np.exp(-_T))
WEIGHTS = _STEP * NODES * (1 + np.exp(-_T))


def _tail(xp: Any, h: Callable[[Any], Any], w: Callable[[Any], Any], scale: Any) -> Any:
    """``∫ exp(h(u)) w(u) du`` over u > 0, where h(0) = 0 and h falls, ever faster.

    ``scale``: a guess, not too large, of where h is -1.
    """
    for _ in range(200):
        short = h(scale) > -1
        if not short.any():
            break
        scale = xp.where(short, 2 * scale, scale)
    total = xp.zeros_like(scale)
    for node, weight in zip(NODES.tolist(), WEIGHTS.tolist()):
        u = node * scale
        total += weight * xp.exp(h(u)) * w(u)
    return total * scale


def _gamma_tails(xp: Any, a: Any, x: Any) -> tuple[Any, Any, Any]:
    """Which side is integrated (-1: below x, 1: above), h, and its scale."""
    side = xp.where(x <= a, -1.0, 1.0)

    def h(u: Any) -> Any:
        return side * a * u - x * xp.expm1(side * u)

    return side, h, 1 / (abs(a - x) + xp.sqrt(x) + 1e-300)


def gamma_cdf(xp: Any, a: Any, x: Any) -> Any:
    """The regularised lower incomplete gamma function P(a, x), for float64 arrays."""
    safe = xp.where((x > 0) & xp.isfinite(x), x, 1.0)
    side, h, scale = _gamma_tails(xp, a, safe)
    front = xp.exp(a * xp.log(safe) - safe - lgamma(a))
    tail = front * _tail(xp, h, lambda u: 1.0, scale)
    p = xp.where(side < 0, tail, 1 - tail)
    p = xp.where(x == np.inf, 1.0, p)
    return xp.where(x == 0, 0.0, xp.where(x > 0, p, np.nan))


def gamma_slope(xp: Any, a: Any, x: Any) -> Any:
    """``dx/da`` of a draw x of the gamma distribution with concentration a, for float64 arrays."""
    x = xp.maximum(x, 1e-300)
    side, h, scale = _gamma_tails(xp, a, x)
    level = xp.log(x) - digamma(a)
    return side * x * _tail(xp, h, lambda u: level + side * u, scale)


def beta_slope(xp: Any, a: Any, total: Any, x: Any) -> Any:
    """``dx/da / (1 - x)`` of a draw x of Beta(a, total - a), for float64 arrays."""
    x = xp.clip(x, 1e-300, 1 - 2.0**-53)
    b = total - a
    log_x, log_rest = xp.log(x), xp.log1p(-x)
    s = log_x - log_rest
    side = xp.where(x * total <= a, -1.0, 1.0)

    def log_t(u: Any) -> Any:
        return -xp.logaddexp(0.0, -(s + side * u))

    def h(u: Any) -> Any:
        t = log_t(u)
        return a * (t - log_x) + b * (t - (s + side * u) - log_rest)

    level = digamma(total) - digamma(a)
    scale = 1 / (abs(a - total * x) + xp.sqrt(total * x * (1 - x)) + 1e-300)
    return side * x * _tail(xp, h, lambda u: log_t(u) + level, scale)


def _double(x: Any) -> Any:
    return x.array.astype(np.float64)


class StandardGamma(Function):
    """Draws of rate 1."""

    generate_vmap_rule = True

    @staticmethod
    def forward(ctx: Any, concentration: Tensor, generator: Generator | None) -> Tensor:
        array = concentration.array
        generator = generator or default_generator(device_of(array).type)
        x = Tensor.wrap(random.gamma(array, generator, array_module(array)))
        ctx.save_for_backward(concentration, x)
        return x

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        a, x = ctx.saved_tensors
        slope = gamma_slope(array_module(a.array), _double(a), _double(x))
        return grad * Tensor.wrap(slope.astype(x.array.dtype)), None


def standard_gamma(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Draws from gamma distributions of rate 1, one per concentration in ``input``."""
    return StandardGamma.apply(input, generator)


class DirichletDraw(Function):
    """Points of the simplex."""

    generate_vmap_rule = True

    @staticmethod
    def forward(ctx: Any, concentration: Tensor, generator: Generator | None) -> Tensor:
        array = concentration.array
        generator = generator or default_generator(device_of(array).type)
        x = Tensor.wrap(random.dirichlet(array, generator, array_module(array)))
        ctx.save_for_backward(concentration, x)
        return x

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        # Each entry is a beta draw; when it moves, the others shrink in proportion.
        a, x = ctx.saved_tensors
        xp = array_module(a.array)
        alpha = _double(a)
        total = xp.broadcast_to(alpha.sum(axis=-1, keepdims=True), alpha.shape)
        slope = Tensor.wrap(beta_slope(xp, alpha, total, _double(x)).astype(x.array.dtype))
        return slope * (grad - (x * grad).sum(-1, keepdim=True)), None


def sample_dirichlet(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Draws from Dirichlet distributions, whose concentrations lie along the last dim."""
    return DirichletDraw.apply(input, generator)


class GammaCdf(Function):
    """P(a, x), differentiable in x."""

    generate_vmap_rule = True

    @staticmethod
    def forward(ctx: Any, a: Tensor, x: Tensor) -> Tensor:
        ctx.save_for_backward(a, x)
        p = gamma_cdf(array_module(a.array), _double(a), _double(x))
        return Tensor.wrap(p.astype(x.array.dtype))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[None, Tensor]:
        a, x = ctx.saved_tensors
        if ctx.needs_input_grad[0]:
            raise NotImplementedError(
                "the derivative of the gamma distribution function by its concentration is not "
                "implemented; detach the concentration"
            )
        return None, grad * ((a - 1) * x.log() - x - lgamma(a)).exp()
