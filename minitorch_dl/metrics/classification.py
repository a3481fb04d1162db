"""Measures of predicted classes."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from ..ops import log_softmax
from ..tensor import Tensor
from .inputs import arrays, class_count, labels, module_of, same_shape

Average = Literal["binary", "micro", "macro", "weighted"]


def accuracy(input: Any, target: Any) -> float:
    """The share of labels that are right.

    Args:
        input: predicted labels, of the target's shape; or scores ``(N, C, ...)`` for targets
            ``(N, ...)``, of which the highest wins.

    >>> import minitorch_dl as torch
    >>> torch.metrics.accuracy(torch.tensor([0, 2, 1, 1]), torch.tensor([0, 1, 1, 1]))
    0.75
    """
    y, t = arrays("accuracy", input=input, target=target)
    if y.ndim == t.ndim + 1:
        y = y.argmax(axis=1)
    same_shape("accuracy", ("input", "target"), y, t)
    return float((y == t).mean())


def top_k_accuracy(input: Any, target: Any, k: int = 5) -> float:
    """The share of targets ``(N,)`` among the ``k`` highest of the scores ``(N, C)``.

    Of equal scores the higher index counts as the higher one, as in scikit-learn.
    Raises ValueError for k outside [1, C] and labels outside [0, C).

    >>> import minitorch_dl as torch
    >>> scores = torch.tensor([[0.5, 0.2, 0.3], [0.1, 0.8, 0.2]])
    >>> torch.metrics.top_k_accuracy(scores, torch.tensor([2, 0]), k=2)
    0.5
    """
    y, t = arrays("top_k_accuracy", input=input, target=target)
    if y.ndim != 2 or t.shape != y.shape[:1]:
        raise ValueError(
            "top_k_accuracy: expected input (N, C) and target (N,), got "
            f"{tuple(y.shape)} and {tuple(t.shape)}"
        )
    n = y.shape[1]
    if not 1 <= k <= n:
        raise ValueError(f"top_k_accuracy: expected k in [1, {n}], the number of classes, got {k}")
    t = labels("top_k_accuracy", "target", t, n)
    xp = module_of(y)
    own = xp.take_along_axis(y, t[:, None], axis=1)  # (N, 1)
    above = (y > own) | ((y == own) & (xp.arange(n) > t[:, None]))
    return float((above.sum(axis=1) < k).mean())


def _table(op: str, input: Any, target: Any, num_classes: int | None) -> Any:
    y, t = arrays(op, input=input, target=target)
    if y.ndim == t.ndim + 1:
        y = y.argmax(axis=1)
    same_shape(op, ("input", "target"), y, t)
    n = class_count(op, num_classes, y, t)
    y, t = labels(op, "input", y, n), labels(op, "target", t, n)
    return module_of(y).bincount(t * n + y, minlength=n * n).reshape(n, n)


def confusion_matrix(input: Any, target: Any, num_classes: int | None = None) -> Tensor:
    """How often class i was predicted as j, int64 ``(C, C)``: rows are targets.

    Args:
        input: predicted labels, or scores ``(N, C, ...)`` of which the highest wins.
        num_classes: C; by default the largest label plus one.

    >>> import minitorch_dl as torch
    >>> torch.metrics.confusion_matrix(torch.tensor([0, 1, 1]), torch.tensor([0, 0, 1]))
    tensor([[1, 1],
            [0, 1]])
    """
    return Tensor.wrap(_table("confusion_matrix", input, target, num_classes).astype(np.int64))


def _ratio(xp: Any, a: Any, b: Any, zero_division: float) -> Any:
    return xp.where(b == 0, zero_division, a / xp.where(b == 0, 1, b))


def _measure(
    op: str, input: Any, target: Any, average: Any, num_classes: Any, zero_division: float
) -> Any:
    """Precision, recall or F1: a ratio of counts of each class, averaged."""
    table = _table(op, input, target, num_classes)
    xp = module_of(table)
    hits, predicted, actual = table.diagonal(), table.sum(axis=0), table.sum(axis=1)
    if average == "binary":
        if len(table) > 2:
            raise ValueError(
                f"{op}: average='binary' is for labels 0 and 1, got {len(table)} classes; "
                "choose 'micro', 'macro', 'weighted' or None"
            )
        if len(table) == 1:
            return float(zero_division)
        hits, predicted, actual = hits[1:], predicted[1:], actual[1:]
    elif average == "micro":
        hits, predicted, actual = (x.sum(keepdims=True) for x in (hits, predicted, actual))
    elif average not in ("macro", "weighted", None):
        raise ValueError(
            f"{op}: average should be 'binary', 'micro', 'macro', 'weighted' or None, "
            f"got {average!r}"
        )
    above, below = {
        "precision": (hits, predicted),
        "recall": (hits, actual),
        "f1": (2 * hits, predicted + actual),
    }[op]
    scores = _ratio(xp, above.astype(np.float64), below, zero_division)
    if average is None:
        return Tensor.wrap(scores)
    if average == "weighted":
        return float((scores * actual).sum() / actual.sum())
    if average == "macro" and num_classes is None:
        scores = scores[(predicted + actual) > 0]  # labels that nobody used are no classes
    return float(scores.mean())


def precision(
    input: Any,
    target: Any,
    average: Average | None = "binary",
    num_classes: int | None = None,
    zero_division: float = 0.0,
) -> Any:
    """Of what was predicted as a class, the share that is: ``TP / (TP + FP)``.

    Args:
        input: predicted labels, or scores ``(N, C, ...)`` of which the highest wins.
        average: "binary" (class 1 alone), "micro" (all counts together), "macro" (the mean over the
            classes), "weighted" (by their frequency), or None: a float64 tensor ``(C,)``.
        num_classes: by default the largest label plus one; "macro" then takes the classes that
            occur.
        zero_division: the value of a class that was never predicted.

    >>> import minitorch_dl as torch
    >>> torch.metrics.precision(torch.tensor([1, 1, 0, 1]), torch.tensor([1, 0, 0, 1]))
    0.6666666666666666
    """
    return _measure("precision", input, target, average, num_classes, zero_division)


def recall(
    input: Any,
    target: Any,
    average: Average | None = "binary",
    num_classes: int | None = None,
    zero_division: float = 0.0,
) -> Any:
    """Of what is a class, the share that was found: ``TP / (TP + FN)``. See :func:`precision`."""
    return _measure("recall", input, target, average, num_classes, zero_division)


def f1(
    input: Any,
    target: Any,
    average: Average | None = "binary",
    num_classes: int | None = None,
    zero_division: float = 0.0,
) -> Any:
    """``2 TP / (2 TP + FP + FN)``: the harmonic mean of both. See :func:`precision`."""
    return _measure("f1", input, target, average, num_classes, zero_division)


def roc_auc(input: Any, target: Any, average: Literal["macro", "weighted"] = "macro") -> float:
    """The area under the ROC curve: the chance that a positive scores above a negative.

    Equal scores count half. Of several classes, scores ``(N, C)``, the mean of each class against
    the rest.

    Args:
        input: scores ``(N,)`` of class 1, or ``(N, C)``.
        target: labels ``(N,)``.
        average: over the classes, plainly or by their frequency.

    Raises:
        ValueError: a class that all targets are, or none is.

    >>> import minitorch_dl as torch
    >>> torch.metrics.roc_auc(torch.tensor([0.1, 0.4, 0.35, 0.8]), torch.tensor([0, 0, 1, 1]))
    0.75
    """
    y, t = arrays("roc_auc", input=input, target=target)
    if average not in ("macro", "weighted"):
        raise ValueError(f"roc_auc: average should be 'macro' or 'weighted', got {average!r}")
    if y.ndim == 1:
        same_shape("roc_auc", ("input", "target"), y, t)
        return _area(y, labels("roc_auc", "target", t, 2) == 1, 1)
    if y.ndim != 2 or t.shape != y.shape[:1]:
        raise ValueError(
            "roc_auc: expected input (N,) or (N, C) and target (N,), got "
            f"{tuple(y.shape)} and {tuple(t.shape)}"
        )
    n = y.shape[1]
    t = labels("roc_auc", "target", t, n)
    areas = [_area(y[:, c], t == c, c) for c in range(n)]
    if average == "macro":
        return sum(areas) / n
    shares = module_of(t).bincount(t, minlength=n).tolist()
    return sum(a * s for a, s in zip(areas, shares)) / len(t)


def _area(scores: Any, positive: Any, label: int) -> float:
    """By the rank sum of the positives (Mann and Whitney, 1947)."""
    xp = module_of(scores)
    count = int(positive.sum())
    others = len(positive) - count
    if count == 0 or others == 0:
        raise ValueError(
            f"roc_auc: needs targets of class {label} and others, got {count} and {others}"
        )
    ordered = xp.sort(scores)
    below = xp.searchsorted(ordered, scores, side="left")
    up_to = xp.searchsorted(ordered, scores, side="right")
    ranks = (below + up_to + 1) / 2  # equal scores share the mean of their ranks
    total = float(ranks[positive].sum())
    return (total - count * (count + 1) / 2) / (count * others)


def perplexity(input: Any, target: Any, ignore_index: int = -100) -> float:
    """``exp`` of the mean cross entropy of scores (logits) ``(..., C)`` for labels ``(...)``.

    Args:
        ignore_index: a label that is not counted.

    Raises:
        ValueError: labels outside [0, C), or none that count.

    >>> import minitorch_dl as torch
    >>> round(torch.metrics.perplexity(torch.zeros(2, 3, 8), torch.ones(2, 3).long()), 4)
    8.0
    """
    y, t = arrays("perplexity", input=input, target=target)
    if tuple(y.shape[:-1]) != tuple(t.shape):
        raise ValueError(
            "perplexity: expected input (..., C) and target (...), got "
            f"{tuple(y.shape)} and {tuple(t.shape)}"
        )
    scores, flat = y.reshape(-1, y.shape[-1]).astype(np.float64), t.reshape(-1)
    counted = flat != ignore_index
    if not counted.any():
        raise ValueError(f"perplexity: every target is the ignored label {ignore_index}")
    scores, flat = scores[counted], labels("perplexity", "target", flat[counted], y.shape[-1])
    log_p = log_softmax(Tensor.wrap(scores), dim=-1).array
    chosen = module_of(log_p).take_along_axis(log_p, flat[:, None], axis=1)
    return math.exp(-float(chosen.mean()))
