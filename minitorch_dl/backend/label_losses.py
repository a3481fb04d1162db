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


def places(xp: Any, target: Any, classes: int, ignore_index: int | None) -> Any:
    """Where each sample's label lies in the scores as a vector, (N, P); an ignored one's is 0."""
    n, p = target.shape
    where = target if ignore_index is None else target * (target != ignore_index)
    start = xp.arange(n)[:, None] * (classes * p)
    if p != 1:
        where, start = where * xp.int64(p), start + xp.arange(p)
    return where + start


def weighted(xp: Any, values: Any, target: Any, weight: Any, ignore_index: int | None) -> Any:
    """``values`` (N, P) times the weights of their samples' labels; 0 where the label is ignored.

    ``ignore_index`` is None where no label is ignored.
    """
    if ignore_index is not None:
        counts = target != ignore_index
        values = xp.where(counts, values, 0).astype(values.dtype, copy=False)
        target = target * counts
    return values if weight is None else values * weight[target].astype(values.dtype, copy=False)


@kernels.label_losses.twin
def label_losses(
    xp: Any, a: Any, target: Any, weight: Any, *, ignore_index: int | None
) -> tuple[Any, Any, Any]:
    """``weight[t] * (log sum over c of exp(a[n, c]) - a[n, t])`` per sample with label t, and the
    softmax as numerators (N, C, P) and denominator (N, P)."""
    if xp is not np:
        done = kernels.label_losses(xp, a, target, weight, ignore_index=ignore_index)
        if done is not None:
            return done
    scores = a.astype("float32") if is_half(a.dtype) else a
    e, total, log_sum = exponentials(xp, scores)
    where = places(xp, target, a.shape[1], ignore_index)
    loss = weighted(xp, log_sum - scores.reshape(-1)[where], target, weight, ignore_index)
    return loss.astype(a.dtype, copy=False), e, total


@kernels.label_losses_slope.twin
def label_losses_slope(
    xp: Any, a: Any, g: Any, target: Any, weight: Any, e: Any, total: Any, *,
    ignore_index: int | None,
) -> Any:  # fmt: skip
    """The gradient of the scores ``a``, given that of the losses."""
    if xp is not np:
        done = kernels.label_losses_slope(
            xp, a, g, target, weight, e, total, ignore_index=ignore_index
        )
        if done is not None:
            return done
    scale = weighted(xp, g.astype(e.dtype, copy=False), target, weight, ignore_index)
    d, factor = xp.empty(e.shape, e.dtype), (scale / total)[:, None]

    def work(rows: slice) -> None:
        xp.multiply(e[rows], factor[rows], out=d[rows])

    in_blocks(xp, work, len(e), math.prod(e.shape[1:]), passes=2)
    d.reshape(-1)[places(xp, target, a.shape[1], ignore_index)] -= scale
    return d.astype(a.dtype, copy=False)
