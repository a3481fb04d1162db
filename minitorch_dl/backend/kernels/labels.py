"""Launches of ``labels.cu``; the twins are in ``backend/cross_entropy.py``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .launching import REALS, Kernel, Sample, launch_lines


def _wanted(
    xp: Any, a: Any, target: Any, q: Any, weight: Any, ignore_index: int | None, smoothing: float
) -> tuple[Any, Any]:
    """What is wanted of the classes as the kernels take it, and the arrays that it names."""
    target = None if target is None else xp.ascontiguousarray(target.astype("int64", copy=False))
    q, weight = (
        None if v is None else xp.ascontiguousarray(v.astype(a.dtype, copy=False))
        for v in (q, weight)
    )
    computed = _computed(a)
    struct = np.dtype([
        ("target", np.uint64), ("q", np.uint64), ("weight", np.uint64), ("ignored", np.int64),
        ("even", computed), ("rest", computed),
    ])  # fmt: skip
    arrays = (target, q, weight)
    addresses = (0 if v is None else v.data.ptr for v in arrays)
    ignored = -1 if ignore_index is None else ignore_index  # a label that no sample has
    even = smoothing / a.shape[1]
    return np.array([(*addresses, ignored, even, 1 - smoothing)], struct), arrays


def _computed(a: Any) -> str:
    return "float64" if a.dtype.name == "float64" else "float32"


def _forward(xp: Any, a: Any, target: Any, q: Any, weight: Any, **options: Any) -> Any:
    if a.dtype.name not in REALS or not a.size:
        return None
    n, _, samples = a.shape
    loss, log_sum = xp.empty((n, samples), a.dtype), xp.empty((n, samples), _computed(a))
    wanted, _kept = _wanted(xp, a, target, q, weight, **options)
    args = (xp.ascontiguousarray(a), wanted, loss, log_sum)
    launch_lines(xp, "labels", "class_losses", a.dtype, a.shape, 1, args)
    return loss, log_sum


def _backward(
    xp: Any, a: Any, g: Any, target: Any, q: Any, weight: Any, log_sum: Any, **options: Any
) -> Any:
    if a.dtype.name not in REALS or not a.size:
        return None
    d = xp.empty(a.shape, a.dtype)
    wanted, _kept = _wanted(xp, a, target, q, weight, **options)
    args = (xp.ascontiguousarray(g), xp.ascontiguousarray(a), wanted, log_sum, d)
    launch_lines(xp, "labels", "class_losses_backward", a.dtype, a.shape, 1, args)
    return d


def _samples(random: np.random.Generator, dtype: str) -> Iterator[Any]:
    target = np.array([4, 0, 2, -100, 4, 1])
    for weight in (None, np.linspace(0.5, 2, 5).astype(dtype)):
        for n, samples in ((6, 1), (2, 3)):
            scores = random.normal(size=(n, 5, samples)).astype(dtype)
            labels, q = target.reshape(n, samples), random.random(scores.shape).astype(dtype)
            for smoothing in (0.0, 0.25):
                options = {"ignore_index": -100, "smoothing": smoothing}
                yield (scores, labels, None, weight), options
                yield (scores, None, q, weight), options | {"ignore_index": None}


def _backward_samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
    for (scores, *given), options in _samples(random, dtype):
        wide = scores.astype("float64" if dtype == "float64" else "float32")
        g = random.normal(size=(len(scores), scores.shape[2])).astype(dtype)
        yield (scores, g, *given, np.log(np.exp(wide).sum(axis=1))), options


class_losses = Kernel("class_losses", _forward, _samples)
class_losses_backward = Kernel("class_losses_backward", _backward, _backward_samples)
