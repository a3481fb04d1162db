"""Launches of ``pointwise.cu``; the twins are in ``backend/activations.py``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .launching import REALS, Kernel, Sample, launch_each


def _forward(xp: Any, a: Any, *, approximate: str) -> Any:
    if a.dtype.name not in REALS or not a.size:
        return None
    y, cdf = xp.empty(a.shape, a.dtype), xp.empty(a.shape, a.dtype)
    a = xp.ascontiguousarray(a)
    args = (a, y, cdf, np.int32(approximate == "tanh"), np.int64(a.size))
    launch_each(xp, "pointwise", "gelu", a.dtype, a.size, args)
    return y, cdf


def _backward(xp: Any, g: Any, a: Any, cdf: Any, approximate: str) -> Any:
    if a.dtype.name not in REALS or not a.size or g.dtype != a.dtype:
        return None
    d = xp.empty(a.shape, a.dtype)
    g, a = xp.ascontiguousarray(g), xp.ascontiguousarray(a)
    args = (g, a, d, np.int32(approximate == "tanh"), np.int64(a.size))
    launch_each(xp, "pointwise", "gelu_slope", a.dtype, a.size, args)
    return (d,)


def _forward_samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
    for approximate in ("none", "tanh"):
        yield (3 * random.normal(size=(5, 67)).astype(dtype),), {"approximate": approximate}


def _backward_samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
    for (a,), params in _forward_samples(random, dtype):
        x = a.astype("float64")
        if params["approximate"] == "tanh":
            cdf = 0.5 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
        else:
            cdf = 0.5 * (1 + np.vectorize(math.erf)(x * np.sqrt(0.5)))
        yield (random.normal(size=a.shape).astype(dtype), a, cdf.astype(dtype)), params


gelu = Kernel("gelu", _forward, _forward_samples)
gelu_slope = Kernel("gelu_slope", _backward, _backward_samples)
