"""The array kernels of the normalisation layers: moments, standardisation, and its gradient."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from . import kernels
from .sums import dot_over, sum_over

Axes = tuple[int, ...]


@kernels.standardize.twin
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
    x = x.reshape(shape)
    if xp is not np:
        view = {"shape": shape, "axes": axes, "affine": affine}
        done = kernels.standardize(xp, x, w, b, **view, eps=eps, centered=centered)
        if done is not None:
            return done
    y = xp.empty(shape, x.dtype)
    kept = tuple(1 if i in axes else n for i, n in enumerate(shape))
    mean, variance = xp.zeros(kept, x.dtype), xp.empty(kept, x.dtype)
    count = math.prod(shape[i] for i in axes) or math.nan
    # One factor for both, where it stays small.
    factor = None
    if w is not None and 4 * math.prod(max(pair) for pair in zip(kept, affine)) <= y.size:
        factor, w = w.reshape(affine), None
    for rows in blocks(xp, shape, axes, affine):
        part, out = x[rows], y[rows]
        if centered:
            m = mean[rows]
            xp.divide(sum_over(xp, part, axes), count, out=m)
            xp.subtract(part, m, out=out)
        else:
            out[...] = part
        v = variance[rows]
        xp.divide(dot_over(xp, out, out, axes), count, out=v)
        scale = 1 / xp.sqrt(v + eps)
        out *= scale if factor is None else scale * factor
        if w is not None:
            out *= w.reshape(affine)
        if b is not None:
            out += b.reshape(affine)
    return y, mean, variance


@kernels.standardize_slope.twin
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
    g, x = g.reshape(shape), x.reshape(shape)
    if xp is not np:
        view = {"shape": shape, "axes": axes, "affine": affine}
        done = kernels.standardize_slope(
            xp, g, x, w, mean, variance, needs=needs, **view, eps=eps, centered=centered
        )
        if done is not None:
            return done
    count = math.prod(shape[i] for i in axes) or math.nan
    along = tuple(i for i, n in enumerate(affine) if n == 1 and shape[i] != 1)  # w repeats here
    w = None if w is None else w.reshape(affine)
    factor = None
    if along == axes:  # one factor for the whole of what the moments are over
        factor, w = w, None
    dx: Any = xp.empty(shape, x.dtype) if needs[0] else None
    dw: Any = None
    db: Any = None
    for rows in blocks(xp, shape, axes, affine):
        u = g[rows]
        scale = 1 / xp.sqrt(variance[rows] + eps)
        s = xp.subtract(x[rows], mean[rows], out=dx[rows] if needs[0] else None)
        s *= scale
        part_w: Any = dot_over(xp, u, s, along) if needs[1] else None
        part_b: Any = sum_over(xp, u, along) if needs[2] else None
        if needs[0]:
            h = u if w is None else u * w
            shared = h is u and along == axes
            both = part_w if shared and needs[1] else dot_over(xp, h, s, axes)
            s *= both / -count
            s += h
            if centered:
                s -= (part_b if shared and needs[2] else sum_over(xp, h, axes)) / count
            s *= scale if factor is None else scale * factor
        dw = part_w if dw is None else dw + part_w
        db = part_b if db is None else db + part_b
    return dx, dw, db


BLOCK = 1 << 16
"""Elements that are handled together on the host: 256 kB of float32 stay in a core's cache."""


def blocks(xp: Any, shape: Axes, axes: Axes, affine: Axes) -> Iterator[slice]:
    """The first axis in parts, where it is none of those that the moments are over."""
    n = shape[0]
    step = n
    if xp is np and 0 not in axes and affine[0] == 1:
        step = max(1, BLOCK // max(1, math.prod(shape[1:])))
    if n <= step:
        yield slice(None)
        return
    for i in range(0, n, step):
        yield slice(i, i + step)
