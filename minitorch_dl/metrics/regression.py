"""Errors of predicted numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .inputs import arrays, same_shape


def _pair(op: str, input: Any, target: Any) -> tuple[Any, Any]:
    y, t = arrays(op, input=input, target=target)
    same_shape(op, ("input", "target"), y, t)
    return y.astype(np.float64), t.astype(np.float64)


def mean_absolute_error(input: Any, target: Any) -> float:
    """``mean |y - t|`` of predictions y and targets t of one shape.

    >>> from minitorch_dl import metrics
    >>> metrics.mean_absolute_error([2.5, 0.0], [3.0, -0.5])
    0.5
    """
    y, t = _pair("mean_absolute_error", input, target)
    return float(abs(y - t).mean())


def mean_squared_error(input: Any, target: Any, *, squared: bool = True) -> float:
    """``mean (y - t)²``; its square root when ``squared`` is False.

    >>> from minitorch_dl import metrics
    >>> metrics.mean_squared_error([2.5, 0.0], [3.0, -0.5])
    0.25
    """
    y, t = _pair("mean_squared_error", input, target)
    error = float(((y - t) ** 2).mean())
    return error if squared else error**0.5


def r2_score(input: Any, target: Any) -> float:
    """``1 - Σ (y - t)² / Σ (t - mean t)²``; of targets ``(N, D)`` the mean over the D columns.

    1 is best; a constant prediction of the mean has 0. A column of equal targets has 1 when it is
    met exactly, else 0. Raises ValueError for fewer than two samples.

    >>> from minitorch_dl import metrics
    >>> round(metrics.r2_score([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0]), 4)
    0.9486
    """
    y, t = _pair("r2_score", input, target)
    if len(t) < 2:
        raise ValueError(f"r2_score: expected at least two samples, got {len(t)}")
    y, t = y.reshape(len(y), -1), t.reshape(len(t), -1)
    residual = ((y - t) ** 2).sum(axis=0)
    total = ((t - t.mean(axis=0)) ** 2).sum(axis=0)
    scores = np.array([_score(r, s) for r, s in zip(residual.tolist(), total.tolist())])
    return float(scores.mean())


def _score(residual: float, total: float) -> float:
    if total == 0:
        return float(residual == 0)
    return 1 - residual / total
