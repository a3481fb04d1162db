"""Sliding windows over the spatial axes of (N, C, *S) arrays: sizes, and which elements meet where.

Convolution, pooling and unfolding all loop over the few positions of the kernel and handle, for
each, every window at once. Padding needs no padded copy: a tap leaves out what would lie outside.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from . import kernels
from .strides import strided

Ints = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]
Slices = tuple[slice, ...]

EVERY = (slice(None), slice(None))  # the batch and channel axes


def window_counts(size: Ints, kernel: Ints, stride: Ints, padding: Pairs, dilation: Ints) -> Ints:
    """How many windows fit: ``floor((S + padding - d (K - 1) - 1) / stride) + 1`` per axis."""
    return tuple(
        (s + before + after - d * (k - 1) - 1) // step + 1
        for s, k, step, (before, after), d in zip(size, kernel, stride, padding, dilation)
    )


@functools.lru_cache(maxsize=512)
def axis_taps(
    size: int, out: int, kernel: int, step: int, before: int, dilation: int
) -> tuple[tuple[int, slice, slice], ...]:
    """``taps`` of one axis, ``before`` of whose padding lies in front of it."""
    found = []
    for i in range(kernel):
        offset = i * dilation - before
        first = max(0, -(offset // step))
        last = min(out, (size - 1 - offset) // step + 1)
        if first < last:
            start = first * step + offset
            stop = start + (last - first - 1) * step + 1
            found.append((i, slice(first, last), slice(start, stop, step)))
    return tuple(found)


def taps(
    size: Ints, out: Ints, kernel: Ints, stride: Ints, padding: Pairs, dilation: Ints
) -> Iterator[tuple[Ints, Slices, Slices]]:
    """Per position of the kernel: the position, and the windows and elements that meet there.

    Yields:
        ``(position, windows, elements)``: window ``t`` of an axis reads element
        ``t * stride + position * dilation - padding``; both are index tuples for (N, C, ...)
        arrays.
    """
    axes = [
        axis_taps(s, t, k, step, before, d)
        for s, t, k, step, (before, _), d in zip(size, out, kernel, stride, padding, dilation)
    ]
    for taken in itertools.product(*axes):
        position, windows, elements = zip(*taken) if taken else ((), (), ())
        yield position, (*EVERY, *windows), (*EVERY, *elements)


def im2col(
    xp: Any,
    x: Any,
    kernel: Ints,
    stride: Ints,
    padding: Pairs,
    dilation: Ints,
    buffer: Any = None,
) -> Any:
    """The windows of ``x`` as columns, (N, C, *K, *T).

    Args:
        buffer: an array that an earlier call with these parameters returned, to be overwritten: its
            zeros, where windows hang over the border, are in place.
    """
    n, c, *size = x.shape
    out = window_counts(size, kernel, stride, padding, dilation)
    if math.prod(kernel) == 1 and out == tuple(size) and set(stride) == {1}:
        return x.reshape(n, c, *kernel, *out)
    if buffer is None:
        hangs_over = any(side for pair in padding for side in pair)
        buffer = (xp.zeros if hangs_over else xp.empty)((n, c, *kernel, *out), x.dtype)
    return _fill(xp, x, kernel, stride, padding, dilation, buffer)


@kernels.im2col.twin
def _fill(
    xp: Any, x: Any, kernel: Ints, stride: Ints, padding: Pairs, dilation: Ints, buffer: Any
) -> Any:
    """The windows of ``x`` in ``buffer``, whose zeros are in place."""
    if xp is not np:
        done = kernels.im2col(xp, x, kernel, stride, padding, dilation, buffer)
        if done is not None:
            return done
    size, out = x.shape[2:], buffer.shape[x.ndim :]
    if xp is np and not any(map(any, padding)):
        buffer[...] = _met_by_taps(x, kernel, out, stride, dilation)
        return buffer
    for position, windows, elements in taps(size, out, kernel, stride, padding, dilation):
        buffer[(*EVERY, *position)][windows] = x[elements]
    return buffer


def _met_by_taps(x: Any, kernel: Ints, out: Ints, stride: Ints, dilation: Ints) -> Any:
    """What each position of the kernel meets in each window, none of which hangs over the border: a
    view (N, C, *K, *T)."""
    steps = x.strides[2:]
    strides = (
        *x.strides[:2],
        *(step * d for step, d in zip(steps, dilation)),
        *(step * s for step, s in zip(steps, stride)),
    )
    return strided(x, (*x.shape[:2], *kernel, *out), strides)


def col2im(xp: Any, columns: Any, size: Ints, stride: Ints, padding: Pairs, dilation: Ints) -> Any:
    """Columns (N, C, *K, *T) added up to (N, C, *size): the transpose of ``im2col``."""
    dims = len(size)
    n, c = columns.shape[:2]
    kernel, out = columns.shape[2 : 2 + dims], columns.shape[2 + dims :]
    if math.prod(kernel) == 1 and out == tuple(size) and set(stride) == {1}:
        return columns.reshape(n, c, *size)
    return _add(xp, columns, xp.zeros((n, c, *size), columns.dtype), stride, padding, dilation)


@kernels.col2im.twin
def _add(xp: Any, columns: Any, x: Any, stride: Ints, padding: Pairs, dilation: Ints) -> Any:
    """``x`` with the columns of its elements added, in place."""
    if xp is not np:
        done = kernels.col2im(xp, columns, x, stride, padding, dilation)
        if done is not None:
            return done
    size = x.shape[2:]
    kernel, out = columns.shape[2 : x.ndim], columns.shape[x.ndim :]
    for position, windows, elements in taps(size, out, kernel, stride, padding, dilation):
        x[elements] += columns[(*EVERY, *position)][windows]
    return x
