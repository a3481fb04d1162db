"""The array kernels of the normalisation layers: moments, standardisation, and its gradient."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from . import kernels
from .blocks import FEW, in_blocks
from .sums import dot_over, sum_over, weighted_sum

Axes = tuple[int, ...]
Index = tuple[slice, ...]

_SHORT = 256
"""Elements of a row up to which it pays to repeat the factors of a channel along it."""


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
    lay = _layout(shape, axes, affine, eps, x.dtype if xp is np else None)
    repeat = _repeated(lay.repeats) if lay.repeats > 1 and xp is np else None
    out = xp.empty(x.shape, x.dtype)
    mean = (xp.empty if centered else xp.zeros)(lay.kept, x.dtype)
    variance = xp.empty(lay.kept, x.dtype)
    x, y, means, variances = x.reshape(shape), out.reshape(shape), mean, variance
    rows, out_rows = x, y
    if lay.rows != shape:
        rows, out_rows = x.reshape(lay.rows), y.reshape(lay.rows)
        means, variances = mean.reshape(lay.kept_rows), variance.reshape(lay.kept_rows)
    w = None if w is None else w.reshape(affine)
    b = None if b is None else b.reshape(affine)

    def work(part: Index) -> None:
        d = rows[part]
        if centered:
            m = means[part]
            xp.divide(sum_over(xp, d, lay.over), lay.elements, out=m)
            d = xp.subtract(d, m if repeat is None else repeat(m), out=out_rows[part])
        xp.divide(dot_over(xp, d, d, lay.over), lay.elements, out=variances[part])
        scale = xp.reciprocal(xp.sqrt(variance[part] + lay.eps))
        d, z = (y if centered else x)[part], y[part]
        if w is not None and lay.one_factor:
            scale = scale * _part(w, part)
        xp.multiply(d, scale if repeat is None else repeat(scale), out=z)
        if w is not None and not lay.one_factor:
            z *= _part(w, part)
        if b is not None:
            shift = _part(b, part)
            z += shift if repeat is None else repeat(shift)

    _over_groups(xp, work, shape, axes, passes=6)
    return out, mean, variance


@kernels.standardize_backward.twin
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
        done = kernels.standardize_backward(
            xp, g.reshape(shape), x.reshape(shape), w, mean, variance, needs=needs, **view, eps=eps,
            centered=centered,
        )  # fmt: skip
        if done is not None:
            return done
    weighted = w is not None or needs[1] or needs[2]
    lay = _layout(shape, axes, affine if weighted else None, eps, x.dtype if xp is np else None)
    repeat = _repeated(lay.repeats) if lay.repeats > 1 and xp is np else None
    dx = xp.empty(x.shape, x.dtype)
    g, x, d = g.reshape(lay.shape), x.reshape(lay.shape), dx.reshape(lay.shape)
    if mean.shape != lay.kept:
        mean, variance = mean.reshape(lay.kept), variance.reshape(lay.kept)
    w = None if w is None else w.reshape(affine)
    partial_sums: list[tuple[Index, Any, Any]] = []

    def work(part: Index) -> None:
        u, m, sums = g[part], mean[part], None
        s = xp.subtract(x[part], m if repeat is None else repeat(m), out=d[part])
        r = xp.reciprocal(xp.sqrt(variance[part] + lay.eps))
        if lay.both:  # few numbers are left after these sums: r can wait for them
            us = dot_over(xp, u, s, lay.both)
            us *= r
            sums = us, sum_over(xp, u, lay.both)
        else:
            s *= r
        if weighted:
            over, dw, db = lay.only_affine, None, None
            if needs[1]:
                dw = dot_over(xp, u, s, over) if sums is None else sum_over(xp, sums[0], over)
            if needs[2]:
                db = sum_over(xp, u if sums is None else sums[1], over)
            partial_sums.append((part, dw, db))
        if needs[0]:
            factor = w if w is None or part is _ALL else _part(w, part)
            _input_gradient(xp, lay, u, s, r, factor, sums, centered, repeat)

    _over_groups(xp, work, lay.shape, lay.axes, passes=8)
    return (dx if needs[0] else None), *_joined(xp, partial_sums, axes)


def _input_gradient(
    xp: Any,
    lay: _Layout,
    u: Any,
    s: Any,
    r: Any,
    factor: Any,
    sums: tuple[Any, Any] | None,
    centered: bool,
    repeat: Any,
) -> None:
    """Write ``r (h - m(h) - s m(h s))`` of a part of the groups to ``s``.

    ``s`` comes with r in it, unless there are ``sums``.
    """
    by_row = sums is not None and lay.only_moments
    if by_row:
        factor = r * factor
    h = u if factor is None or not lay.only_moments else u * factor
    if sums is None:
        us, u_sum = dot_over(xp, h, s, lay.axes), sum_over(xp, h, lay.axes)
    elif by_row:
        us = weighted_sum(xp, sums[0], factor, lay.only_moments)
        u_sum = weighted_sum(xp, sums[1], factor, lay.only_moments)
    else:
        us, u_sum = sums
    us_mean = us / lay.elements if sums is None else us * (r / lay.elements)
    s *= us_mean if repeat is None else repeat(us_mean)
    if centered:
        h_mean = u_sum / lay.elements
        s += h_mean if repeat is None else repeat(h_mean)
    xp.subtract(h, s, out=s)
    if by_row:  # r is in the factor
        return
    if factor is not None and not lay.only_moments:
        r = r * factor
    s *= r if repeat is None else repeat(r)


def forward_by(xp: Any, x: Any, w: Any, b: Any, mean: Any, variance: Any, *, eps: float) -> Any:
    """``(x - mean) / sqrt(variance + eps) * w + b`` with given moments per channel (N, C, *S)."""
    scale = xp.reciprocal(xp.sqrt(variance + eps))
    scale = scale if w is None else scale * w
    shift = -mean * scale
    shift = shift if b is None else shift + b
    return _by_channel(xp, x, scale, shift)


def backward_by(
    xp: Any,
    g: Any,
    x: Any,
    w: Any,
    mean: Any,
    variance: Any,
    *,
    needs: tuple[bool, ...],
    eps: float,
) -> tuple[Any, Any, Any]:
    """The gradients of x, w and b."""
    r = xp.reciprocal(xp.sqrt(variance + eps))
    dx = _by_channel(xp, g, r if w is None else r * w) if needs[0] else None
    dw = db = None
    shape = (*x.shape[:2], math.prod(x.shape[2:]))
    if needs[1]:
        s = _by_channel(xp, x, r, -mean * r).reshape(shape)
        dw = dot_over(xp, g.reshape(shape), s, (0, 2)).reshape(-1)
    if needs[2]:
        db = sum_over(xp, g.reshape(shape), (0, 2)).reshape(-1)
    return dx, dw, db


def _by_channel(xp: Any, x: Any, scale: Any, shift: Any = None) -> Any:
    """``x * scale + shift`` with entries for each channel of (N, C, *S)."""
    y = xp.empty(x.shape, x.dtype)
    n, c = x.shape[:2]
    width = math.prod(x.shape[2:])
    rows, out = x.reshape(n, c, width), y.reshape(n, c, width)
    scale, shift = scale[:, None], None if shift is None else shift[:, None]

    def work(channels: slice) -> None:
        z = xp.multiply(rows[:, channels], scale[channels], out=out[:, channels])
        if shift is not None:
            z += shift[channels]

    in_blocks(xp, work, c, n * width, passes=3)
    return y


def _joined(xp: Any, parts: list[tuple[Index, Any, Any]], axes: Axes) -> Any:
    """The gradients of w and b from those of the blocks, in the blocks' order."""
    if not parts:
        return None, None
    if len(parts) == 1:
        return parts[0][1:]
    parts.sort(key=lambda part: part[0][-1].start)
    results: list[Any] = []
    for blocks in list(zip(*parts))[1:]:
        if blocks[0] is None:
            results.append(None)
        elif 0 in axes:  # the blocks were of what w and b have an entry for
            results.append(xp.concatenate(blocks, axis=1))
        else:
            total = blocks[0]
            for block in blocks[1:]:
                total += block
            results.append(total)
    return results


