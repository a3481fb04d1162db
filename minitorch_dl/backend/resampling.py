"""Resampling along one axis, as a sparse matrix: which elements make up each output, and how much.

A table has K rows of indices and K of weights:
``y[t] = sum over k of weight[k, t] x[index[k, t]]``.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .constants import constant

Table = tuple[np.ndarray, np.ndarray]

OF_BYTES = " of bytes"


@functools.lru_cache(maxsize=256)
def table(
    kind: str,
    size: int,
    out: int,
    scale: float | None,
    align_corners: bool,
    transposed: bool,
    real: str = "float64",
) -> tuple[tuple[Any, ...], tuple[Any, ...], Any]:
    """The table of one kind of resampling of ``size`` elements to ``out``.

    Args:
        kind: one of ``_KINDS``; followed by ``OF_BYTES``, with weights of 16 bits.
        scale: input steps per output step; None means ``size / out``.
        align_corners: the first and the last elements of both sides coincide, else their outer
            edges.
        transposed: of the matrix's transpose, from ``out`` elements to ``size``.
        real: the dtype that places and weights are computed in.

    Returns:
        ``(indices, weights, empty)``: K arrays (T,) each, None for weights that are all 1, and
        where nothing contributes (None if there is no such place).
    """
    known = kind.removesuffix(OF_BYTES)
    step = np.dtype(real).type(_step(size, out, scale, align_corners))
    index, weight = _KINDS[known](size, out, step, align_corners)
    if known != kind:
        weight = _in_16_bits(index, weight)
    empty = None
    if transposed:
        index, weight, empty = _transpose(index, weight, size)
    weights = tuple(None if (w == 1).all() else w for w in weight)
    return tuple(index), weights, empty


def resample(
    xp: Any,
    x: Any,
    *,
    axis: int,
    kind: str,
    size: int,
    out: int,
    scale: float | None,
    align_corners: bool,
    transposed: bool,
) -> Any:
    """``x`` resampled along ``axis`` by the table of these parameters."""
    rounded = x.dtype == "float32" and not kind.endswith(OF_BYTES)
    real = "float32" if rounded else "float64"  # as in PyTorch
    indices, weights, empty = table(kind, size, out, scale, align_corners, transposed, real)
    y: Any = None
    for index, weight in zip(indices, weights):
        part = x.take(constant(xp, index), axis=axis)
        if weight is not None:
            part *= constant(xp, weight.astype(x.dtype)).reshape(-1, *(1,) * (x.ndim - axis - 1))
        if y is None:
            y = part
        else:
            y += part
    if empty is not None:
        y[(*(slice(None),) * axis, constant(xp, empty))] = 0
    return y


def _step(size: int, out: int, scale: float | None, align_corners: bool) -> float:
    if align_corners:
        return (size - 1) / (out - 1) if out > 1 else 0.0
    return size / out if scale is None else scale


def _nearest(size: int, out: int, step: Any, align_corners: bool, shift: float = 0.0) -> Table:
    # PyTorch computes these positions in float32; so ties fall to the same side.
    position = (np.arange(out, dtype=np.float32) + np.float32(shift)) * np.float32(step)
    index = np.minimum(np.floor(position).astype(np.int64), size - 1)
    return index[None], np.ones((1, out))


def _positions(out: int, step: Any, align_corners: bool) -> np.ndarray:
    """Where among the input's elements the output's lie, rounded once to the dtype of ``step``."""
    t = np.arange(out, dtype=np.float64)
    at = t * step if align_corners else (t + 0.5) * step - 0.5
    return at.astype(step.dtype)


def _linear(size: int, out: int, step: Any, align_corners: bool) -> Table:
    position = np.maximum(_positions(out, step, align_corners), 0)
    low = np.minimum(position.astype(np.int64), size - 1)
    high = np.minimum(low + 1, size - 1)
    part = np.minimum(position - low.astype(step.dtype), 1)
    return np.stack([low, high]), np.stack([1 - part, part])


def cubic_weight(x: Any, a: float) -> Any:
    """Keys' cubic kernel (1981) at distance ``x``."""
    x = abs(x)
    return np.where(x <= 1, cubic_near(x, a), np.where(x < 2, cubic_far(x, a), 0))


