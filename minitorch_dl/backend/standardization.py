"""The array kernels of the normalisation layers: moments, standardisation, and its gradient."""

from __future__ import annotations

import math
from typing import Any

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
    if centered:
        mean = y.mean(axis=axes, keepdims=True, dtype=y.dtype)
        y = y - mean
        variance = _mean_of_product(xp, y, y, axes)
    else:
        variance = _mean_of_product(xp, y, y, axes)
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
    scale = 1 / xp.sqrt(variance + eps)
    s = v - mean if centered else v.copy()
    s *= scale
    over = tuple(
        i for i, n in enumerate(affine) if n == 1 and shape[i] != 1
    )  # axes w repeats along
    dw = _sum_of_product(xp, g, s, over) if needs[1] else None
    db = g.sum(axis=over, keepdims=True, dtype=g.dtype) if needs[2] else None
    if not needs[0]:
        return None, dw, db
    h = g if w is None else g * w.reshape(affine)
    s *= _mean_of_product(xp, h, s, axes)
    dx = h - s
    if centered:
        dx -= h.mean(axis=axes, keepdims=True, dtype=h.dtype)
    dx *= scale
    return dx, dw, db


def _sum_of_product(xp: Any, a: Any, b: Any, axes: Axes) -> Any:
    """``(a * b).sum(axes, keepdims=True)`` in one pass, without the product in memory."""
    letters = "abcdef"[: a.ndim]
    kept = "".join(c for i, c in enumerate(letters) if i not in axes)
    total = xp.einsum(f"{letters},{letters}->{kept}", a, b)
    return total.reshape([1 if i in axes else n for i, n in enumerate(a.shape)])


def _mean_of_product(xp: Any, a: Any, b: Any, axes: Axes) -> Any:
    count = math.prod(a.shape[i] for i in axes)
    return _sum_of_product(xp, a, b, axes) / (count or math.nan)
