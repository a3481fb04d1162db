"""Normal variates from uniform ones, rounded as PyTorch's CPU kernels round them.

The Box-Muller transform (Box and Muller, 1958) maps u, v uniform on [0, 1) to two independent
normals:

    r = sqrt(-2 log(1 - u)),   theta = 2 pi v,   (r cos theta, r sin theta)

In float32 the logarithm, sine and cosine are the Cephes polynomials (Moshier, 1992) that PyTorch
evaluates with fused multiply-adds. Only additions, products and square roots are used, so every
machine gives the same bits. In float64 they are the C library's, as in PyTorch.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["box_muller", "fma", "libm", "normal_pairs"]

_BLOCK = 2048  # rows of 16 at a time: the working arrays stay in the cache

_LOG = (
    *(7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1),
    *(-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1),
)
_LN2_HIGH, _LN2_LOW = 0.693359375, -2.12194440e-4
_SIN = (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
_COS = (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
_QUARTER_PI = (0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8)  # in three parts


def libm(function: Callable[[float], float], x: np.ndarray) -> np.ndarray:
    """`function` of `math` on each value: the C library's rounding, which NumPy's loops lack."""
    return np.fromiter(map(function, x.ravel().tolist()), np.float64, x.size).reshape(x.shape)


def fma(x: np.ndarray, scale: float, shift: float) -> np.ndarray:
    """x * scale + shift for float64 `x`, rounded once: the fused multiply-add of compiled code.

    The roundings of the product and of the sum are computed exactly (Dekker, 1971; Knuth, 1969) and
    added back.
    """
    product = x * scale
    total = product + shift
    if scale == 1 or shift == 0 or not x.size:
        return total
    x_high, s_high = _high(x), _high(scale)
    x_low, s_low = x - x_high, scale - s_high
    error = ((x_high * s_high - product) + x_high * s_low + x_low * s_high) + x_low * s_low
    part = total - product
    error += (product - (total - part)) + (shift - part)
    error += total
    return np.where(np.isfinite(error), error, total)


def _high(x: Any) -> Any:
    """The upper 26 bits of float64 values (Veltkamp's split)."""
    t = x * 134217729.0  # 2^27 + 1
    return t - (t - x)


def _round(x: np.ndarray) -> np.ndarray:
    """float64 values rounded to float32 ones, kept in float64.

    A float32 product is exact in float64, so one rounding after product and sum is what a fused
    multiply-add does.
    """
    return x.astype(np.float32).astype(np.float64)


def _polynomial(x: np.ndarray, coefficients: tuple[float, ...]) -> np.ndarray:
    first, *rest = np.array(coefficients, np.float32).astype(np.float64)
    y, single = np.full_like(x, first), np.empty(x.shape, np.float32)
    for c in rest:
        y *= x
        y += c
        single[...] = y
        y[...] = single
    return y


def _log(x: np.ndarray) -> np.ndarray:
    """log of positive, normal float32 values; x = m 2^e with sqrt(1/2) <= m < sqrt(2)."""
    bits = x.view(np.int32)
    m = ((bits & 0x7FFFFF) | 0x3F000000).view(np.float32)  # in [1/2, 1)
    low = m < np.float32(math.sqrt(0.5))
    e = ((bits >> 23) - 126 - low).astype(np.float64)
    x = m.astype(np.float64)
    x += x * low
    x -= 1
    z = _round(x * x)
    y = _round(_polynomial(x, _LOG) * x)
    y = _round(y * z + _round(e * float(np.float32(_LN2_LOW))))
    y = _round(y - 0.5 * z)
    return _round(_round(x + y) + e * _LN2_HIGH)


def _sin_cos(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """sin and cos of non-negative float32 values; x is reduced by j pi/4, j even."""
    j = ((x * np.float32(4 / math.pi)).astype(np.int32) + 1) & ~1
    x, y = x.astype(np.float64), j.astype(np.float64)
    for part in _QUARTER_PI:
        x = _round(x - y * float(np.float32(part)))
    z = _round(x * x)
    cos = _round(_polynomial(z, _COS) * z)
    cos = _round(_round(cos * z - 0.5 * z) + 1)
    sin = _round(_polynomial(z, _SIN) * z)
    sin = _round(sin * x + x)
    swap = (j & 2) != 0
    sin, cos = np.where(swap, cos, sin), np.where(swap, sin, cos)
    return sin * (1 - ((j & 4) >> 1)), cos * (1 - (((j + 2) & 4) >> 1))


def box_muller(uniforms: np.ndarray, mean: float, std: float) -> np.ndarray:
    """Normals from a (rows, 16) array of uniforms: in a row, value k pairs with value k + 8.

    Returns float32 for float32, float64 for float64.
    """
    out = np.empty_like(uniforms)
    if uniforms.dtype == np.float64:
        radius = np.sqrt(-2 * libm(math.log, 1 - uniforms[:, :8]))
        theta = 2 * math.pi * uniforms[:, 8:]
        out[:, :8] = fma(radius * libm(math.cos, theta), std, mean)
        out[:, 8:] = fma(radius * libm(math.sin, theta), std, mean)
        return out
    mean, std = float(np.float32(mean)), float(np.float32(std))
    for start in range(0, len(uniforms), _BLOCK):
        u, result = uniforms[start : start + _BLOCK], out[start : start + _BLOCK]
        radius = np.sqrt((-2 * _log(1 - u[:, :8])).astype(np.float32)).astype(np.float64)
        sin, cos = _sin_cos(np.float32(2 * math.pi) * u[:, 8:])
        result[:, :8] = _round(radius * cos) * std + mean
        result[:, 8:] = _round(radius * sin) * std + mean
    return out


def normal_pairs(uniforms: np.ndarray) -> np.ndarray:
    """Standard normals, float64, from (pairs, 2) uniforms: the order in which one pair at a time is
    made, where the first uniform gives the angle and the second the radius."""
    radius = np.sqrt(-2 * libm(math.log1p, -uniforms[:, 1]))
    theta = 2 * math.pi * uniforms[:, 0]
    return np.stack((radius * libm(math.cos, theta), radius * libm(math.sin, theta)), axis=1)
