"""Convolution as matrix products with the windows as columns (im2col).

A 1x1 kernel needs no columns. Others are made for a few images, or a few rows of one image, at a
time: never more than ``COLUMN_BYTES``, unless a single row of windows needs more, for each of the
threads that work on blocks side by side.
"""

from __future__ import annotations

import itertools
import math
from typing import Any, NamedTuple

import numpy as np

from ..blas import share_products
from ..windows import Ints, Pairs, col2im, im2col, window_counts
from .problem import Problem

COLUMN_BYTES = 4 << 20
"""Room for one block's columns: about a second-level cache. It also bounds memory."""

DEVICE_COLUMN_BYTES = 256 << 20
"""On a GPU: what fills it with work."""

MERGED_WINDOWS = 128
"""With fewer windows per image than this, those of a block's images share one matrix."""

PARTS = 4
"""Into how many parts the images are split for the threads, and as many sums the weight's gradient
has. It is fixed: the number of threads must not change the results."""


def correlate(xp: Any, x: Any, w: Any, p: Problem) -> Any:
    """The cross-correlation of ``x`` with ``w``: (N, O, *T)."""
    y = xp.empty((p.n, p.o, *p.out), x.dtype)
    matrix = w.reshape(_matrix_shape(p))
    merged = _is_merged(p)

    def work(block: _Block) -> None:
        part = y[block.images, :, block.rows]
        col = _columns(xp, x[block.images, :, block.slab], p, block.padding, merged)
        if part.flags.c_contiguous and not merged:
            xp.matmul(matrix, col, out=part.reshape(len(part), p.groups, p.o // p.groups, -1))
        else:
            part[...] = _by_image(_product(xp, matrix, col, merged), part.shape, merged)

    _each(xp, work, list(itertools.chain(*blocks(x, p, merged))), merged)
    return y


def correlate_input(xp: Any, g: Any, w: Any, p: Problem) -> Any:
    """The transpose of ``correlate`` in ``x``: (N, C, *S)."""
    x = xp.zeros((p.n, p.c, *p.size), g.dtype)
    matrix = w.reshape(_matrix_shape(p)).swapaxes(1, 2)  # (G, CK, O/G)
    merged = _is_merged(p)

    def work(parts: list[_Block]) -> None:
        for images, rows, slab, padding in parts:
            part = g[images, :, rows]
            col = _product(xp, matrix, _matrices(part, p.groups, merged), merged)  # (n, G, CK, P)
            shape = (len(part), p.c, *p.kernel, *part.shape[2:])
            col = _by_image(col, shape, merged, 1 + len(p.kernel))
            into = x[images, :, slab]
            into += col2im(xp, col, into.shape[2:], p.stride, padding, p.dilation)

    _each(xp, work, blocks(x, p, merged), merged)
    return x


def correlate_weight(xp: Any, x: Any, g: Any, p: Problem) -> Any:
    """The weight's gradient: (O, C / groups, *K)."""
    merged = _is_merged(p)
    every = list(itertools.chain(*blocks(x, p, merged)))
    each = -(-len(every) // (1 if merged else PARTS)) or 1
    parts = [every[i : i + each] for i in range(0, len(every), each)]
    w = xp.zeros((max(1, len(parts)), *_matrix_shape(p)), x.dtype)

    def work(i: int) -> None:
        for images, rows, slab, padding in parts[i]:
            col = _columns(xp, x[images, :, slab], p, padding, merged)  # (n, G, CK, P)
            part = _matrices(g[images, :, rows], p.groups, merged)  # (n, G, O/G, P)
            product = _product(xp, part, col.swapaxes(2, 3), merged)
            w[i] += product[0] if len(product) == 1 else product.sum(axis=0)

    _each(xp, work, list(range(len(parts))), merged)
    return (w[0] if len(w) == 1 else w.sum(axis=0)).reshape(p.o, p.c // p.groups, *p.kernel)


# -- columns and matrices --------------------------------------------------------------------------


def _matrix_shape(p: Problem) -> Ints:
    """Of the weight as matrices: (G, O/G, CK)."""
    return p.groups, p.o // p.groups, p.c // p.groups * math.prod(p.kernel)


def _is_merged(p: Problem) -> bool:
    return math.prod(p.out) < MERGED_WINDOWS


def _columns(xp: Any, x: Any, p: Problem, padding: Pairs, merged: bool) -> Any:
    """``im2col`` of a block as matrices: (N, G, C/G * K, P), or merged (1, G, C/G * K, N P)."""
    kernel = p.kernel
    if xp is np:
        x = _padded(xp, x, padding)
        padding = ((0, 0),) * len(kernel)
    n, c, *size = x.shape
    inner = c // p.groups * math.prod(kernel)
    if not merged:
        col = im2col(xp, x, kernel, p.stride, padding, p.dilation)  # (N, C, *kernel, *out)
        return col.reshape(n, p.groups, inner, math.prod(col.shape[2 + len(kernel) :]))
    out = window_counts(tuple(size), kernel, p.stride, padding, p.dilation)
    buffer = (xp.empty if xp is np else xp.zeros)((c, *kernel, n, *out), x.dtype)
    channels = 1 + len(kernel)  # axes of a column
    rest = range(channels + 1, buffer.ndim)
    by_image = buffer.transpose(channels, *range(channels), *rest)
    col = im2col(xp, x, kernel, p.stride, padding, p.dilation, by_image)
    col = col.transpose(*range(1, channels + 1), 0, *rest)
    return col.reshape(1, p.groups, inner, n * math.prod(out))


def _padded(xp: Any, x: Any, padding: Pairs) -> Any:
    """(N, C, *S) with zeros around; negative padding, of transposed correlations, takes away."""
    if not any(side for pair in padding for side in pair):
        return x
    sizes = x.shape[2:]
    to = xp.zeros((*x.shape[:2], *(s + a + b for s, (a, b) in zip(sizes, padding))), x.dtype)
    seen, places = [], []
    for s, (before, after) in zip(sizes, padding):
        start = min(max(0, -before), s)
        stop = max(start, s + min(0, after))
        seen.append(slice(start, stop))
        places.append(slice(start + before, stop + before) if start < stop else slice(0, 0))
    to[(..., *places)] = x[(..., *seen)]
    return to


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


# -- the parts of the work -------------------------------------------------------------------------


def _each(xp: Any, work: Any, parts: list[Any], merged: bool) -> None:
    """``work`` on each part: side by side, unless the parts are large products of their own."""
    if merged:
        for part in parts:
            work(part)
    else:
        share_products(xp, work, parts)


def _product(xp: Any, a: Any, b: Any, merged: bool) -> Any:
    """``a @ b``; a merged one is shared by the threads, by rows."""
    step = max(16, -(-a.shape[-2] // PARTS))
    if not merged or xp is not np or a.shape[-2] <= step:
        return xp.matmul(a, b)
    y = xp.empty((1, *a.shape[-3:-1], b.shape[-1]), a.dtype)
    rows = [slice(i, i + step) for i in range(0, a.shape[-2], step)]

    def work(some: slice) -> None:
        xp.matmul(a[..., some, :], b, out=y[..., some, :])

    share_products(xp, work, rows)
    return y


class _Block(NamedTuple):
    """A problem of the same kind whose columns fit ``COLUMN_BYTES``.

    Attributes:
        images, rows: of the windows.
        slab: the rows of ``x`` that these read, and ``padding``, what is left to them.
    """

    images: slice
    rows: slice
    slab: slice
    padding: Pairs


def blocks(x: Any, p: Problem, merged: bool, host_room: int | None = None) -> list[list[_Block]]:
    """The blocks, those of the same image together; ``host_room`` in place of ``COLUMN_BYTES``."""
    n, c, height = x.shape[:3]
    if n == 0 or 0 in p.out:
        return []
    row_bytes = max(1, c * math.prod(p.kernel) * math.prod(p.out[1:]) * x.dtype.itemsize)
    on_host = isinstance(x, np.ndarray)
    room = (host_room or COLUMN_BYTES) if on_host else DEVICE_COLUMN_BYTES
    images = room // (row_bytes * p.out[0])
    if images or p.out[0] == 1:
        count = max(-(-n // max(1, images)), min(n, PARTS) if on_host and not merged else 1)
        step = -(-n // count)  # blocks of about equal size
        whole = slice(None)
        return [[_Block(slice(i, i + step), whole, whole, p.padding)] for i in range(0, n, step)]
    rows = max(1, room // row_bytes)
    reach = p.dilation[0] * (p.kernel[0] - 1) + 1
    slabs = []
    for first in range(0, p.out[0], rows):
        last = min(first + rows, p.out[0])
        low = first * p.stride[0] - p.padding[0][0]
        high = (last - 1) * p.stride[0] - p.padding[0][0] + reach
        start = min(max(low, 0), height)
        stop = max(min(high, height), start)
        before = max(-low, 0)
        pads = ((before, high - low - before - (stop - start)), *p.padding[1:])
        slabs.append((slice(first, last), slice(start, stop), pads))
    return [[_Block(slice(i, i + 1), *slab) for slab in slabs] for i in range(n)]
