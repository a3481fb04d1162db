"""Counts, successes and choices: samples of discrete distributions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..checks import check_all
from ..devices import to_host
from ..ordering import stable_order
from ..row_major import made_like
from . import counter, rejection
from .continuous import exponential
from .counter import CounterGenerator
from .generator import Generator
from .rounding import Shape, computed_in, finish, float_range, is_number, rounded

_BLOCK = 1 << 14
"""Values made together where more would not stay in a core's cache."""


def bernoulli(p: Any, shape: Shape, dtype: np.dtype, generator: Generator, xp: Any = np) -> Any:
    """1 with probability `p`, else 0; `p` is a number or an array that broadcasts to `shape`.

    Raises:
        RuntimeError: a probability outside [0, 1].
    """
    n = math.prod(shape)
    if is_number(p):
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
        return finish(x, shape, dtype, xp)
    if isinstance(generator, CounterGenerator):
        text = "bernoulli expects all probabilities to be in [0, 1]"
        check_all((p >= 0) & (p <= 1), RuntimeError, text)
        computed = np.dtype(computed_in("bernoulli_", p.dtype))
        return (counter.uniform(xp, shape, 0.0, 1.0, computed, generator) < p).astype(dtype)
    p = to_host(p)
    real = computed_in("bernoulli_", p.dtype)
    if not ((p >= 0) & (p <= 1)).all():
        raise RuntimeError("bernoulli expects all probabilities to be in [0, 1]")
    with generator.lock:
        u = generator.uniforms(n, real)
    return finish(u.reshape(shape) < p.astype(real), shape, dtype, xp)


def geometric(shape: Shape, p: float, dtype: np.dtype, generator: Generator, xp: Any = np) -> Any:
    """Trials up to the first success, 1, 2, ...: ceil(log u / log(1 - p)), 0 < p < 1."""
    if dtype.kind not in "iu":
        computed_in("geometric_", dtype)
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p}")
    with generator.lock:
        u = generator.uniforms(math.prod(shape), np.float64)
    with np.errstate(divide="ignore"):
        trials = np.ceil(np.log(u) / math.log1p(-p))
    return finish(trials, shape, dtype, xp)


def poisson(rate: Any, generator: Generator, xp: Any = np) -> Any:
    """Poisson counts with the rates of an array, in its shape and dtype."""
    rates = to_host(rate)
    computed_in("poisson", rates.dtype)
    if not (rates >= 0).all():
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    with generator.lock, generator.one_by_one(2 * rates.size) as (draw, _):
        counts = [rejection.poisson(r, draw) for r in rates.astype(np.float64).ravel().tolist()]
    return finish(np.array(counts, np.float64), rates.shape, rates.dtype, xp)


def binomial(count: Any, prob: Any, generator: Generator, xp: Any = np) -> Any:
    """Successes in `count` trials of probability `prob`: arrays of one floating dtype that
    broadcast."""
    counts, probs = np.broadcast_arrays(to_host(count), to_host(prob))
    computed_in("binomial", counts.dtype)
    if not ((counts >= 0) & (probs >= 0) & (probs <= 1)).all():
        raise RuntimeError("binomial expects count >= 0 and prob in [0, 1]")
    pairs = zip(
        counts.astype(np.float64).ravel().tolist(), probs.astype(np.float64).ravel().tolist()
    )
    with generator.lock, generator.one_by_one(4 * counts.size) as (draw, _):
        successes = [rejection.binomial(c, p, draw) for c, p in pairs]
    return finish(np.array(successes, np.float64), counts.shape, counts.dtype, xp)


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
        raise RuntimeError(f"multinomial: prob_dist must be 1 or 2 dim, got shape {w.shape}")
    if float_range(w.dtype) is None:
        raise RuntimeError(
            f"multinomial only supports floating-point dtypes for input, got: {w.dtype.name}"
        )
    if num_samples <= 0:
        raise RuntimeError(f"cannot sample n_sample <= 0 samples, got {num_samples}")
    if not replacement and num_samples > w.shape[-1]:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement: "
            f"{num_samples} > {w.shape[-1]}"
        )
    if w.shape[-1] > 2**24:
        raise RuntimeError(f"number of categories cannot exceed 2^24, got {w.shape[-1]}")
    real = computed_in("multinomial", w.dtype)
    p = w.astype(real)
    if not ((p >= 0) & (p < np.inf)).all():
        what = "< 0" if (p < 0).any() else "= infinity or NaN"
        raise RuntimeError(
            f"invalid multinomial distribution (encountering probability entry {what})"
            if replacement
            else "probability tensor contains either `inf`, `nan` or element < 0"
        )
    if (p.sum(axis=-1) == 0).any():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    rows = p.reshape(-1, p.shape[-1])
    if replacement and num_samples > 1:
        cumulative = np.cumsum(rows, axis=-1, dtype=real)
        cumulative /= cumulative[:, -1:]
        cumulative[:, -1:] = 1
        with generator.lock:
            u = generator.uniforms(len(rows) * num_samples, np.float64)
            u = u.reshape(len(rows), num_samples)
        found = [c.searchsorted(x) for c, x in zip(cumulative.astype(np.float64), u)]
        index = np.array(found, np.int64)
    else:
        waits = made_like(w, lambda shape: exponential(shape, 1.0, w.dtype, generator))
        race = waits.reshape(rows.shape).astype(real)
        with np.errstate(divide="ignore", invalid="ignore"):
            race = rounded(rows / race, w.dtype).astype(real)
        race[np.isnan(race)] = -1  # 0 / 0 wins over nothing
        if num_samples == 1:
            index = race.argmax(axis=-1, keepdims=True)
        else:
            index = stable_order(np, race, 1, descending=True)[:, :num_samples].copy()
    return finish(index, (*w.shape[:-1], num_samples), np.dtype(np.int64), xp)
