"""Launches of ``random.cu``; the twins are in ``backend/random/counter.py``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .launching import REALS, Kernel, Sample, launch_each, number

_DRAW = np.dtype([("seed", np.uint64), ("number", np.uint64), ("base", np.uint64)])


def _struct(draw: Any) -> Any:
    seed, first, base = draw
    return np.array([(seed, first, 0 if base is None else base.data.ptr)], _DRAW)


def _random_words(xp: Any, out: Any, draw: Any) -> Any:
    if out.dtype.name != "uint32" or not out.size:
        return None
    args = (out, _struct(draw), np.int64(out.size))
    launch_each(xp, "random", "random_words", out.dtype, -(-out.size // 4), args)
    return out


def _run_bernoulli(xp: Any, x: Any, y: Any, draw: Any, p: float, factor: float) -> Any:
    bound = np.uint64(round(p * 2**32))
    args = (x, y, _struct(draw), bound, number(y.dtype, factor), np.int64(y.size))
    launch_each(xp, "random", "bernoulli", y.dtype, -(-y.size // 4), args)
    return y


def _bernoulli(xp: Any, out: Any, draw: Any, p: float) -> Any:
    if out.dtype.name not in REALS or not out.size:
        return None
    return _run_bernoulli(xp, None, out, draw, p, 1)


def _dropout(xp: Any, a: Any, draw: Any, p: float) -> Any:
    if a.dtype.name not in REALS or not a.size:
        return None
    y = xp.empty(a.shape, a.dtype)
    return _run_bernoulli(xp, xp.ascontiguousarray(a), y, draw, 1 - p, 1 / (1 - p))


_DRAWS = ((0, 0, None), ((1 << 63) + 5, (1 << 33) + 7, None))


def _word_samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
    for draw in _DRAWS:
        yield (np.zeros(333, dtype), draw), {}


def _bernoulli_samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
    for draw in _DRAWS:
        for p in (0.3, 1.0):
            yield (np.zeros(333, dtype), draw, p), {}


def _dropout_samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
    for draw in _DRAWS:
        yield (random.normal(size=(9, 37)).astype(dtype), draw, 0.3), {}


random_words = Kernel("random_words", _random_words, _word_samples)
bernoulli = Kernel("bernoulli", _bernoulli, _bernoulli_samples)
dropout = Kernel("dropout", _dropout, _dropout_samples)
