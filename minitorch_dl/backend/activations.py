"""The array kernels of activation functions, in blocks that stay in a core's cache."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import kernels
from .blocks import MOST, in_blocks, pointwise
from .constants import scalars
from .special import put_erf

_SQRT_HALF, _SQRT_2_PI = math.sqrt(0.5), math.sqrt(2 / math.pi)
_CUBIC = 0.044715


@kernels.gelu.twin
def gelu(xp: Any, a: Any, *, approximate: str, sloped: bool = True) -> tuple[Any, Any]:
    """``a * cdf``, with the standard normal distribution function of ``a`` or its approximation by
    a tanh, and where ``sloped`` its derivative ``cdf + a * pdf``.

    The pdf is the cdf's derivative, with tanh's ``1 - t**2 = 4 cdf (1 - cdf)``.
    """
    if xp is not np:
        done = kernels.gelu(xp, a, approximate=approximate, sloped=sloped)
        if done is not None:
            return done
    tanh = approximate == "tanh"

    def work(a: Any, y: Any, slope: Any = None) -> None:
        cdf = y if slope is None else slope
        pdf = xp.multiply(a, a, out=xp.empty_like(a))
        half, minus_half, density = scalars(xp, a.dtype, 0.5, -0.5, 0.5 * _SQRT_2_PI)
        if tanh:
            linear, cubic = scalars(xp, a.dtype, _SQRT_2_PI, _CUBIC * _SQRT_2_PI)
            xp.multiply(pdf, cubic, out=cdf)
            cdf += linear
            cdf *= a
            xp.tanh(cdf, out=cdf)
        else:
            put_erf(xp, a, cdf, _SQRT_HALF, pdf)
        cdf *= half
        cdf += half
        if slope is not None:
            if tanh:
                twice, six_times = scalars(xp, a.dtype, 2 * _SQRT_2_PI, 6 * _CUBIC * _SQRT_2_PI)
                pdf *= six_times
                pdf += twice
                pdf *= xp.subtract(1, cdf, out=y)
                pdf *= cdf
            else:
                pdf *= minus_half
                xp.exp(pdf, out=pdf)
                pdf *= density
        xp.multiply(a, cdf, out=y)
        if slope is not None:
            pdf *= a
            slope += pdf

    return _with_slope(xp, work, a, sloped, (8, 16) if tanh else (16, 26))


def silu(xp: Any, a: Any, sloped: bool = True) -> tuple[Any, Any]:
    """``y = a * gate`` and where ``sloped`` its derivative, ``gate * (1 + a - y)``.

    ``gate = 1 / (1 + exp(-a)) = (1 + tanh(a / 2)) / 2``; a tanh takes half as long as an exp. The
    gate is exact to its last digit beside 1, as GELU's cdf is.
    """

    def work(a: Any, y: Any, slope: Any = None) -> None:
        half, one = scalars(xp, a.dtype, 0.5, 1.0)
        gate = xp.multiply(a, half, out=y if slope is None else xp.empty_like(a))
        xp.tanh(gate, out=gate)
        gate *= half
        gate += half
        xp.multiply(a, gate, out=y)
        if slope is not None:
            xp.subtract(a, y, out=slope)
            slope += one
            slope *= gate

    return _with_slope(xp, work, a, sloped, (8, 12))


def _with_slope(
    xp: Any, work: Callable[..., None], a: Any, sloped: bool, passes: tuple[int, int]
) -> tuple[Any, Any]:
    """What ``work(a, y)`` gives, and where ``sloped`` the slope of ``work(a, y, slope)``, made
    while its operands are in a cache; ``passes`` without and with it."""
    if sloped:
        return pointwise(xp, work, a, outputs=2, passes=passes[1])
    return pointwise(xp, work, a, passes=passes[0]), None


def times(xp: Any, g: Any, slope: Any) -> Any:
    """``g * slope``, the gradient behind such a function."""
    return pointwise(xp, lambda g, slope, out: xp.multiply(g, slope, out=out), g, slope, passes=2)


def relu(xp: Any, a: Any) -> Any:
    """``max(a, 0)``; in NumPy 2.4 against an array of zeros five times quicker than against 0."""
    if xp is not np or a.size < _FEW or a.dtype.char not in "fd" or not a.flags.c_contiguous:
        return xp.maximum(a, 0)
    zeros = _zeros(a.dtype)
    if a.size <= MOST:
        return np.maximum(a, zeros[: a.size].reshape(a.shape))
    y = np.empty_like(a)
    from_, to = a.reshape(-1), y.reshape(-1)

    def work(part: slice) -> None:
        x = from_[part]
        np.maximum(x, zeros[: x.size], out=to[part])

    in_blocks(np, work, a.size, passes=2)
    return y


_FEW = 4096


@functools.cache
def _zeros(dtype: Any) -> Any:
    return np.zeros(MOST, dtype)


_BITS = {size: np.dtype(f"u{size}") for size in (2, 4, 8)}


def where_not_zero(xp: Any, a: Any, y: Any) -> Any:
    """``a`` where ``y``, which ``relu`` gave, is not 0, and 0 elsewhere, also where ``a`` is
    infinite or NaN.

    A product of the bit patterns: ``0 * inf`` would be NaN, and ``where`` is twenty times slower.
    """
    bits = _BITS[a.dtype.itemsize]
    y = y.astype(a.dtype, copy=False)  # of bfloat16, NumPy computes gradients in float32

    def work(pattern: Any, a: Any, mask: Any) -> None:
        if bits.itemsize == 2:  # only 16-bit maxima may be -0.0, which has a bit, its sign
            pattern = xp.left_shift(pattern, 1, out=mask)
        xp.sign(pattern, out=mask)
        mask *= a

    return pointwise(xp, work, y.view(bits), a.view(bits), passes=3).view(a.dtype)
