"""Launches of ``standardization.cu``; the twins are in ``backend/standardization.py``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .launching import MOST_BLOCKS, REALS, Kernel, Sample, launch, number, row_threads

_NAMES = ("count", "groups", "outer", "inner", "span", "jump", "per_group", "piece", "step")
_ROWS = np.dtype([(name, np.int64) for name in _NAMES])
_WEIGHTS = np.dtype(
    [(name, np.int64) for name in "blocks parts images channels size per_image per_row".split()]
    + [("by_column", np.int32)],
    align=True,
)
_ROWS_OF_PART = 512
"""Of a layer norm's gradient of weights: one block for all rows would be the last to end."""
_FEWEST_ROWS = 32
"""With fewer the blocks leave most of a GPU idle, and array code is quicker."""


def _rows(shape: Any, axes: Any, affine: Any) -> Any:
    """Where rows lie and which weights they take, for the views that the layers make; else None."""
    if len(shape) == 2 and axes == (1,) and affine == (1, shape[1]):  # layer and RMS norm
        n, width = shape
        found = (width, n, 0, width, width, 0, 0, 1, 1)
    elif len(shape) == 3 and axes == (0, 2):  # batch norm
        n, channels, size = shape
        found = (n * size, channels, 0, size, size, channels * size, 1, 1, 0)
    elif len(shape) == 3 and axes == (2,):  # instance norm
        n, channels, size = shape
        found = (size, channels, channels * size, size, size, 0, 1, 1, 0)
    elif len(shape) == 4 and axes == (2, 3):  # group norm
        n, groups, per_group, size = shape
        count = per_group * size
        found = (count, groups, groups * count, count, count, 0, per_group, max(size, 1), 1)
    else:
        return None
    return np.array([found], _ROWS)


def _fits(x: Any, shape: Any, axes: Any) -> bool:
    rows = math.prod(n for i, n in enumerate(shape) if i not in axes)
    return x.dtype.name in REALS and x.size > 0 and _FEWEST_ROWS <= rows <= MOST_BLOCKS // 2


def _computed(x: Any) -> str:
    return "float64" if x.dtype.name == "float64" else "float32"


def _forward(
    xp: Any, x: Any, w: Any, b: Any, *, shape: Any, axes: Any, affine: Any, eps: float,
    centered: bool,
) -> Any:  # fmt: skip
    rows = _rows(shape, axes, affine) if _fits(x, shape, axes) else None
    if rows is None:
        return None
    x = xp.ascontiguousarray(x)
    kept = tuple(1 if i in axes else n for i, n in enumerate(shape))
    mean, variance = xp.empty(kept, _computed(x)), xp.empty(kept, _computed(x))
    y = xp.empty(shape, x.dtype)
    w, b = (None if v is None else xp.ascontiguousarray(v) for v in (w, b))
    args = (x, w, b, y, mean, variance, number(x.dtype, eps), np.int32(centered), rows)
    threads = row_threads(int(rows["count"][0]))
    launch(xp, "standardization", "standardize", x.dtype, mean.size, args, threads)
    return y, mean, variance


def _backward(
    xp: Any, g: Any, x: Any, w: Any, mean: Any, variance: Any, *, needs: Any, shape: Any, axes: Any,
    affine: Any, eps: float, centered: bool,
) -> Any:  # fmt: skip
    rows = _rows(shape, axes, affine) if _fits(x, shape, axes) else None
    if rows is None or g.dtype != x.dtype or mean.dtype.name != _computed(x):
        return None
    g, x = xp.ascontiguousarray(g), xp.ascontiguousarray(x)
    w = None if w is None else xp.ascontiguousarray(w)
    dx = xp.empty(shape, x.dtype) if needs[0] else None
    weights = _weights(shape, axes, affine, needs[1] or needs[2])
    slopes, parts, channels = (int(weights[name][0]) for name in ("blocks", "parts", "channels"))
    partial = dw = db = None
    if parts > 1:
        partial = xp.empty((2, parts, channels), _computed(x))
    else:
        dw, db = (xp.empty(affine, x.dtype) if need else None for need in needs[1:3])
    given = (g, x, w, mean, variance, dx, dw, db, partial)
    args = (*given, number(x.dtype, eps), np.int32(centered), rows, weights)
    threads = 0 if slopes else row_threads(int(rows["count"][0]))
    blocks = slopes + (mean.size if needs[0] else 0)
    launch(xp, "standardization", "standardize_backward", x.dtype, blocks, args, threads)
    if partial is not None:
        both = partial.sum(axis=1).astype(x.dtype, copy=False).reshape(2, *affine)
        dw, db = (d if need else None for d, need in zip(both, needs[1:3]))
    return dx, dw, db


def _weights(shape: Any, axes: Any, affine: Any, needed: bool) -> Any:
    """Where the weights of the same views are, and how many blocks take their gradients."""
    if not needed:
        found: Any = (0,) * 8
    elif len(shape) == 2:
        n, channels = shape
        parts = -(-n // _ROWS_OF_PART)
        found = (-(-channels // 32) * parts, parts, n, channels, 1, 1, 1, True)
    else:
        channels = math.prod(affine)
        per_image = 0 if 0 in axes else shape[1]
        per_row = shape[2] if len(shape) == 4 else 1
        found = (channels, 1, shape[0], channels, shape[-1], per_image, per_row, False)
    return np.array([found], _WEIGHTS)


_VIEWS = (  # shape, axes, affine
    ((40, 37), (1,), (1, 37)),
    ((6, 33, 5), (0, 2), (1, 33, 1)),
    ((6, 7, 5), (2,), (1, 7, 1)),
    ((11, 3, 2, 5), (2, 3), (1, 3, 2, 1)),
)


_TALL = (((_ROWS_OF_PART + 90, 3), (1,), (1, 3)),)


def _views(random: np.random.Generator, dtype: str, views: Any = _VIEWS) -> Iterator[Any]:
    for shape, axes, affine in views:
        for centered in (True, False):
            x = random.normal(size=shape) + 0.5
            w, b = random.normal(size=(2, math.prod(affine)))
            view = {"shape": shape, "axes": axes, "affine": affine, "eps": 1e-5}
            yield x.astype(dtype), w.astype(dtype), b.astype(dtype), view | {"centered": centered}


def _forward_samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
    for x, w, b, view in _views(random, dtype):
        yield (x, w, b), view
        yield (x, None, None), view


def _backward_samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
    computed = "float64" if dtype == "float64" else "float32"
    every, no_x = (True, True, True), (False, True, True)
    for views, weighted in ((_VIEWS, every), (_TALL, no_x)):
        for x, w, _, view in _views(random, dtype, views):
            wide, axes = x.astype(computed), view["axes"]
            mean = wide.mean(axis=axes, keepdims=True) * view["centered"]
            variance = ((wide - mean) ** 2).mean(axis=axes, keepdims=True)
            g = random.normal(size=x.shape).astype(dtype)
            yield (g, x, w, mean, variance), {"needs": weighted} | view
            if views is _VIEWS:
                yield (g, x, None, mean, variance), {"needs": (True, False, False)} | view


standardize = Kernel("standardize", _forward, _forward_samples)
standardize_backward = Kernel("standardize_backward", _backward, _backward_samples)