def cubic_near(x: Any, a: float) -> Any:
    """Keys' kernel at distances ``x`` in [0, 1], of arrays or Tensors."""
    return ((a + 2) * x - (a + 3)) * x * x + 1


def cubic_far(x: Any, a: float) -> Any:
    """Keys' kernel at distances ``x`` in [1, 2], of arrays or Tensors."""
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a


def _cubic(size: int, out: int, step: Any, align_corners: bool) -> Table:
    position = _positions(out, step, align_corners)
    low = np.floor(position)
    offsets = np.arange(-1, 3, dtype=step.dtype)[:, None]
    index = np.clip(low + offsets, 0, size - 1).astype(np.int64)
    return index, cubic_weight(position - low - offsets, -0.75)


def _adaptive(size: int, out: int, step: Any, align_corners: bool) -> Table:
    t = np.arange(out)
    start, stop = t * size // out, -(-(t + 1) * size // out)
    offsets = np.arange((stop - start).max(initial=1))[:, None]
    inside = offsets < stop - start
    return np.where(inside, start + offsets, start), inside / (stop - start)


def _smoothed(
    size: int, out: int, step: Any, align_corners: bool, kernel: Any, reach: float
) -> Table:
    """A kernel that is widened when the image shrinks (antialiasing)."""
    width = np.maximum(step, 1)
    centre = (np.arange(out, dtype=step.dtype) + 0.5) * step
    start = np.maximum((centre - reach * width + 0.5).astype(np.int64), 0)
    stop = np.minimum((centre + reach * width + 0.5).astype(np.int64), size)
    offsets = np.arange((stop - start).max(initial=1))[:, None]
    inside = offsets < stop - start
    places = (start + offsets).astype(step.dtype)
    weight = np.where(inside, kernel((places - centre + 0.5) / width), 0)
    return np.where(inside, start + offsets, start), weight / weight.sum(axis=0)


_KINDS: dict[str, Callable[..., Table]] = {
    "nearest": _nearest,
    "nearest-exact": functools.partial(_nearest, shift=0.5),
    "linear": _linear,
    "cubic": _cubic,
    "adaptive": _adaptive,
    "linear-smoothed": functools.partial(
        _smoothed, kernel=lambda x: np.maximum(1 - abs(x), 0), reach=1.0
    ),
    "cubic-smoothed": functools.partial(
        _smoothed, kernel=lambda x: cubic_weight(x, -0.5), reach=2.0
    ),
}


def _in_16_bits(index: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The weights as PyTorch and Pillow have them for bytes: whole multiples of the smallest power
    of 2 for which the largest fits into 16 bits. Those of one element (beyond an edge) are added
    before."""
    weight = np.broadcast_to(weight, index.shape).astype(np.float64)
    for k in range(1, len(index)):
        for j in range(k):
            same = index[j] == index[k]
            weight[j] += weight[k] * same
            weight[k] *= ~same
    precision = 0
    while precision < 22 and int(0.5 + weight.max(initial=0) * 2 ** (precision + 1)) < 2**15:
        precision += 1
    return np.trunc(weight * 2**precision + np.copysign(0.5, weight)) / 2**precision


def _transpose(index: np.ndarray, weight: np.ndarray, size: int) -> tuple[Any, Any, Any]:
    """The transposed table; short lists are filled up with a repeated index of weight 0."""
    t = np.broadcast_to(np.arange(index.shape[1]), index.shape)[weight != 0]
    source, w = index[weight != 0], weight[weight != 0]
    order = np.argsort(source, kind="stable")
    source, t, w = source[order], t[order], w[order]
    counts = np.bincount(source, minlength=size)
    first = np.cumsum(counts) - counts
    depth = max(int(counts.max(initial=0)), 1)
    offsets = np.arange(depth)[:, None]
    inside = offsets < counts
    at = np.where(inside, first + offsets, np.minimum(first, max(len(t) - 1, 0)))
    empty = np.flatnonzero(counts == 0)
    return t[at], np.where(inside, w[at], 0.0), empty if len(empty) else None


def output_size(size: int, factor: float) -> int:
    """How many elements a scale factor makes of ``size``."""
    return math.floor(size * factor)
