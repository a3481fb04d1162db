"""Launches of ``labels.cu``; the twins are in ``backend/label_losses.py``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .launching import REALS, Kernel, Sample, launch, row_threads


def _fits(a: Any) -> bool:
    """Whether there is a kernel for these scores (N, C, P)."""
    return a.dtype.name in REALS and a.size > 0


def _samples(random: np.random.Generator, dtype: str) -> Iterator[tuple[Any, Any, Any, Any]]:
    target = np.array([4, 0, 2, -100, 4, 1])
    for weight in (None, np.linspace(0.5, 2, 5).astype(dtype)):
        for n, samples in ((6, 1), (2, 3)):
            g = random.normal(size=(n, samples)).astype(dtype)
            scores = random.normal(size=(n, 5, samples)).astype(dtype)
            yield scores, target.reshape(n, samples), weight, g


def _forward_samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
    for scores, target, weight, _ in _samples(random, dtype):
        yield (scores, target, weight), {"ignore_index": -100}


def _backward_samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
    for scores, target, weight, g in _samples(random, dtype):
        e = np.exp(scores.astype("float64" if dtype == "float64" else "float32"))
        yield (scores, g, target, weight, e, e.sum(axis=1)), {"ignore_index": -100}


def _label(ignore_index: int | None) -> Any:
    """The label to ignore; one that no sample has stands for none."""
    return np.int64(-1 if ignore_index is None else ignore_index)


def _forward(xp: Any, a: Any, target: Any, weight: Any, *, ignore_index: int | None) -> Any:
    if not _fits(a):
        return None
    a, (n, columns, samples) = xp.ascontiguousarray(a), a.shape
    computed = "float64" if a.dtype == "float64" else "float32"
    loss, total = xp.empty((n, samples), a.dtype), xp.empty((n, samples), computed)
    e = xp.empty(a.shape, computed)
    target = xp.ascontiguousarray(target.astype("int64", copy=False))
    weight = None if weight is None else xp.ascontiguousarray(weight.astype(a.dtype, copy=False))
    sizes = np.int64(columns), np.int64(samples)
    args = (a, target, weight, _label(ignore_index), loss, e, total, *sizes)
    launch(xp, "labels", "label_losses", a.dtype, n * samples, args, row_threads(columns))
    return loss, e, total


def _backward(
    xp: Any, a: Any, g: Any, target: Any, weight: Any, e: Any, total: Any, *,
    ignore_index: int | None,
) -> Any:  # fmt: skip
    if not _fits(a):
        return None
    n, columns, samples = a.shape
    d = xp.empty(a.shape, a.dtype)
    g, target = xp.ascontiguousarray(g), xp.ascontiguousarray(target.astype("int64", copy=False))
    weight = None if weight is None else xp.ascontiguousarray(weight.astype(a.dtype, copy=False))
    sizes = np.int64(columns), np.int64(samples)
    args = (g, target, weight, _label(ignore_index), e, total, d, *sizes)
    launch(xp, "labels", "label_losses_slope", a.dtype, n * samples, args, row_threads(columns))
    return d


label_losses = Kernel("label_losses", _forward, _forward_samples)
label_losses_slope = Kernel("label_losses_slope", _backward, _backward_samples)
