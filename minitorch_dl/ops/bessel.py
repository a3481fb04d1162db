"""Bessel functions and Airy's function: ``torch.special``'s, without derivatives as there.

The numerical methods are in ``backend/bessel.py``.
"""

from __future__ import annotations

from typing import Any

from ..autograd.primitive import primitive
from ..backend import bessel as kernels
from .special import i0, i1

__all__ = [
    "airy_ai", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "modified_bessel_i0",
    "modified_bessel_i1", "modified_bessel_k0", "modified_bessel_k1", "scaled_modified_bessel_k0",
    "scaled_modified_bessel_k1", "spherical_bessel_j0",
]  # fmt: skip


def _op(name: str) -> Any:
    """The primitive that stands for the kernel ``name``."""
    function = getattr(kernels, name)

    def kernel(xp: Any, a: Any) -> Any:
        return function(xp, a)

    kernel.__doc__ = function.__doc__
    return primitive(kernel, name=name, promotes="float")


airy_ai = _op("airy_ai")
bessel_j0, bessel_j1 = _op("bessel_j0"), _op("bessel_j1")
bessel_y0, bessel_y1 = _op("bessel_y0"), _op("bessel_y1")
spherical_bessel_j0 = _op("spherical_bessel_j0")
modified_bessel_k0, modified_bessel_k1 = _op("modified_bessel_k0"), _op("modified_bessel_k1")
scaled_modified_bessel_k0 = _op("scaled_modified_bessel_k0")
scaled_modified_bessel_k1 = _op("scaled_modified_bessel_k1")


def modified_bessel_i0(input: Any, *, out: Any = None) -> Any:
    """The modified Bessel function of the first kind, order 0."""
    return i0(input.detach(), out=out)


def modified_bessel_i1(input: Any, *, out: Any = None) -> Any:
    """The modified Bessel function of the first kind, order 1."""
    return i1(input.detach(), out=out)
