"""Random generators and samplers that give PyTorch's numbers.

The samplers consume a generator's words in PyTorch's order, so after the same seed a program starts
from the same weights and shuffles the same way. For another device they draw here, from the
generator they are given, and copy; what training needs, a device draws itself (``counter``). A draw
happens in one piece under the generator's lock; a call that raises draws nothing.

Measured against PyTorch 2.13 (CPU, Linux x86-64 with AVX2):

===================================  ==============================================================
random_, randint, randperm           the same
uniform, normal                      the same bits, float16 and bfloat16 to float64
log_normal, cauchy, geometric        the same bits
exponential                          the same bits, see below
bernoulli                            the same, see below
multinomial                          the same, see below; the order of equal ratios is PyTorch's
                                     choice (all but absent outside the 16-bit floats)
poisson, binomial, gamma             the same bits
dirichlet                            the same gammas; their sum may differ in the last bit
===================================  ==============================================================

On Intel CPUs PyTorch takes exponentials, and bernoulli with a number for p, from MKL, whose numbers
depend on that library; here they are those that it draws on other CPUs, AMD's and ARM's.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from . import counter, rejection
from .box_muller import box_muller, fma, libm
from .checks import check_all
from .counter import CounterGenerator
from .devices import to_host
from .generator import Generator, default_generator, initial_seed, manual_seed, seed

__all__ = [
    "Generator",
    "bernoulli",
    "binomial",
    "cauchy",
    "default_generator",
    "dirichlet",
    "exponential",
    "gamma",
    "geometric",
    "initial_seed",
    "log_normal",
    "manual_seed",
    "multinomial",
    "normal",
    "poisson",
    "randint",
    "random_",
    "randperm",
    "seed",
    "uniform",
]

Shape = tuple[int, ...]

_BLOCK = 1 << 14
"""Values made together where more would not stay in a core's cache."""

# dtype name: significant bits and largest value
_FLOATS = {
    "float16": (11, 65504.0),
    "bfloat16": (8, float.fromhex("0x1.fep127")),
    "float32": (24, float.fromhex("0x1.fffffep127")),
    "float64": (53, float.fromhex("0x1.fffffffffffffp1023")),
}


def _real(op: str, dtype: np.dtype) -> type[np.floating]:
    """The precision in which a floating dtype is computed."""
    if dtype.name not in _FLOATS:
        raise NotImplementedError(f'"{op}" not implemented for dtype {dtype.name}')
    return np.float64 if dtype == np.float64 else np.float32


def _part(dtype: np.dtype) -> np.dtype:
    """The dtype of the real and imaginary parts of a complex one."""
    return np.empty(0, dtype).real.dtype


