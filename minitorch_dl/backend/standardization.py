"""The array kernels of the normalisation layers: moments, standardisation, and its gradient."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import kernels
from .blocks import FEW, in_blocks
from .sums import dot_over, sum_over, weighted_sum

Axes = tuple[int, ...]
Index = tuple[slice, ...]


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
    """``(x - mean) / sqrt(variance + eps) * w + b``, the mean, and the variance over ``axes``.

    x is seen in ``shape``, w and b in ``affine``.
    """
    if xp is not np:
        view = {"shape": shape, "axes": axes, "affine": affine}
        done = kernels.standardize(xp, x.reshape(shape), w, b, **view, eps=eps, centered=centered)
        if done is not None:
            return done
    out = xp.empty(x.shape, x.dtype)
    x, y = x.reshape(shape), out.reshape(shape)
    kept = tuple([1 if i in axes else n for i, n in enumerate(shape)])
    mean = (xp.empty if centered else xp.zeros)(kept, x.dtype)
    variance = xp.empty(kept, x.dtype)
    count = _count(shape, axes)
    w, b = (None if v is None else v.reshape(affine) for v in (w, b))
    one_factor = w is not None and _cheap_factor(kept, affine, y.size)

    def work(part: Index) -> None:
        d, v = y[part], variance[part]
        if centered:
            m = mean[part]
            xp.divide(sum_over(xp, x[part], axes), count, out=m)
            xp.subtract(x[part], m, out=d)
        else:
            d[...] = x[part]
        xp.divide(dot_over(xp, d, d, axes), count, out=v)
        scale = 1 / xp.sqrt(v + eps)
        if w is None:
            d *= scale
        elif one_factor:
            d *= scale * _part(w, part)
        else:
            d *= scale
            d *= _part(w, part)
        if b is not None:
            d += _part(b, part)

    _over_groups(xp, work, shape, axes, passes=6)
    return out, mean, variance


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

    With s = (x - mean) r, r = 1 / sqrt(variance + eps), h = g w and m() the mean over ``axes``:
    ``dx = r (h - m(h) - s m(h s))``.
    """
    if xp is not np:
        view = {"shape": shape, "axes": axes, "affine": affine}
        done = kernels.standardize_slope(
            xp, g.reshape(shape), x.reshape(shape), w, mean, variance, needs=needs, **view, eps=eps,
            centered=centered,
        )  # fmt: skip
        if done is not None:
            return done
    dx = xp.empty(x.shape, x.dtype)
    g, x, d = g.reshape(shape), x.reshape(shape), dx.reshape(shape)
    w = None if w is None else w.reshape(affine)
    # Axes by what is summed over them: both moments and affine gradients, either, or neither.
    both = tuple([i for i in axes if affine[i] == 1])
    only_moments = tuple([i for i in axes if affine[i] != 1])
    only_affine = tuple([i for i, n in enumerate(affine) if n == 1 and i not in axes])
    if not (needs[1] or needs[2]) and w is None:
        both, only_moments = axes, ()
    partial_sums: list[tuple[int, Any, Any]] = []
    count = _count(shape, axes)

    def work(part: Index) -> None:
        u, s = g[part], xp.subtract(x[part], mean[part], out=d[part])
        square = variance[part] + eps
        r = 1 / xp.sqrt(square)
        factor = None if w is None else _part(w, part)
        us, u_sum = dot_over(xp, u, s, both), sum_over(xp, u, both)
        if needs[1] or needs[2]:
            dw = weighted_sum(xp, us, r, only_affine) if needs[1] else None
            db = sum_over(xp, u_sum, only_affine) if needs[2] else None
            partial_sums.append((max(p.start or 0 for p in part), dw, db))
        if not needs[0]:
            return
        if only_moments:
            us, u_sum = (weighted_sum(xp, v, factor, only_moments) for v in (us, u_sum))
        square *= -count
        s *= us / square
        s += u if factor is None or not only_moments else u * factor
        if centered:
            s -= u_sum / count
        s *= r if factor is None or only_moments else r * factor

    _over_groups(xp, work, shape, axes, passes=8)
    dw, db = _joined(xp, partial_sums, affine, axes)
    return (dx if needs[0] else None), dw, db


def _joined(xp: Any, parts: list[tuple[int, Any, Any]], affine: Axes, axes: Axes) -> Any:
    """The gradients of w and b from those of the blocks, in the blocks' order."""
    if not parts:
        return None, None
    parts.sort(key=lambda part: part[0])
    results = []
    for blocks in list(zip(*parts))[1:]:
        if blocks[0] is None or len(blocks) == 1:
            results.append(blocks[0])
        elif 0 in axes:  # the blocks were of what w and b have an entry for
            results.append(xp.concatenate(blocks, axis=1))
        else:
            total = blocks[0]
            for block in blocks[1:]:
                total += block
            results.append(total)
    return results


_ALL = (slice(None),)
_BLOCK = 1 << 18
"""Elements of a block: the moments' own operations, a few per block, weigh less in larger ones."""


def _over_groups(
    xp: Any, work: Callable[[Index], None], shape: Axes, axes: Axes, passes: int
) -> None:
    """``work(index)`` for parts of the first axis that the moments are not over."""
    axis = 0 if 0 not in axes else 1 if 1 not in axes else None
    size = math.prod(shape)
    if axis is None or size < FEW:
        work(_ALL)
        return
    before, n = (slice(None),) * axis, shape[axis]
    in_blocks(xp, lambda part: work((*before, part)), n, size // n, passes, _BLOCK)


def _part(v: Any, index: Index) -> Any:
    """The entries for a part of the whole of what broadcasts to it."""
    if index is _ALL:
        return v
    return v[tuple([slice(None) if n == 1 else i for i, n in zip(index, v.shape)])]


def _count(shape: Axes, axes: Axes) -> float:
    return math.prod([shape[i] for i in axes]) or math.nan


def _cheap_factor(kept: Axes, affine: Axes, size: int) -> bool:
    """Whether the product of both is small beside the whole."""
    return 4 * math.prod([max(pair) for pair in zip(kept, affine)]) <= size
