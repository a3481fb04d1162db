"""The regularized incomplete gamma functions."""

from __future__ import annotations

from typing import Any

from ..autograd.no_derivative import no_derivative
from ..autograd.primitive import primitive
from ..backend.incomplete_gamma import gammainc_pair
from .elementwise import exp, log
from .special import lgamma

__all__ = ["gammainc", "gammaincc", "igamma", "igammac"]


@primitive(broadcasts=True, promotes="float", tensors=("a", "b"), min_kind="float")
def igamma(xp: Any, a: Any, b: Any) -> Any:
    """``P(a, x) = 1 / Gamma(a) * integral from 0 to x of t**(a - 1) exp(-t) dt``; differentiable in
    ``x = other`` alone.
    """
    return gammainc_pair(xp, a, b)[0].astype(b.dtype)


@primitive(broadcasts=True, promotes="float", tensors=("a", "b"), min_kind="float")
def igammac(xp: Any, a: Any, b: Any) -> Any:
    """``Q(a, x) = 1 - igamma(a, x)``, accurate where it is small; differentiable in ``x = other``
    alone.
    """
    return gammainc_pair(xp, a, b)[1].astype(b.dtype)


_not_by_order = no_derivative("igamma: input", "Detach it, or let only 'other' require a gradient")


def _density(a: Any, b: Any) -> Any:
    return exp((a - 1) * log(b) - b - lgamma(a))


igamma.defvjp(a=_not_by_order, b=lambda g, a, b: g * _density(a, b))
igammac.defvjp(a=_not_by_order, b=lambda g, a, b: -g * _density(a, b))
gammainc, gammaincc = igamma, igammac