def _rounded(x: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """`x` in `dtype`; to the 16-bit floats by way of float32, as PyTorch rounds."""
    with np.errstate(over="ignore", invalid="ignore"):
        if dtype.name in ("float16", "bfloat16"):
            x = x.astype(np.float32, copy=False)
        return x.astype(dtype, copy=False)


def _finish(x: np.ndarray, shape: Shape, dtype: np.dtype, xp: Any) -> Any:
    x = _rounded(x, dtype).reshape(shape)
    return x if xp is np else xp.asarray(x)


def uniform(
    shape: Shape, low: float, high: float, dtype: np.dtype, generator: Generator, xp: Any = np
) -> Any:
    """Uniform on [low, high).

    Raises:
        RuntimeError: low > high, or a bound or high - low too large for `dtype`.
    """
    if dtype.kind == "c":
        pairs = uniform((*shape, 2), low, high, _part(dtype), generator, xp)
        return pairs.view(dtype)[..., 0]
    real = _real("uniform_", dtype)
    largest = _FLOATS[dtype.name][1]
    for name, bound in (("from", low), ("to", high)):
        if not -largest <= bound <= largest:
            raise RuntimeError(f"uniform_: {name}={bound} is out of bounds for {dtype.name}")
    if low > high:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low} > to={high}"
        )
    if high - low > largest:
        raise RuntimeError(
            f"uniform_ expects to-from within the range of {dtype.name}, but found to={high} and "
            f"from={low}"
        )
    if isinstance(generator, CounterGenerator):
        return counter.uniform(xp, shape, low, high, dtype, generator)
    with generator.lock:
        x = generator.uniforms(math.prod(shape), real)
    if (low, high) != (0, 1):
        a, b = real(low), real(high)
        # A float32 product is exact in float64, so the sum's rounding is the only one.
        x = fma(x, float(b - a), float(a)) if real is np.float64 else x * np.float64(b - a) + a
    x = _rounded(x, dtype)
    if x.size and (high != 1 or low != 0 or dtype.itemsize == 2):
        x[x == np.array(high).astype(dtype)] = low  # rounding may have reached `high`
    return _finish(x, shape, dtype, xp)


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
    if dtype.kind == "c":  # each part has half of the variance
        pairs = (*shape, 2), 0.0, std / math.sqrt(2), _part(dtype), generator, xp, contiguous
        return normal(*pairs).view(dtype)[..., 0] + xp.asarray(mean, dtype)
    real = _real("normal_", dtype)
    if isinstance(generator, CounterGenerator):
        if not _is_number(std):
            check_all(std >= 0, RuntimeError, "normal expects all elements of std >= 0.0")
        elif not std >= 0:
            raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
        return (counter.normal(xp, shape, dtype, generator) * std + mean).astype(dtype, copy=False)
    if not (_is_number(mean) and _is_number(std)):
        scale = std if _is_number(std) else 1.0
        deviations = None if _is_number(std) else to_host(std)
        if deviations is not None and not (deviations >= 0).all():
            raise RuntimeError("normal expects all elements of std >= 0.0")
        x = normal(shape, 0.0, scale, dtype, generator)
        if deviations is not None:
            x = x * deviations.astype(dtype)
        x = x + (mean if _is_number(mean) else to_host(mean).astype(dtype))
        return _finish(x, shape, dtype, xp)
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    n = math.prod(shape)
    with generator.lock:
        if n < 16 or not contiguous:
            return _finish(fma(generator.normals(n), std, mean), shape, dtype, xp)
        tail = 16 if n % 16 else 0
        whole = n // 16 * 16
        # PyTorch fills 32- and 64-bit tensors with uniforms first, the incomplete row included.
        u = generator.uniforms((whole if dtype.itemsize == 2 else n) + tail, real)
    if tail:  # the last 16 values are made anew
        u = np.concatenate((u[:whole], u[-16:]))
    x = box_muller(u.reshape(-1, 16), mean, std).ravel()
    if tail:
        x = np.concatenate((x[: n - 16], x[-16:]))
    return _finish(x, shape, dtype, xp)


def _is_number(x: Any) -> bool:
    return isinstance(x, (int, float))


def log_normal(
    shape: Shape, mean: float, std: float, dtype: np.dtype, generator: Generator, xp: Any = np
) -> Any:
    """exp of a normal with `mean` and `std` > 0."""
    real = _real("log_normal_", dtype)
    if not std > 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std}")
    with generator.lock:
        z = fma(generator.normals(math.prod(shape)), std, mean)
    with np.errstate(over="ignore"):
        x = libm(math.exp, z) if real is np.float64 and (z < 709).all() else np.exp(z)
    return _finish(x, shape, dtype, xp)


def exponential(
    shape: Shape, lambd: float, dtype: np.dtype, generator: Generator, xp: Any = np
) -> Any:
    """Exponential with rate `lambd` > 0: -log(1 - u) / lambd."""
    real = _real("exponential_", dtype)
    if not lambd > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd}")
    if isinstance(generator, CounterGenerator):
        return counter.exponential(xp, shape, lambd, dtype, generator)
    with generator.lock:
        u = generator.uniforms(math.prod(shape), np.float64)
    log = libm(math.log1p, -u) if real is np.float64 else np.log1p(-u)
    return _finish(log * (-1.0 / lambd), shape, dtype, xp)


def cauchy(
    shape: Shape, median: float, sigma: float, dtype: np.dtype, generator: Generator, xp: Any = np
) -> Any:
    """Cauchy: median + sigma tan(pi (u - 1/2)), sigma > 0."""
    real = _real("cauchy_", dtype)
    if not sigma > 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma}")
    with generator.lock:
        u = generator.uniforms(math.prod(shape), np.float64)
    angle = math.pi * (u - 0.5)
    tan = libm(math.tan, angle) if real is np.float64 else np.tan(angle)
    return _finish(fma(tan, sigma, median), shape, dtype, xp)


