"""The cross entropy of class labels or probabilities, and its gradient: the array kernels.

Scores are (N, C, P), labels (N, P), probabilities q (N, C, P), a weight per class (C) or None. The
loss of a sample is ``sum over c of p[c] (log_sum - a[c])``, with ``log_sum`` the logarithm of the
sum of its scores' exponentials and ``p = weight ((1 - smoothing) q + smoothing / C)``; a label
stands for the q that is 1 there, and one to ignore for p = 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import kernels
from .blocks import in_blocks
from .softmax import exponentials
from .sums import dot_over


def places(xp: Any, target: Any, classes: int, ignore_index: int | None) -> Any:
    """Where each sample's label lies in the scores as a vector, (N, P); an ignored one's is 0."""
    n, p = target.shape
    where = target if ignore_index is None else target * (target != ignore_index)
    size = classes * p or 1  # of a sample
    start = xp.arange(0, n * size, size)[:, None]
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


def label_losses(
    xp: Any, a: Any, target: Any, weight: Any, *, ignore_index: int | None, smoothing: float
) -> tuple[Any, Any, Any]:
    """The losses of labels, and what the gradient needs: the softmax as numerators (N, C, P) and
    denominator (N, P); on a GPU, to which computing them again costs less, None and ``log_sum``."""
    options: Any = {"ignore_index": ignore_index, "smoothing": smoothing}
    if xp is not np:
        loss, log_sum = class_losses(xp, a, target, None, weight, **options)
        return loss, None, log_sum
    scores = a.astype("float32") if a.dtype.itemsize == 2 else a
    e, total, log_sum = exponentials(xp, scores)
    loss = _losses(xp, scores, log_sum, target, None, weight, **options)
    return loss.astype(a.dtype, copy=False), e, total


@kernels.class_losses.twin
def class_losses(
    xp: Any, a: Any, target: Any, q: Any, weight: Any, *, ignore_index: int | None, smoothing: float
) -> tuple[Any, Any]:
    """The losses of labels, or without labels of probabilities q, and ``log_sum``."""
    options: Any = {"ignore_index": ignore_index, "smoothing": smoothing}
    if xp is not np:
        done = kernels.class_losses(xp, a, target, q, weight, **options)
        if done is not None:
            return done
    scores = _computed(a)
    _, _, log_sum = exponentials(xp, scores)
    loss = _losses(xp, scores, log_sum, target, q, weight, **options)
    return loss.astype(a.dtype, copy=False), log_sum


@kernels.class_losses_backward.twin
def class_losses_backward(
    xp: Any, a: Any, g: Any, target: Any, q: Any, weight: Any, log_sum: Any, *,
    ignore_index: int | None, smoothing: float,
) -> Any:  # fmt: skip
    """The gradient of the scores, given that of the losses."""
    options: Any = {"ignore_index": ignore_index, "smoothing": smoothing}
    if xp is not np:
        done = kernels.class_losses_backward(xp, a, g, target, q, weight, log_sum, **options)
        if done is not None:
            return done
    probabilities = xp.exp(_computed(a) - log_sum[:, None])
    return score_gradient(xp, a, g, target, q, weight, probabilities, None, **options)


def score_gradient(
    xp: Any, a: Any, g: Any, target: Any, q: Any, weight: Any, e: Any, total: Any, *,
    ignore_index: int | None, smoothing: float,
) -> Any:  # fmt: skip
    """The gradient of the scores, ``g (softmax sum of p - p)``, given that of the losses and the
    softmax ``e``, or ``e / total``."""
    g = g.astype(e.dtype, copy=False)
    label = wanted = None  # g p: at the labels, and everywhere
    if target is None:
        wanted = _wanted(q, weight, smoothing) * g[:, None]
        factor = wanted.sum(axis=1)
    else:
        factor = label = weighted(xp, g, target, weight, ignore_index)
        if smoothing:
            even = weighted(xp, g, target, None, ignore_index) * (smoothing / e.shape[1])
            per_class = xp.ones(e.shape[1], e.dtype) if weight is None else _computed(weight)
            wanted = even[:, None] * per_class[:, None]
            label = label * (1 - smoothing)
            factor = label + even * per_class.sum()
    d, factor = xp.empty(e.shape, e.dtype), (factor if total is None else factor / total)[:, None]

    def work(rows: slice) -> None:
        xp.multiply(e[rows], factor[rows], out=d[rows])

    in_blocks(xp, work, len(e), math.prod(e.shape[1:]), 2, e.shape[-1])
    if wanted is not None:
        d -= wanted
    if label is not None:
        d.reshape(-1)[places(xp, target, e.shape[1], ignore_index)] -= label
    return d.astype(a.dtype, copy=False)


def target_gradients(
    xp: Any, a: Any, g: Any, q: Any, weight: Any, log_sum: Any, smoothing: float
) -> tuple[Any, Any]:
    """The gradients of probabilities and of the classes' weights, which are seldom asked for."""
    nll = (log_sum[:, None] - _computed(a)) * g.astype(log_sum.dtype, copy=False)[:, None]
    dq = nll * (1 - smoothing) if weight is None else nll * weight[:, None] * (1 - smoothing)
    dw = (nll * _smoothed(q, smoothing)).sum(axis=(0, 2)) if weight is not None else None
    return dq.astype(q.dtype, copy=False), dw if dw is None else dw.astype(weight.dtype, copy=False)


def _computed(a: Any) -> Any:
    return a.astype("float32") if a.dtype.itemsize == 2 else a


def _smoothed(q: Any, smoothing: float) -> Any:
    return _computed(q) * (1 - smoothing) + smoothing / q.shape[1] if smoothing else _computed(q)


def _wanted(q: Any, weight: Any, smoothing: float) -> Any:
    """p of probabilities q."""
    p = _smoothed(q, smoothing)
    return p if weight is None else p * weight.astype(p.dtype, copy=False)[:, None]


def _losses(
    xp: Any, scores: Any, log_sum: Any, target: Any, q: Any, weight: Any,
    ignore_index: int | None, smoothing: float,
) -> Any:  # fmt: skip
    if target is None:
        return dot_over(xp, log_sum[:, None] - scores, _wanted(q, weight, smoothing), (1,))[:, 0]
    label = log_sum - scores.reshape(-1)[places(xp, target, scores.shape[1], ignore_index)]
    loss = weighted(xp, label, target, weight, ignore_index)
    if not smoothing:
        return loss
    nll = log_sum[:, None] - scores
    if weight is not None:
        nll *= weight.astype(nll.dtype, copy=False)[:, None]
    even = weighted(xp, nll.sum(axis=1), target, None, ignore_index)
    return loss * (1 - smoothing) + even * (smoothing / scores.shape[1])