_ALL = (slice(None),)


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
    in_blocks(xp, lambda part: work((*before, part)), n, size // n, passes, shape[-1])


@functools.cache
def _repeated(times: int) -> Callable[[Any], Any]:
    """A function that repeats the entries of an array (..., 1) ``times`` times along the row. NumPy
    goes through such rows in one loop; broadcasting would start a loop for each entry."""
    return functools.partial(np.repeat, repeats=times, axis=-1)


def _part(v: Any, index: Index) -> Any:
    """The entries of ``v``, which broadcasts to the whole, for a part of the whole."""
    if index is _ALL:
        return v
    return v[tuple([slice(None) if n == 1 else i for i, n in zip(index, v.shape)])]


class _Layout(NamedTuple):
    """How the axes of a norm go together.

    Attributes:
        shape, axes: of x as it is seen, and those that the moments are over.
        kept: the shape of the moments.
        elements: how many each is of.
        eps: what is added to the variance.
        rows, over, kept_rows: as ``shape``, ``axes``, ``kept``, with trailing axes as one.
        both, only_moments, only_affine: the axes by what is summed over them in the gradients.
        one_factor: the product of the moments and w is small beside the whole.
        repeats: how often a factor is repeated along a row: once, but where many short rows
            have the same factors.
    """

    shape: Axes
    axes: Axes
    kept: Axes
    elements: Any
    eps: Any
    rows: Axes
    over: Axes
    kept_rows: Axes
    both: Axes
    only_moments: Axes
    only_affine: Axes
    one_factor: bool
    repeats: int


@functools.lru_cache(256)
def _layout(shape: Axes, axes: Axes, affine: Axes | None, eps: Any, dtype: Any) -> _Layout:
    """The layout of a norm, found once.

    Args:
        affine: the shape of w and b, None where there are none.
        dtype: of the host's arrays, whose ufuncs take a 0-d array sooner than a number; None for
            a GPU's.
    """
    kept = tuple([1 if i in axes else n for i, n in enumerate(shape)])
    elements: Any = math.prod([shape[i] for i in axes]) or math.nan
    if dtype is not None:
        elements, eps = np.array(elements, dtype), np.array(eps, dtype)
    n = len(shape) - len(axes)
    rows, over, kept_rows = shape, axes, kept
    if axes == tuple(range(n, len(shape))):
        rows, over, kept_rows = (*shape[:n], math.prod(shape[n:])), (n,), (*shape[:n], 1)
    if affine is None:
        shape, axes, kept, affine = rows, over, kept_rows, (1,) * len(rows)
    factors, size = math.prod([max(pair) for pair in zip(kept, affine)]), math.prod(shape)
    is_over_both = {0, len(shape) - 1} <= {*axes} and size >= FEW
    return _Layout(
        shape, axes, kept, elements, eps, rows, over, kept_rows,
        both=tuple([i for i in axes if affine[i] == 1]),
        only_moments=tuple([i for i in axes if affine[i] != 1]),
        only_affine=tuple([i for i, n in enumerate(affine) if n == 1 and i not in axes]),
        one_factor=4 * factors <= size,
        repeats=shape[-1] if is_over_both and shape[0] > 1 and shape[-1] <= _SHORT else 1,
    )  # fmt: skip
