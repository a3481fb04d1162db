"""The cross entropy of class labels, and its gradient: the array kernels.

Scores are (N, C, P), labels (N, P), a weight per class (C) or None.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import kernels
from .blocks import in_blocks
from .exponentials import exponentials
from .precision import is_half


def places(xp: Any, target: Any, classes: int, ignore_index: int) -> tuple[Any, Any]:
    """Where each sample's label lies in the scores as a vector, and which samples count: both
    (N, P)."""
    counts = target != ignore_index
    n, p = target.shape
    where = target * counts
    if p != 1:
        where = where * p + xp.arange(p)
    return where + xp.arange(n)[:, None] * (classes * p), counts


def factors(dtype: Any, target: Any, weight: Any, ignore_index: int) -> Any:
    """Each sample's weight, (N, P): its label's, or 1; 0 for an ignored one."""
    counts = target != ignore_index
    return counts.astype(dtype) if weight is None else weight[target * counts] * counts


@kernels.label_losses.twin
def label_losses(
    xp: Any, a: Any, target: Any, weight: Any, *, ignore_index: int
) -> tuple[Any, Any, Any]:
    """``weight[t] * (log sum over c of exp(a[n, c]) - a[n, t])`` per sample with label t, and the
    softmax as numerators (N, C, P) and denominator (N, P)."""
    if xp is not np:
        done = kernels.label_losses(xp, a, target, weight, ignore_index=ignore_index)
        if done is not None:
            return done
    scores = a.astype("float32") if is_half(a.dtype) else a
    e, total, log_sum = exponentials(xp, scores)
    where, counts = places(xp, target, a.shape[1], ignore_index)
    loss = xp.where(counts, log_sum - scores.reshape(-1)[where], 0)
    loss *= factors(loss.dtype, target, weight, ignore_index)
    return loss.astype(a.dtype, copy=False), e, total


@kernels.label_losses_slope.twin
def label_losses_slope(
    xp: Any, a: Any, g: Any, target: Any, weight: Any, e: Any, total: Any, *, ignore_index: int
) -> Any:
    """The gradient of the scores ``a``, given that of the losses."""
    if xp is not np:
        done = kernels.label_losses_slope(
            xp, a, g, target, weight, e, total, ignore_index=ignore_index
        )
        if done is not None:
            return done
    scale = g * factors(e.dtype, target, weight, ignore_index)
    d, factor = xp.empty(e.shape, e.dtype), (scale / total)[:, None]

    def work(rows: slice) -> None:
        xp.multiply(e[rows], factor[rows], out=d[rows])

    in_blocks(xp, work, len(e), math.prod(e.shape[1:]), passes=2)
    d.reshape(-1)[places(xp, target, a.shape[1], ignore_index)[0]] -= scale
    return d.astype(a.dtype, copy=False)
