"""Convolution's three array kernels: the output, the input's gradient and the weight's gradient.

They are the three ways to contract ``sum x[n, c, t * stride + k - padding] w[o, c, k] g[n, o, t]``:
each leaves one of the arrays open. Shapes, for any number of spatial axes: x (N, C, *S),
w (O, C / groups, *K), g (N, O, *T); padding is a (before, after) pair per axis.

The algorithm is chosen by shape: 3x3 kernels in float32 over enough channels by Winograd's
filtering (``winograd``); else columns (im2col), of which a 1x1 kernel needs none, turn each into
matrix products. They are made for a few images, or a few rows of one image, at a time: never more
than ``COLUMN_BYTES``, unless a single row of windows needs more.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

from . import winograd
from .windows import Ints, Pairs, col2im, im2col, taps, window_counts

COLUMN_BYTES = 4 << 20
"""Room for one block's columns: about a second-level cache. It also bounds memory."""


def correlate(
    xp: Any, x: Any, w: Any, *, stride: Ints, padding: Pairs, dilation: Ints, groups: int
) -> Any:
    """The cross-correlation of ``x`` with ``w``: (N, O, *T)."""
    o, _, *kernel = w.shape
    n, _, *size = x.shape
    out = window_counts(size, kernel, stride, padding, dilation)
    rest = (*stride, *dilation, groups)
    if winograd.suits(xp, x.dtype, n, x.shape[1], o, kernel, out, rest):
        return winograd.correlate(xp, x, w, out, padding)
    y = xp.empty((n, o, *out), x.dtype)
    matrix = w.reshape(groups, o // groups, -1)  # (G, O/G, CK)
    columns = _Columns(xp, kernel, stride, dilation, groups, _is_merged(out))
    for images, rows, slab, pads in _blocks(x, out, kernel, stride, padding, dilation):
        part = y[images, :, rows]
        col = columns(x[images, :, slab], pads)  # (n, G, CK, P)
        if part.flags.c_contiguous and not columns.merged:
            xp.matmul(matrix, col, out=part.reshape(len(part), groups, o // groups, -1))
        else:
            part[...] = _by_image(xp.matmul(matrix, col), part.shape, columns.merged)
    return y


def correlate_input(
    xp: Any,
    g: Any,
    w: Any,
    *,
    size: Ints,
    stride: Ints,
    padding: Pairs,
    dilation: Ints,
    groups: int,
) -> Any:
    """The transpose of ``correlate`` in ``x``, of spatial size ``size``: (N, C, *S)."""
    n, o, *out = g.shape
    _, per_group, *kernel = w.shape
    c = per_group * groups
    rest = (*stride, *dilation, groups)
    if set(stride) == {1} and (
        o <= 2 * c or winograd.suits(xp, g.dtype, n, o, c, kernel, size, rest)
    ):
        # Then this is a correlation too, with the kernel turned round: no sums of columns.
        turned = w.reshape(groups, o // groups, per_group, *kernel).swapaxes(1, 2)
        turned = turned.reshape(c, o // groups, *kernel)
        turned = xp.ascontiguousarray(turned[(..., *(slice(None, None, -1),) * len(kernel))])
        reach = [d * (k - 1) for k, d in zip(kernel, dilation)]
        pads = tuple((r - p, s - t + p) for r, (p, _), s, t in zip(reach, padding, size, out))
        return correlate(
            xp, g, turned, stride=stride, padding=pads, dilation=dilation, groups=groups
        )
    if set(dilation) == {1} and set(stride) != {1} and o <= 2 * c:
        return _interleave(xp, g, w, size, stride, padding, groups)
    if per_group == 1 and o <= 4 * groups:
        return _scatter_depthwise(xp, g, w, size, stride, padding, dilation, groups)
    x = xp.zeros((n, c, *size), g.dtype)
    matrix = w.reshape(groups, o // groups, -1).swapaxes(1, 2)  # (G, CK, O/G)
    merged = _is_merged(out)
    for images, rows, slab, pads in _blocks(x, out, kernel, stride, padding, dilation):
        part = g[images, :, rows]
        col = xp.matmul(matrix, _matrices(part, groups, merged))  # (n, G, CK, P)
        col = _by_image(col, (len(part), c, *kernel, *part.shape[2:]), merged, 1 + len(kernel))
        into = x[images, :, slab]
        into += col2im(xp, col, into.shape[2:], stride, pads, dilation)
    return x


def correlate_weight(
    xp: Any,
    x: Any,
    g: Any,
    *,
    kernel: Ints,
    stride: Ints,
    padding: Pairs,
    dilation: Ints,
    groups: int,
) -> Any:
    """The contraction that leaves ``w`` open, of kernel size ``kernel``: (O, C / groups, *K)."""
    c = x.shape[1]
    n, o, *out = g.shape
    rest = (*stride, *dilation, groups)
    if winograd.suits(xp, x.dtype, n, c, o, kernel, out, rest):
        return winograd.correlate_weight(xp, x, g, padding)
    w = xp.zeros((groups, o // groups, c // groups * math.prod(kernel)), x.dtype)
    columns = _Columns(xp, kernel, stride, dilation, groups, _is_merged(out))
    for images, rows, slab, pads in _blocks(x, out, kernel, stride, padding, dilation):
        col = columns(x[images, :, slab], pads)  # (n, G, CK, P)
        part = _matrices(g[images, :, rows], groups, columns.merged)  # (n, G, O/G, P)
        w += xp.matmul(part, col.swapaxes(2, 3)).sum(axis=0)
    return w.reshape(o, c // groups, *kernel)


MERGED_WINDOWS = 128
"""With fewer windows per image than this, those of a block's images share one matrix."""


def _is_merged(out: Ints) -> bool:
    return math.prod(out) < MERGED_WINDOWS


def _matrices(a: Any, groups: int, merged: bool) -> Any:
    """(N, C, *T) as matrices (N, G, C/G, P), or merged as (1, G, C/G, N P)."""
    n, c = a.shape[:2]
    if merged:
        a = a.swapaxes(0, 1)
    return a.reshape(1 if merged else n, groups, c // groups, -1)


def _by_image(a: Any, shape: Ints, merged: bool, channels: int = 1) -> Any:
    """Such matrices as an array of ``shape`` (N, channel axes, *T)."""
    if not merged:
        return a.reshape(shape)
    first, last = range(channels), range(channels + 1, len(shape))
    a = a.reshape(*shape[1 : channels + 1], shape[0], *shape[channels + 1 :])
    return a.transpose(channels, *first, *last)


class _Columns:
    """``im2col`` as matrices, into one buffer for blocks of the same shape: (n, G, C/G * K, P), or
    merged (1, G, C/G * K, n P)."""

    def __init__(
        self, xp: Any, kernel: Ints, stride: Ints, dilation: Ints, groups: int, merged: bool
    ) -> None:
        self.xp, self.kernel, self.stride, self.dilation = xp, kernel, stride, dilation
        self.groups, self.merged = groups, merged
        self.made_for: Any = None
        self.buffer: Any = None

    def __call__(self, x: Any, padding: Pairs) -> Any:
        shape = (x.shape, padding)
        buffer = self.buffer if self.made_for == shape else None
        n, c, *size = x.shape
        channels = 1 + len(self.kernel)  # axes of a column
        if self.merged and buffer is None:
            out = window_counts(size, self.kernel, self.stride, padding, self.dilation)
            buffer = self.xp.zeros((c, *self.kernel, n, *out), x.dtype)
            buffer = self.xp.moveaxis(buffer, channels, 0)
        self.buffer = im2col(self.xp, x, self.kernel, self.stride, padding, self.dilation, buffer)
        self.made_for = shape
        columns = self.xp.moveaxis(self.buffer, 0, channels) if self.merged else self.buffer
        inner = c // self.groups * math.prod(self.kernel)
        return columns.reshape(1 if self.merged else n, self.groups, inner, -1)


def _blocks(
    x: Any, out: Ints, kernel: Ints, stride: Ints, padding: Pairs, dilation: Ints
) -> Iterator[tuple[slice, slice, slice, Pairs]]:
    """Cut the problem into ones of the same kind whose columns fit ``COLUMN_BYTES``.

    Yields:
        ``(images, rows, slab, padding)``: which images, which rows of windows, the rows of ``x``
        that these read, and the padding that is left to them.
    """
    n, c, height = x.shape[:3]
    if n == 0 or 0 in out:
        return
    row_bytes = max(1, c * math.prod(kernel) * math.prod(out[1:]) * x.dtype.itemsize)
    images = COLUMN_BYTES // (row_bytes * out[0])
    if images or out[0] == 1:
        step = -(-n // -(-n // max(1, images)))  # blocks of about equal size
        for i in range(0, n, step):
            yield slice(i, i + step), slice(None), slice(None), padding
        return
    rows = max(1, COLUMN_BYTES // row_bytes)
    reach = dilation[0] * (kernel[0] - 1) + 1
    for i in range(n):
        for first in range(0, out[0], rows):
            last = min(first + rows, out[0])
            low = first * stride[0] - padding[0][0]
            high = (last - 1) * stride[0] - padding[0][0] + reach
            start = min(max(low, 0), height)
            stop = max(min(high, height), start)
            before = max(-low, 0)
            pads = ((before, high - low - before - (stop - start)), *padding[1:])
            yield slice(i, i + 1), slice(first, last), slice(start, stop), pads


def _interleave(
    xp: Any, g: Any, w: Any, size: Ints, stride: Ints, padding: Pairs, groups: int
) -> Any:
    """``correlate_input`` of a strided kernel: elements that lie a stride apart meet the same taps,
    so each such set is a transposed correlation of stride 1 of its own."""
    x = xp.zeros((len(g), w.shape[1] * groups, *size), g.dtype)
    for phase in itertools.product(*map(range, stride)):
        taps_of = tuple(slice(r, None, step) for r, step in zip(phase, stride))
        before = [-((r - p) // step) for r, step, (p, _) in zip(phase, stride, padding)]
        first = [b * step + r - p for b, r, step, (p, _) in zip(before, phase, stride, padding)]
        count = tuple(max(0, -((f - s) // step)) for f, s, step in zip(first, size, stride))
        part = w[(..., *taps_of)]
        if 0 in count or 0 in part.shape:
            continue
        at = tuple(slice(f, None, step) for f, step in zip(first, stride))
        one = (1,) * len(size)
        pads = tuple((b, 0) for b in before)
        x[(..., *at)] = correlate_input(
            xp, g, part, size=count, stride=one, padding=pads, dilation=one, groups=groups
        )
    return x


def _scatter_depthwise(
    xp: Any, g: Any, w: Any, size: Ints, stride: Ints, padding: Pairs, dilation: Ints, groups: int
) -> Any:
    """``correlate_input`` with one input channel per group, for which matrix products are thin."""
    n, o, *out = g.shape
    kernel = w.shape[2:]
    x = xp.zeros((n, groups, *size), g.dtype)
    part = g.reshape(n, groups, o // groups, *out)
    for position, windows, elements in taps(size, out, kernel, stride, padding, dilation):
        factor = w[(slice(None), 0, *position)].reshape(groups, -1, *(1,) * len(position))
        spread = part[(..., *windows[2:])] * factor  # (N, G, M, *T)
        x[elements] += spread[:, :, 0] if o == groups else spread.sum(axis=2)
    return x
