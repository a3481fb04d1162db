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


def _float32(*values: float) -> list[float]:
    return np.array(values, np.float32).tolist()


_LOG = _float32(
    *(7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1),
    *(-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1),
)
_SQRT_HALF = int(np.float32(math.sqrt(0.5)).view(np.int32))
_LN2_HIGH, _LN2_LOW = 0.693359375, -2.12194440e-4
_SIN = _float32(-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
_COS = _float32(2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
_COS_SIN = np.array([_COS, _SIN]).T[:, :, None]
_SIGN_SHIFTS = np.array([[2], [0]], np.int32)  # cos < 0 where j + 2 has the bit 4, sin where j has
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


def _fma_steps(y: np.ndarray, wide: np.ndarray, factor: np.ndarray, coefficients: Any) -> None:
    """Fill the float32 array y with the polynomial of which `wide` is the first sum, by fused
    multiply-adds with the float64 `factor`.

    A float32 product is exact in float64, so one rounding after product and sum is what a fused
    multiply-add does.
    """
    for c in coefficients:
        y[...] = wide
        wide[...] = y
        wide *= factor
        wide += c
    y[...] = wide


def _radius(u: np.ndarray) -> np.ndarray:
    """sqrt(-2 log(1 - u)) where 1 - u = m 2^e with sqrt(1/2) <= m < sqrt(2).

    Products and sums whose result is exact, or rounded at once, are float32's own; `wide` and
    `factor` are float64 arrays for the others.
    """
    x = 1 - u
    bits = x.view(np.int32)
    exponent = bits - _SQRT_HALF
    exponent >>= 23
    bits -= exponent << 23
    x -= 1
    e = exponent.astype(np.float32)
    factor = x.astype(np.float64)
    wide = factor * _LOG[0]
    wide += _LOG[1]
    y = np.empty_like(x)
    _fma_steps(y, wide, factor, _LOG[2:])
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


def _cos_sin(v: np.ndarray) -> np.ndarray:
    """cos and sin of 2 pi v, (2, n), for n values of [0, 1); the angle is reduced by j pi/4, j
    even."""
    x = v * np.float32(2 * math.pi)
    j = (x * np.float32(4 / math.pi)).astype(np.int32)
    j += 1
    j &= ~1
    multiple = j.astype(np.float32)
    for part in _QUARTER_PI[:2]:
        x -= multiple * np.float32(part)  # an exact product: few bits
    wide = np.multiply(multiple, np.float32(_QUARTER_PI[2]), dtype=np.float64)
    x[...] = np.subtract(x, wide, out=wide)
    z = x * x
    factors = np.empty((2, x.size))
    factors[0], factors[1] = z, x
    first, second, third = _COS_SIN
    wide = factors[0] * first
    wide += second
    y = np.empty((2, x.size), np.float32)
    _fma_steps(y, wide, factors[0], (third,))
    y *= z
    np.multiply(y, factors, out=wide)
    factors[0] *= -0.5
    wide += factors  # cos = (y z - z/2) + 1, sin = y x + x
    y[...] = wide
    y[0] += 1
    bits = y.view(np.int32)
    swapped = j << 30 >> 31  # where j & 2
    swapped &= bits[0] ^ bits[1]
    bits ^= swapped
    sign = j + _SIGN_SHIFTS
    sign &= 4
    sign <<= 29
    bits ^= sign
    return y


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

    def work(rows: slice) -> None:
        u, y = uniforms[rows], out[rows]
        for start in range(0, len(u), _BLOCK):
            part = u[start : start + _BLOCK]
            cos_sin = _cos_sin(part[:, 8:].ravel()).reshape(2, -1, 8)
            _join(_radius(part[:, :8]), cos_sin, mean, std, y[start : start + _BLOCK])

    in_blocks(np, work, len(out), 16, passes=60)
    return out


def polar(uniforms: np.ndarray) -> np.ndarray:
    """Of each of n float32 uniforms the radius, the cosine and the sine that it stands for,
    (3, n): what `from_polar` joins to the same normals as `box_muller`."""
    out = np.empty((3, uniforms.size), np.float32)
    out[0] = _radius(uniforms)
    out[1:] = _cos_sin(uniforms)
    return out


def from_polar(parts: np.ndarray, mean: float, std: float) -> np.ndarray:
    """`box_muller` of the (rows, 16) uniforms of which (3, rows, 16) are `polar`."""
    out = np.empty(parts.shape[1:], np.float32)
    _join(parts[0, :, :8], parts[1:, :, 8:], mean, std, out)
    return out


def _join(radius: np.ndarray, cos_sin: np.ndarray, mean: float, std: float, out: Any) -> None:
    """Fill `out`, (rows, 16), with the scaled normals of these (rows, 8) and (2, rows, 8)."""
    np.multiply(radius, cos_sin, out=out.reshape(-1, 2, 8).transpose(1, 0, 2))
    if mean == 0 and std == 1:
        out += 0  # no -0
        return
    wide = out * np.float64(np.float32(std))
    wide += float(np.float32(mean))
    out[...] = wide


def normal_pair(u: float, v: float) -> tuple[float, float]:
    """Two standard normals from two float64 uniforms, in the order in which one pair at a time is
    made: the first one gives the angle and the second the radius."""
    radius, theta = math.sqrt(-2 * math.log1p(-v)), 2 * math.pi * u
    return radius * math.cos(theta), radius * math.sin(theta)
