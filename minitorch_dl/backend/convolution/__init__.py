"""Convolution's three array kernels: the output, the input's gradient and the weight's gradient.

They are the three ways to contract ``sum x[n, c, t * stride + k - padding] w[o, c, k] g[n, o, t]``:
each leaves one of the arrays open. Shapes, for any number of spatial axes: x (N, C, *S),
w (O, C / groups, *K), g (N, O, *T). ``window`` are the keywords ``stride``, ``padding``, a (before,
after) pair per axis, ``dilation`` and ``groups``.

On a GPU cuDNN goes first where it is installed. Otherwise the algorithm is chosen by shape, the
first of these that suits:

- ``grouped``: few channels per group, by columns of whole runs of memory;
- ``winograd``: small kernels of stride 1 or 2 in float32 over enough channels, by minimal filters;
- ``winograd_3d``: the same for three axes, plane by plane;
- ``columns``: everything, as matrix products with im2col's columns.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import cudnn
from ..windows import Ints
from . import columns, grouped, winograd, winograd_3d
from .problem import Problem

__all__ = ["correlate", "correlate_input", "correlate_weight"]


@cudnn.correlate.twin
def correlate(xp: Any, x: Any, w: Any, **window: Any) -> Any:
    """The cross-correlation of ``x`` with ``w``: (N, O, *T)."""
    if xp is not np:
        y = cudnn.correlate(xp, x, w, **window)
        if y is not None:
            return y
    problem, compute = _for_output(xp, x.dtype, winograd.enabled, x.shape, w.shape, **window)
    return compute(xp, x, w, problem)


@cudnn.correlate_input.twin
def correlate_input(xp: Any, g: Any, w: Any, *, size: Ints, **window: Any) -> Any:
    """The transpose of ``correlate`` in ``x``, of spatial size ``size``: (N, C, *S)."""
    if xp is not np:
        x = cudnn.correlate_input(xp, g, w, size=size, **window)
        if x is not None:
            return x
    problem, compute = _for_input(xp, g.dtype, winograd.enabled, g.shape, w.shape, size, **window)
    return compute(xp, g, w, problem)


@cudnn.correlate_weight.twin
def correlate_weight(xp: Any, x: Any, g: Any, *, kernel: Ints, **window: Any) -> Any:
    """The contraction that leaves ``w`` open, of kernel size ``kernel``: (O, C / groups, *K)."""
    if xp is not np:
        w = cudnn.correlate_weight(xp, x, g, kernel=kernel, **window)
        if w is not None:
            return w
    problem, compute = _for_weight(
        xp, x.dtype, winograd.enabled, x.shape, g.shape, kernel, **window
    )
    return compute(xp, x, g, problem)


# -- the choice, made once for each problem; `filters`: whether `winograd` may be chosen -----------

_Choice = tuple[Problem, Callable[..., Any]]


def _algorithm(xp: Any, dtype: Any, problem: Problem) -> Any:
    for one in (grouped, winograd, winograd_3d):
        if one.suits(xp, dtype, problem):
            return one
    return columns


@functools.lru_cache(maxsize=512)
def _for_output(xp: Any, dtype: Any, filters: bool, x: Ints, w: Ints, **window: Any) -> _Choice:
    problem = Problem.forward(x, w, **window)
    return problem, _algorithm(xp, dtype, problem).correlate


@functools.lru_cache(maxsize=512)
def _for_weight(
    xp: Any, dtype: Any, filters: bool, x: Ints, g: Ints, kernel: Ints, **window: Any
) -> _Choice:
    problem = Problem(x[0], x[1], g[1], x[2:], kernel, g[2:], **window)
    return problem, _algorithm(xp, dtype, problem).correlate_weight


@functools.lru_cache(maxsize=512)
def _for_input(
    xp: Any, dtype: Any, filters: bool, g: Ints, w: Ints, size: Ints, **window: Any
) -> _Choice:
    n, o, out = g[0], g[1], g[2:]
    c = w[1] * window["groups"]
    p = Problem(n, c, o, size, w[2:], out, **window)
    if grouped.suits(xp, dtype, p):
        return p, grouped.correlate_input
    if winograd.suits(xp, dtype, p, transposed=True):
        return p, winograd.correlate_input
    # Turning the kernel round saves the sums of columns, and costs a copy of it.
    turns = o <= n * math.prod(out)
    if set(p.stride) == {1} and turns and o <= 2 * c and math.prod(size) <= 4 * math.prod(out):
        return p, _turned
    overlap = any(k > step for k, step in zip(p.kernel, p.stride))
    if set(p.dilation) == {1} and set(p.stride) != {1} and turns and overlap and o <= c:
        return p, _interleaved
    return p, columns.correlate_input


def _turned(xp: Any, g: Any, w: Any, p: Problem) -> Any:
    """``correlate_input`` of stride 1: the correlation with the kernel turned round."""
    turned = w.reshape(p.groups, p.o // p.groups, -1, *p.kernel).swapaxes(1, 2)
    turned = turned.reshape(p.c, p.o // p.groups, *p.kernel)
    turned = xp.ascontiguousarray(turned[(..., *(slice(None, None, -1),) * len(p.kernel))])
    reach = [d * (k - 1) for k, d in zip(p.kernel, p.dilation)]
    padding = tuple(
        (r - before, s - t + before)
        for r, (before, _), s, t in zip(reach, p.padding, p.size, p.out)
    )
    return correlate(
        xp, g, turned, stride=p.stride, padding=padding, dilation=p.dilation, groups=p.groups
    )


def _interleaved(xp: Any, g: Any, w: Any, p: Problem) -> Any:
    """``correlate_input`` of a strided kernel: elements that lie a stride apart meet the same taps,
    so each such set is a transposed correlation of stride 1 of its own."""
    x = xp.zeros((p.n, p.c, *p.size), g.dtype)
    for phase in itertools.product(*map(range, p.stride)):
        taps_of = tuple(slice(r, None, step) for r, step in zip(phase, p.stride))
        before = [-((r - b) // step) for r, step, (b, _) in zip(phase, p.stride, p.padding)]
        first = [i * step + r - b for i, r, step, (b, _) in zip(before, phase, p.stride, p.padding)]
        count = tuple(max(0, -((f - s) // step)) for f, s, step in zip(first, p.size, p.stride))
        part = w[(..., *taps_of)]
        if 0 in count or 0 in part.shape:
            continue
        at = tuple(slice(f, None, step) for f, step in zip(first, p.stride))
        one = (1,) * len(p.size)
        pads = tuple((b, 0) for b in before)
        x[(..., *at)] = correlate_input(
            xp, g, part, size=count, stride=one, padding=pads, dilation=one, groups=p.groups
        )
    return x