def geometric(shape: Shape, p: float, dtype: np.dtype, generator: Generator, xp: Any = np) -> Any:
    """Trials up to the first success, 1, 2, ...: ceil(log u / log(1 - p)), 0 < p < 1."""
    if dtype.kind not in "iu":
        _real("geometric_", dtype)
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p}")
    with generator.lock:
        u = generator.uniforms(math.prod(shape), np.float64)
    with np.errstate(divide="ignore"):
        trials = np.ceil(np.log(u) / math.log1p(-p))
    return _finish(trials, shape, dtype, xp)


def bernoulli(p: Any, shape: Shape, dtype: np.dtype, generator: Generator, xp: Any = np) -> Any:
    """1 with probability `p`, else 0; `p` is a number or an array that broadcasts to `shape`.

    Raises:
        RuntimeError: a probability outside [0, 1].
    """
    n = math.prod(shape)
    if _is_number(p):
        if not 0 <= p <= 1:
            raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
        if isinstance(generator, CounterGenerator):
            return counter.bernoulli(xp, shape, p, dtype, generator)
        limit, x = np.uint64(math.ceil(p * 2.0**53)), np.empty(n, dtype)
        with generator.lock:
            for start in range(0, n, _BLOCK):
                part = x[start : start + _BLOCK]
                bits = generator.words64(len(part))
                bits &= np.uint64((1 << 53) - 1)
                part[...] = bits < limit
        return _finish(x, shape, dtype, xp)
    if isinstance(generator, CounterGenerator):
        text = "bernoulli expects all probabilities to be in [0, 1]"
        check_all((p >= 0) & (p <= 1), RuntimeError, text)
        computed = np.dtype(_real("bernoulli_", p.dtype))
        return (counter.uniform(xp, shape, 0.0, 1.0, computed, generator) < p).astype(dtype)
    p = to_host(p)
    real = _real("bernoulli_", p.dtype)
    if not ((p >= 0) & (p <= 1)).all():
        raise RuntimeError("bernoulli expects all probabilities to be in [0, 1]")
    with generator.lock:
        u = generator.uniforms(n, real)
    return _finish(u.reshape(shape) < p.astype(real), shape, dtype, xp)


def random_(shape: Shape, dtype: np.dtype, generator: Generator, xp: Any = np) -> Any:
    """Uniform integers over all non-negative values of an integer dtype, or 0 .. 2^(significant
    bits) of a floating one."""
    n = math.prod(shape)
    if dtype.name in _FLOATS:
        values = (1 << _FLOATS[dtype.name][0]) + 1
    elif dtype == np.bool_:
        values = 2
    elif dtype.kind == "i" or dtype == np.uint8:
        values = int(np.iinfo(dtype).max) + 1
    else:
        raise NotImplementedError(f'"random_" not implemented for dtype {dtype.name}')
    if isinstance(generator, CounterGenerator):
        return counter.integers(xp, shape, 0, values, generator).astype(dtype)
    with generator.lock:
        if dtype in (np.int64, np.float64):
            x: np.ndarray = generator.words64(n) % np.uint64(values)
        else:
            x = generator.words(n) % np.uint32(values)
    return _finish(x, shape, dtype, xp)


def randint(
    low: int,
    high: int | None,
    shape: Shape,
    dtype: np.dtype,
    generator: Generator,
    xp: Any = np,
) -> Any:
    """Uniform integers in [low, high); ``high=None``: up to the largest that `dtype` can count to.

    Raises:
        RuntimeError: an empty range, or a bound that `dtype` can't hold.
    """
    n = math.prod(shape)
    if high is None and low == -(1 << 63):
        if dtype.name not in ("int64", "float64", "float32", "bfloat16"):
            raise RuntimeError(
                "random_ over all 64 bits handles only int64, double, float and bfloat16, got "
                f"{dtype.name}"
            )
        if isinstance(generator, CounterGenerator):
            return counter.integers(xp, shape, 0, 1 << 64, generator).astype(dtype)
        with generator.lock:
            return _finish(generator.words64(n).view(np.int64), shape, dtype, xp)
    low, span = _integer_range(low, high, dtype)
    if isinstance(generator, CounterGenerator):
        return counter.integers(xp, shape, low, span, generator).astype(dtype, copy=False)
    with generator.lock:
        if span >= 1 << 28:  # a single word would favour small values
            x = generator.words64(n) % np.uint64(span) if span < 1 << 64 else generator.words64(n)
        else:
            x = (generator.words(n) % np.uint32(span)).astype(np.uint64)
    x = x.view(np.int64)
    x += np.int64(low)
    return _finish(x, shape, dtype, xp)


