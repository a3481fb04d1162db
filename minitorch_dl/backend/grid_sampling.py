"""Sampling images at the positions of a grid: the array kernels of values and gradients.

A sample is the weighted sum over the corners around its position: all combinations of the taps
along each axis. Places, weights and their slopes are found for one axis at a time.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from .resampling import cubic_far, cubic_near
from .segments import add_rows
from .sums import dot_over

Size = tuple[int, ...]

_A = -0.75
"""The parameter of Keys' cubic kernel, PyTorch's choice."""


def forward(xp: Any, x: Any, grid: Any, **how: Any) -> Any:
    """``x`` (N, C, *S) at the positions ``grid`` (N, *T, D): (N, C, *T).

    ``how``: mode, padding_mode and align_corners, as in ``grid_sample``.
    """
    rows = _rows(x)
    rows = rows.reshape(rows.shape[0] * rows.shape[1], x.shape[1])
    total: Any = None
    for corner in _corners(xp, x.shape, grid, **how):
        part = rows.take(corner.place, axis=0)  # (N, Q, C)
        if corner.weight is not None:
            part *= corner.weight[..., None]
        if total is None:
            total = part
        else:
            total += part
    total = xp.ascontiguousarray(total.swapaxes(1, 2))
    return total.reshape(*x.shape[:2], *grid.shape[1:-1])


def backward(
    xp: Any, g: Any, x: Any, grid: Any, *, needs: tuple[bool, ...], **how: Any
) -> tuple[Any, Any]:
    """The gradients of x and grid."""
    n, c = x.shape[:2]
    g, rows = _rows(g), _rows(x)  # (N, Q, C), (N, P, C)
    count = rows.shape[1]
    rows = rows.reshape(n * count, c)
    corners = list(_corners(xp, x.shape, grid, slopes=needs[1], **how))
    dx = dgrid = None
    if needs[0]:
        parts = xp.empty((len(corners), *g.shape), g.dtype)
        for part, corner in zip(parts, corners):
            xp.multiply(g, 1 if corner.weight is None else corner.weight[..., None], out=part)
        places = xp.stack([corner.place for corner in corners]).reshape(-1)
        dx = add_rows(xp, parts.reshape(places.size, c), places, n * count)
        dx = xp.ascontiguousarray(dx.reshape(n, count, c).swapaxes(1, 2)).reshape(x.shape)
    if needs[1]:
        dgrid = xp.zeros((*g.shape[:2], grid.shape[-1]), grid.dtype)
        for corner in corners:
            if corner.slopes is None:
                continue
            along = dot_over(xp, g, rows.take(corner.place, axis=0), (2,))[..., 0]
            for axis, slope in enumerate(corner.slopes[::-1]):  # the grid names the last one first
                dgrid[..., axis] += along * slope
        dgrid = dgrid.reshape(grid.shape)
    return dx, dgrid


def _rows(a: Any) -> Any:
    """(N, C, *S) as (N, P, C), in this order."""
    rows = a.reshape(*a.shape[:2], math.prod(a.shape[2:])).swapaxes(1, 2)
    return rows if rows.flags.c_contiguous else rows.copy()


class _Tap(NamedTuple):
    """What one element of each axis takes part with: (N, Q) each.

    Attributes:
        at: the element, inside the axis.
        weight: None for 1.
        slope: the weight's, by the grid's position; None for 0.
    """

    at: Any
    weight: Any
    slope: Any


class _Corner(NamedTuple):
    """A combination of taps.

    Attributes:
        place: among the pixels of all images.
        weight: the product of theirs.
        slopes: by the position along each axis; None where there are none.
    """

    place: Any
    weight: Any
    slopes: list[Any] | None


def _corners(
    xp: Any,
    shape: Size,
    grid: Any,
    *,
    mode: str,
    padding_mode: str,
    align_corners: bool,
    slopes: bool = False,
) -> Iterator[_Corner]:
    n, size = shape[0], shape[2:]
    at = grid.reshape(n, math.prod(grid.shape[1:-1]), len(size))
    axes = [
        _taps(xp, at[..., -1 - i], s, mode, padding_mode, align_corners) for i, s in enumerate(size)
    ]
    first = xp.arange(0, n * math.prod(size), math.prod(size))[:, None] if n else 0
    for taps in itertools.product(*axes):
        place: Any = 0
        for tap, s in zip(taps, size):
            place = place * s + tap.at
        weights = [tap.weight for tap in taps]
        by_axis = None
        if slopes and taps[0].slope is not None:
            by_axis = [
                _product([*weights[:i], tap.slope, *weights[i + 1 :]]) for i, tap in enumerate(taps)
            ]
        yield _Corner(place + first, _product(weights), by_axis)


def _product(factors: list[Any]) -> Any:
    total = factors[0]
    for factor in factors[1:]:
        total = factor if total is None else total if factor is None else total * factor
    return total


def _taps(
    xp: Any, at: Any, size: int, mode: str, padding_mode: str, align_corners: bool
) -> list[_Tap]:
    """Along one axis: what takes part at the positions ``at`` in [-1, 1]."""
    scale = ((size - 1) if align_corners else size) / 2
    p = (at + 1) * scale if align_corners else ((at + 1) * size - 1) / 2
    slope: Any = scale
    if mode != "bicubic" and padding_mode != "zeros":
        p, inner = inside(xp, p, size, padding_mode, align_corners)
        slope = inner * scale
    if mode == "nearest":
        found = [_Tap(xp.rint(p), None, None)]
    else:
        low = xp.floor(p)
        part = p - low
        if mode == "bilinear":
            found = [_Tap(low, 1 - part, -slope), _Tap(low + 1, part, slope)]
        else:
            found = [
                _Tap(low + k, cubic_weight(part, k), scale * _cubic_slope(part, k))
                for k in range(-1, 3)
            ]
    return [_placed(xp, tap, size, padding_mode, align_corners) for tap in found]


def _placed(xp: Any, tap: _Tap, size: int, padding_mode: str, align_corners: bool) -> _Tap:
    """The tap with its element inside the axis; if padding is zeros, one outside has no weight."""
    at, weight, slope = tap
    if padding_mode == "zeros":
        within = ((at >= 0) & (at < size)).astype(at.dtype)
        weight = within if weight is None else weight * within
        slope = None if slope is None else slope * within
    elif padding_mode == "reflection":
        at = reflected(xp, at, size, align_corners)[0]
    at = xp.fmin(xp.fmax(at, 0), size - 1).astype("int64")  # 0 for NaN
    return _Tap(at, weight, slope)


def cubic_weight(part: Any, k: int) -> Any:
    """Keys' kernel at the distance of element ``k`` from ``part`` in [0, 1), array or Tensor."""
    kernel = cubic_near if k in (0, 1) else cubic_far
    return kernel(_distance(part, k), _A)


