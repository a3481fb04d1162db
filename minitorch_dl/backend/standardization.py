"""The array kernels of the normalisation layers: moments, standardisation, and its gradient."""

from __future__ import annotations

import math
from typing import Any

from .sums import dot_over, sum_over

Axes = tuple[int, ...]


def forward(
    xp: Any,
    x: Any,
    w: Any,
    b: Any,
    *,
    shape: Axes,
    axes: Axes,
    affine: Axes,
    eps: float,
    centered: bool,
) -> tuple[Any, Any, Any]:
    """``(x - mean) / sqrt(variance + eps) * w + b``, the mean, and the variance over ``axes``."""
    y = x.reshape(shape)
    count = math.prod(shape[i] for i in axes) or math.nan
    if centered:
        mean = sum_over(xp, y, axes) / count
        y = y - mean
        variance = dot_over(xp, y, y, axes) / count
    else:
        variance = dot_over(xp, y, y, axes) / count
        mean = xp.zeros_like(variance)
        y = y.copy()
    scale = 1 / xp.sqrt(variance + eps)
    both = math.prod(max(pair) for pair in zip(scale.shape, affine))
    if w is not None and 4 * both <= y.size:  # one factor for both, where it stays small
        scale = scale * w.reshape(affine)
        w = None
    y *= scale
    if w is not None:
        y *= w.reshape(affine)
    if b is not None:
        y += b.reshape(affine)
    return y, mean, variance


def backward(
    xp: Any,
    g: Any,
    x: Any,
    w: Any,
    mean: Any,
    variance: Any,
    *,
    needs: tuple[bool, ...],
    shape: Axes,
    axes: Axes,
    affine: Axes,
    eps: float,
    centered: bool,
) -> tuple[Any, Any, Any]:
    """The gradients of x, w and b.

    With s = x standardised, h = g w and m() the mean over ``axes``:
    ``dx = (h - m(h) - s m(h s)) / sqrt(variance + eps)``.
    """
    g, v = g.reshape(shape), x.reshape(shape)
    count = math.prod(shape[i] for i in axes) or math.nan
    scale = 1 / xp.sqrt(variance + eps)
    s = v - mean if centered else v.copy()
    s *= scale
    along = tuple(i for i, n in enumerate(affine) if n == 1 and shape[i] != 1)  # w repeats here
    dw = dot_over(xp, g, s, along) if needs[1] else None
    db = sum_over(xp, g, along) if needs[2] else None
    if not needs[0]:
        return None, dw, db
    if w is not None and along == axes:  # one factor for the whole of what the moments are over
        scale = scale * w.reshape(affine)
        w = None
    h = g if w is None else g * w.reshape(affine)
    both = dw if h is g and along == axes and dw is not None else dot_over(xp, h, s, axes)
    s *= both / -count
    s += h
    if centered:
        s -= (db if h is g and along == axes and db is not None else sum_over(xp, h, axes)) / count
    s *= scale
    return s, dw, db