def _integer_range(low: int, high: int | None, dtype: np.dtype) -> tuple[int, int]:
    """The first value and the number of values, all of which `dtype` can hold."""
    digits = 0
    if dtype.name in _FLOATS:
        digits, largest = _FLOATS[dtype.name]
        smallest, top = -largest, 1 << digits
    elif dtype == np.bool_:
        smallest, largest, top = 0, 1, 1
    elif dtype.kind in "iu":
        smallest, top = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
        top = min(top, (1 << 63) - 1)
        largest = top
    else:
        raise NotImplementedError(f'"random_" not implemented for dtype {dtype.name}')
    last = top if high is None else high - 1
    if low > last:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={last + 1}"
        )
    for name, bound in (("from", low), ("to - 1", last)):
        if not smallest <= bound <= largest:
            raise RuntimeError(f"random_: {name}={bound} is out of bounds for {dtype.name}")
    if digits:
        low, last = _representable(low, last, high is not None, dtype, digits)
        if abs(low) > top or abs(last) > top:
            warnings.warn(
                f"random_: from={low} or to - 1={last} is outside [-(2^{digits}), 2^{digits}], "
                f"where {dtype.name} holds every integer",
                UserWarning,
                stacklevel=4,
            )
        if low > last:
            raise RuntimeError(
                f"random_ expects 'from' to be less than 'to' in {dtype.name}, but got from={low} "
                f">= to={last + 1}"
            )
    return low, last - low + 1


def _representable(
    low: int, last: int, move_last: bool, dtype: np.dtype, digits: int
) -> tuple[int, int]:
    """Bounds moved inwards, where rounding to `dtype` would leave the range."""

    def rounded(i: int) -> int:
        return int(_rounded(np.array([i], np.int64), dtype)[0])

    def gap(i: int) -> int:
        return 1 << max(abs(i).bit_length() - digits, 0)

    if rounded(low + 1) < low:
        low = rounded(low + 1) + gap(low + 1)
    if move_last and rounded(last) > last:
        last = rounded(last) - gap(last) - 1
    return low, last


def randperm(n: int, dtype: np.dtype, generator: Generator, xp: Any = np) -> Any:
    """A random order of 0 .. n - 1 (Fisher and Yates, 1938).

    Raises:
        RuntimeError: n is negative, or n - 1 is beyond what `dtype` counts to.
    """
    if n < 0:
        raise RuntimeError(f"randperm expects n to be non-negative, but got n={n}")
    if dtype.name in _FLOATS:
        largest = (1 << _FLOATS[dtype.name][0]) + 1
    elif dtype.kind in "iu":
        largest = int(np.iinfo(dtype).max) + 1
    else:
        raise NotImplementedError(f'"randperm" not implemented for dtype {dtype.name}')
    if n > largest:
        raise RuntimeError(f"randperm: n={n} cannot be greater than {largest} for {dtype.name}")
    with generator.lock:
        words = generator.words(max(n - 1, 0))
    i = np.arange(len(words), dtype=np.int64)
    order = list(range(n))
    for k, j in enumerate((words % (n - i) + i).tolist()):
        order[k], order[j] = order[j], order[k]
    return _finish(np.array(order, np.int64), (n,), dtype, xp)