def _cubic_slope(part: Any, k: int) -> Any:
    """The derivative of :func:`cubic_weight` by ``part``."""
    x, sign = _distance(part, k), 1 if k < 1 else -1
    if k in (0, 1):
        return sign * (3 * (_A + 2) * x - 2 * (_A + 3)) * x
    return sign * ((3 * _A * x - 10 * _A) * x + 8 * _A)


def _distance(part: Any, k: int) -> Any:
    return part + 1 if k == -1 else part if k == 0 else 1 - part if k == 1 else 2 - part


def inside(xp: Any, a: Any, size: int, padding_mode: str, align_corners: bool) -> tuple[Any, Any]:
    """Positions moved into the image, and the slope of that: a clipped one has none."""
    value, slope = a, xp.ones_like(a)
    if padding_mode == "reflection":
        value, slope = reflected(xp, a, size, align_corners)
    slope = slope * ((value > 0) & (value < size - 1))
    return xp.clip(value, 0, size - 1).astype(a.dtype), slope


def reflected(xp: Any, a: Any, size: int, align_corners: bool) -> tuple[Any, Any]:
    """Positions reflected at the corner pixels' centres or outer edges, and the slope of that."""
    low, span = (0.0, size - 1) if align_corners else (-0.5, size)
    if span == 0:
        return xp.zeros_like(a), xp.zeros_like(a)
    distance = xp.abs(a - low)
    flips = xp.floor(distance / span)
    extra = distance - flips * span
    odd = flips % 2 != 0
    sign = xp.where(a < low, -1, 1).astype(a.dtype)
    value = xp.where(odd, span - extra + low, extra + low).astype(a.dtype)
    return value, xp.where(odd, -sign, sign)
