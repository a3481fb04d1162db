"""Samples of continuous distributions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..checks import check_all
from ..devices import to_host
from . import counter, rejection
from .box_muller import box_muller, fma, from_polar, libm
from .counter import CounterGenerator
from .generator import Generator
from .rounding import Shape, computed_in, finish, float_range, is_number, part_of, rounded


def uniform(
    shape: Shape, low: float, high: float, dtype: np.dtype, generator: Generator, xp: Any = np
) -> Any:
    """Uniform on [low, high).

    Raises:
        RuntimeError: low > high, or a bound or high - low too large for `dtype`.
    """
    if dtype.kind == "c":
        pairs = uniform((*shape, 2), low, high, part_of(dtype), generator, xp)
        return pairs.view(dtype)[..., 0]
    real = computed_in("uniform_", dtype)
    _, largest = float_range(dtype)  # type: ignore[misc]  # not None: see computed_in
    if not (-largest <= low <= high <= largest and high - low <= largest):
        raise _refused_bounds(low, high, largest, dtype)
    if isinstance(generator, CounterGenerator):
        return counter.uniform(xp, shape, low, high, dtype, generator)
    with generator.lock:
        x = generator.uniforms(math.prod(shape), real)
    if (low, high) != (0, 1):
        a, b = real(low), real(high)
        # A float32 product is exact in float64, so the sum's rounding is the only one.
        x = fma(x, float(b - a), float(a)) if real is np.float64 else x * np.float64(b - a) + a
    x = rounded(x, dtype)
    if x.size and (high != 1 or low != 0 or dtype.itemsize == 2):
        x[x == np.array(high).astype(dtype)] = low  # rounding may have reached `high`
    return finish(x, shape, dtype, xp)


def _refused_bounds(low: float, high: float, largest: float, dtype: np.dtype) -> RuntimeError:
    for name, bound in (("from", low), ("to", high)):
        if not -largest <= bound <= largest:
            return RuntimeError(f"uniform_: {name}={bound} is out of bounds for {dtype.name}")
    if low > high:
        return RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}"
        )
    return RuntimeError(
        f"uniform_ expects to-from within the range of {dtype.name}, but found to={high} and "
        f"from={low}"
    )


def normal(
    shape: Shape,
    mean: Any,
    std: Any,
    dtype: np.dtype,
    generator: Generator,
    xp: Any = np,
    contiguous: bool = True,
) -> Any:
    """Normal with `mean` and `std`, numbers or arrays that broadcast to `shape`.

    ``contiguous=False`` draws one value after the other, as PyTorch fills a tensor that is not
    contiguous or has fewer than 16 values.

    Raises:
        RuntimeError: a negative std.
    """
    if 0 in shape:
        return xp.empty(shape, dtype)  # of any dtype, as in PyTorch
    if dtype.kind == "c":  # each part has half of the variance
        both = mean if isinstance(mean, (int, float)) else 0.0  # a number is the mean of each part
        scale = std if is_number(std) else 1.0
        pairs = (*shape, 2), both, scale / math.sqrt(2), part_of(dtype), generator, xp, contiguous
        y = normal(*pairs).view(dtype)[..., 0]
        y = y if scale is std else y * xp.asarray(std, dtype)
        return y if both is mean else y + xp.asarray(mean, dtype)
    real = computed_in("normal_", dtype)
    if isinstance(generator, CounterGenerator):
        if not is_number(std):
            check_all(std >= 0, RuntimeError, "normal expects all elements of std >= 0.0")
        elif not std >= 0:
            raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
        return (counter.normal(xp, shape, dtype, generator) * std + mean).astype(dtype, copy=False)
    if not (is_number(mean) and is_number(std)):
        scale = std if is_number(std) else 1.0
        deviations = None if is_number(std) else to_host(std)
        if deviations is not None and not (deviations >= 0).all():
            raise RuntimeError("normal expects all elements of std >= 0.0")
        x = normal(shape, 0.0, scale, dtype, generator)
        if deviations is not None:
            x = x * deviations.astype(dtype)
        x = x + (mean if is_number(mean) else to_host(mean).astype(dtype))
        return finish(x, shape, dtype, xp)
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    n = math.prod(shape)
    with generator.lock:
        if n < 16 or not contiguous:
            return finish(fma(generator.normals(n), std, mean), shape, dtype, xp)
        # PyTorch fills 32- and 64-bit tensors with uniforms first, the incomplete row included.
        tail = 16 if n % 16 else 0
        whole = n - n % 16
        needed = (whole if dtype.itemsize == 2 else n) + tail
        parts = generator.polar(needed) if real is np.float32 else None
        u = generator.uniforms(needed, real)[None] if parts is None else parts
    if tail:  # the last 16 values are made anew
        u = np.concatenate((u[:, :whole], u[:, -16:]), axis=1)
    u = u.reshape(len(u), -1, 16)
    x = (box_muller(u[0], mean, std) if parts is None else from_polar(u, mean, std)).ravel()
    if tail:
        x = np.concatenate((x[: n - 16], x[-16:]))
    return finish(x, shape, dtype, xp)


def log_normal(
    shape: Shape, mean: float, std: float, dtype: np.dtype, generator: Generator, xp: Any = np
) -> Any:
    """exp of a normal with `mean` and `std` > 0."""
    real = computed_in("log_normal_", dtype)
    if not std > 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std}")
    with generator.lock:
        z = fma(generator.normals(math.prod(shape)), std, mean)
    with np.errstate(over="ignore"):
        x = libm(math.exp, z) if real is np.float64 and (z < 709).all() else np.exp(z)
    return finish(x, shape, dtype, xp)


def exponential(
    shape: Shape, lambd: float, dtype: np.dtype, generator: Generator, xp: Any = np
) -> Any:
    """Exponential with rate `lambd` > 0: -log(1 - u) / lambd."""
    real = computed_in("exponential_", dtype)
    if not lambd > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd}")
    if isinstance(generator, CounterGenerator):
        return counter.exponential(xp, shape, lambd, dtype, generator)
    with generator.lock:
        u = generator.uniforms(math.prod(shape), np.float64)
    log = libm(math.log1p, -u) if real is np.float64 else np.log1p(-u)
    return finish(log * (-1.0 / lambd), shape, dtype, xp)


def cauchy(
    shape: Shape, median: float, sigma: float, dtype: np.dtype, generator: Generator, xp: Any = np
) -> Any:
    """Cauchy: median + sigma tan(pi (u - 1/2)), sigma > 0."""
    real = computed_in("cauchy_", dtype)
    if not sigma > 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma}")
    with generator.lock:
        u = generator.uniforms(math.prod(shape), np.float64)
    angle = math.pi * (u - 0.5)
    tan = libm(math.tan, angle) if real is np.float64 else np.tan(angle)
    return finish(fma(tan, sigma, median), shape, dtype, xp)


def gamma(concentration: Any, generator: Generator, xp: Any = np) -> Any:
    """Gamma variates of rate 1 with the concentrations of an array, in its shape and dtype."""
    alpha = to_host(concentration)
    real = computed_in("gamma", alpha.dtype)
    x = _gamma(alpha, real, generator)
    tiny = np.finfo(real).tiny
    return finish(np.maximum(x.astype(real), tiny), alpha.shape, alpha.dtype, xp)


def dirichlet(concentration: Any, generator: Generator, xp: Any = np) -> Any:
    """Points of the simplex, `(..., C)`: gamma variates over their sum along the last dimension."""
    alpha = to_host(concentration)
    real = computed_in("dirichlet", alpha.dtype)
    x = np.maximum(_gamma(alpha, np.float64, generator), np.finfo(np.float64).tiny)
    x = (x / x.sum(axis=-1, keepdims=True)).astype(real)
    below_one = np.nextafter(real(1), real(0))
    return finish(np.clip(x, np.finfo(real).tiny, below_one), alpha.shape, alpha.dtype, xp)


def _gamma(alpha: np.ndarray, real: type[np.floating], generator: Generator) -> np.ndarray:
    if not (alpha >= 0).all():
        raise RuntimeError("gamma expects all concentrations to be non-negative")
    values = alpha.astype(np.float64).ravel().tolist()
    with generator.lock, generator.one_by_one(4 * alpha.size) as (uniform, normal):
        x = [rejection.gamma(a, uniform, normal, real) for a in values]
    return np.array(x, np.float64).reshape(alpha.shape)
