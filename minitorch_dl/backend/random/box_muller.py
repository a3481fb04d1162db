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

from ..blocks import in_blocks

__all__ = ["box_muller", "fma", "from_polar", "libm", "normal_pair", "polar"]

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


def _polynomial(
    coefficients: tuple[float, ...], x: np.ndarray, y: np.ndarray, wide: np.ndarray
) -> None:
    """Fill the float32 array y with the polynomial in the float64 x, by fused multiply-adds.

    A float32 product is exact in float64, so one rounding after product and sum is what a fused
    multiply-add does.
    """
    first, *rest = np.array(coefficients, np.float32).tolist()
    wide[...] = first
    for c in rest:
        wide *= x
        wide += c
        y[...] = wide
        wide[...] = y


def _radius(u: np.ndarray, wide: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """sqrt(-2 log(1 - u)) where 1 - u = m 2^e with sqrt(1/2) <= m < sqrt(2).

    Products and sums whose result is exact, or rounded at once, are float32's own; `wide` and
    `factor` are float64 arrays for the others.
    """
    x = 1 - u
    bits = x.view(np.int32)
    exponent = bits >> 23
    bits &= 0x7FFFFF
    bits |= 0x3F000000  # x in [1/2, 1)
    low = x < np.float32(math.sqrt(0.5))
    exponent -= 126
    exponent -= low
    e = exponent.astype(np.float32)
    y = x * low
    x += y
    x -= 1
    factor[...] = x
    _polynomial(_LOG, factor, y, wide)
    y *= x
    z = x * x
    np.multiply(y, z, out=wide, dtype=np.float64)
    wide += e * np.float32(_LN2_LOW)
    y[...] = wide
    z *= np.float32(0.5)
    y -= z
    x += y
    e *= np.float32(_LN2_HIGH)
    x += e
    x *= -2
    return np.sqrt(x, out=x)


def _sin_cos(x: np.ndarray, wide: np.ndarray, factor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """sin and cos of non-negative float32 values, which are overwritten; x is reduced by j pi/4, j
    even."""
    sin = x * np.float32(4 / math.pi)
    j = sin.astype(np.int32)
    j += 1
    j &= ~1
    cos = j.astype(np.float32)
    for part in _QUARTER_PI[:2]:
        np.multiply(cos, np.float32(part), out=sin)  # exact: few bits
        x -= sin
    np.multiply(cos, np.float32(_QUARTER_PI[2]), out=wide, dtype=np.float64)
    np.subtract(x, wide, out=wide)
    x[...] = wide
    z = x * x
    factor[...] = z
    _polynomial(_COS, factor, cos, wide)
    cos *= z
    _polynomial(_SIN, factor, sin, wide)
    sin *= z
    np.multiply(cos, factor, out=wide)
    z *= np.float32(0.5)
    wide -= z
    cos[...] = wide
    cos += 1
    factor[...] = x
    np.multiply(sin, factor, out=wide)
    wide += factor
    sin[...] = wide
    _swap(sin, cos, j << 30 >> 31)  # where j & 2
    for y, shift in ((sin, 0), (cos, 2)):
        sign = j + shift
        sign &= 4
        sign <<= 29
        y.view(np.int32)[...] ^= sign
    return sin, cos


def _swap(x: np.ndarray, y: np.ndarray, mask: np.ndarray) -> None:
    """Swap the bits of the float32 arrays x and y where the int32 mask has ones."""
    x, y = x.view(np.int32), y.view(np.int32)
    mask &= x ^ y
    x ^= mask
    y ^= mask


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

    def work(rows: slice) -> None:
        u, y = uniforms[rows], out[rows]
        space = np.empty((2, min(len(u), _BLOCK), 8))
        for start in range(0, len(u), _BLOCK):
            part = u[start : start + _BLOCK]
            wide, factor = space[:, : len(part)]
            radius = _radius(part[:, :8], wide, factor)
            sin, cos = _sin_cos(np.float32(2 * math.pi) * part[:, 8:], wide, factor)
            for x, columns in ((cos, slice(8)), (sin, slice(8, 16))):
                x *= radius
                np.multiply(x, std, out=wide, dtype=np.float64)
                wide += mean
                y[start : start + _BLOCK, columns] = wide

    in_blocks(np, work, len(out), 16, passes=60)
    return out


def polar(uniforms: np.ndarray) -> np.ndarray:
    """Of each of n float32 uniforms the radius, the cosine and the sine that it stands for,
    (3, n): what `from_polar` joins to the same normals as `box_muller`."""
    out = np.empty((3, uniforms.size), np.float32)
    wide, factor = np.empty((2, uniforms.size))
    out[0] = _radius(uniforms, wide, factor)
    out[2], out[1] = _sin_cos(np.float32(2 * math.pi) * uniforms, wide, factor)
    return out


def from_polar(parts: np.ndarray, mean: float, std: float) -> np.ndarray:
    """`box_muller` of the (rows, 16) uniforms of which (3, rows, 16) are `polar`."""
    x = np.empty(parts.shape[1:], np.float32)
    np.multiply(parts[0, :, :8], parts[1:, :, 8:], out=x.reshape(-1, 2, 8).transpose(1, 0, 2))
    if mean == 0 and std == 1:
        x += 0  # no -0
        return x
    wide = x * np.float64(np.float32(std))
    wide += float(np.float32(mean))
    return wide.astype(np.float32)


def normal_pair(u: float, v: float) -> tuple[float, float]:
    """Two standard normals from two float64 uniforms, in the order in which one pair at a time is
    made: the first one gives the angle and the second the radius."""
    radius, theta = math.sqrt(-2 * math.log1p(-v)), 2 * math.pi * u
    return radius * math.cos(theta), radius * math.sin(theta)