def multinomial(
    weights: Any, num_samples: int, replacement: bool, generator: Generator, xp: Any = np
) -> Any:
    """Indices drawn in proportion to `weights`, `(C,)` or `(N, C)`; int64 `(num_samples,)` or
    `(N, num_samples)`.

    Without replacement: the largest w / e first, where e is exponential (Efraimidis and Spirakis,
    2006).

    Raises:
        RuntimeError: weights that are negative, not finite or all zero; too few to draw from.
    """
    w = to_host(weights)
    if w.ndim not in (1, 2):
        raise RuntimeError(f"multinomial expects prob_dist to be 1 or 2 dim, got shape {w.shape}")
    if w.dtype.name not in _FLOATS:
        raise RuntimeError(
            f"multinomial only supports floating-point dtypes for input, got: {w.dtype.name}"
        )
    if num_samples <= 0:
        raise RuntimeError(f"cannot sample n_sample <= 0 samples, got {num_samples}")
    if not replacement and num_samples > w.shape[-1]:
        raise RuntimeError(
            f"cannot sample n_sample={num_samples} > prob_dist.size(-1)={w.shape[-1]} samples "
            "without replacement"
        )
    real = _real("multinomial", w.dtype)
    p = w.astype(real)
    if not ((p >= 0) & (p < np.inf)).all():
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if (p.sum(axis=-1) == 0).any():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    rows = p.reshape(-1, p.shape[-1])
    if replacement and num_samples > 1:
        cumulative = np.cumsum(rows, axis=-1, dtype=real)
        cumulative /= cumulative[:, -1:]
        cumulative[:, -1:] = 1
        with generator.lock:
            u = generator.uniforms(len(rows) * num_samples, np.float64).reshape(len(rows), -1)
        found = [np.searchsorted(c, x) for c, x in zip(cumulative.astype(np.float64), u)]
        index = np.array(found, np.int64)
    else:
        race = exponential(rows.shape, 1.0, w.dtype, generator).astype(real)
        with np.errstate(divide="ignore", invalid="ignore"):
            race = _rounded(rows / race, w.dtype).astype(real)
        index = np.argsort(-race, axis=-1, kind="stable")[:, :num_samples]
    return _finish(index, (*w.shape[:-1], num_samples), np.dtype(np.int64), xp)


def poisson(rate: Any, generator: Generator, xp: Any = np) -> Any:
    """Poisson counts with the rates of an array, in its shape and dtype."""
    rates = to_host(rate)
    _real("poisson", rates.dtype)
    if not (rates >= 0).all():
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    with generator.lock, generator.one_by_one(2 * rates.size) as (draw, _):
        counts = [rejection.poisson(r, draw) for r in rates.astype(np.float64).ravel().tolist()]
    return _finish(np.array(counts, np.float64), rates.shape, rates.dtype, xp)


def binomial(count: Any, prob: Any, generator: Generator, xp: Any = np) -> Any:
    """Successes in `count` trials of probability `prob`: arrays of one floating dtype that
    broadcast."""
    counts, probs = np.broadcast_arrays(to_host(count), to_host(prob))
    _real("binomial", counts.dtype)
    if not ((counts >= 0) & (probs >= 0) & (probs <= 1)).all():
        raise RuntimeError("binomial expects count >= 0 and prob in [0, 1]")
    pairs = zip(
        counts.astype(np.float64).ravel().tolist(), probs.astype(np.float64).ravel().tolist()
    )
    with generator.lock, generator.one_by_one(4 * counts.size) as (draw, _):
        successes = [rejection.binomial(c, p, draw) for c, p in pairs]
    return _finish(np.array(successes, np.float64), counts.shape, counts.dtype, xp)


def gamma(concentration: Any, generator: Generator, xp: Any = np) -> Any:
    """Gamma variates of rate 1 with the concentrations of an array, in its shape and dtype."""
    alpha = to_host(concentration)
    real = _real("gamma", alpha.dtype)
    x = _gamma(alpha, real, generator)
    tiny = np.finfo(real).tiny
    return _finish(np.maximum(x.astype(real), tiny), alpha.shape, alpha.dtype, xp)


def dirichlet(concentration: Any, generator: Generator, xp: Any = np) -> Any:
    """Points of the simplex, `(..., C)`: gamma variates over their sum along the last dimension."""
    alpha = to_host(concentration)
    real = _real("dirichlet", alpha.dtype)
    x = np.maximum(_gamma(alpha, np.float64, generator), np.finfo(np.float64).tiny)
    x = (x / x.sum(axis=-1, keepdims=True)).astype(real)
    below_one = np.nextafter(real(1), real(0))
    return _finish(np.clip(x, np.finfo(real).tiny, below_one), alpha.shape, alpha.dtype, xp)


def _gamma(alpha: np.ndarray, real: type[np.floating], generator: Generator) -> np.ndarray:
    if not (alpha >= 0).all():
        raise RuntimeError("gamma expects all concentrations to be non-negative")
    values = alpha.astype(np.float64).ravel().tolist()
    with generator.lock, generator.one_by_one(4 * alpha.size) as (uniform, normal):
        x = [rejection.gamma(a, uniform, normal, real) for a in values]
    return np.array(x, np.float64).reshape(alpha.shape)
