"""Convolution's three array kernels: the output, the input's gradient and the weight's gradient.

They are the three ways to contract ``sum x[n, c, t * stride + k - padding] w[o, c, k] g[n, o, t]``:
each leaves one of the arrays open. Shapes, for any number of spatial axes: x (N, C, *S),
w (O, C / groups, *K), g (N, O, *T); padding is a (before, after) pair per axis.

The algorithm is chosen by shape: few channels per group by columns of whole runs (``runs``); small
kernels of stride 1 or 2 in float32 over enough channels by Winograd's filtering (``winograd``), of
three axes plane by plane, the planes that a window meets along the first axis as its channels;
else columns (im2col), of which a 1x1 kernel needs none, turn each into matrix products. They are
made for a few images, or a few rows of one image, at a time: never more than ``COLUMN_BYTES``,
unless a single row of windows needs more, for each of the threads that work on blocks side by side.
On a GPU cuDNN goes before all of these where it is installed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from . import cudnn, runs, winograd
from .blas import share_products
from .windows import Ints, Pairs, col2im, im2col, window_counts

COLUMN_BYTES = 4 << 20
"""Room for one block's columns: about a second-level cache. It also bounds memory."""

PLANE_BYTES = 16 << 20
"""Room for planes: so many that transforming the kernels for each block costs little beside it."""

DEVICE_COLUMN_BYTES = 256 << 20
"""On a GPU: what fills it with work."""

MERGED_WINDOWS = 128
"""With fewer windows per image than this, those of a block's images share one matrix."""

PARTS = 4
"""Into how many parts the images are split for the threads, and as many sums the weight's gradient
has. It is fixed: the number of threads must not change the results."""


@cudnn.correlate.twin
def correlate(
    xp: Any, x: Any, w: Any, *, stride: Ints, padding: Pairs, dilation: Ints, groups: int
) -> Any:
    """The cross-correlation of ``x`` with ``w``: (N, O, *T)."""
    if xp is not np:
        window = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        if (y := cudnn.correlate(xp, x, w, **window)) is not None:
            return y
    o, _, *kernel = w.shape
    n, c, *size = x.shape
    out = window_counts(size, kernel, stride, padding, dilation)
    if runs.suits(xp, c, o, kernel, groups):
        return runs.correlate(xp, x, w, out, stride, padding, dilation, groups)
    if winograd.suits(xp, x.dtype, n, c, o, kernel, stride, out, dilation, groups):
        return winograd.correlate(xp, x, w, out, stride, padding, dilation)
    y = xp.empty((n, o, *out), x.dtype)
    if _suits_planes(xp, x.dtype, n, c, o, kernel, stride, out, dilation, groups):
        over_planes = w.reshape(o, -1, *kernel[1:])
        for at, planes in _planes(xp, x, out, kernel, stride, padding, dilation):
            z = winograd.correlate(
                xp, planes, over_planes, out[1:], stride[1:], padding[1:], dilation[1:]
            )
            part = y[at].swapaxes(1, 2)
            part[...] = z.reshape(part.shape)
        return y
    matrix = w.reshape(groups, o // groups, c // groups * math.prod(kernel))  # (G, O/G, CK)
    merged = _is_merged(out)

    def work(block: _Block) -> None:
        part = y[block.images, :, block.rows]
        col = _columns(
            xp,
            x[block.images, :, block.slab],
            kernel,
            stride,
            block.padding,
            dilation,
            groups,
            merged,
        )
        if part.flags.c_contiguous and not merged:
            xp.matmul(matrix, col, out=part.reshape(len(part), groups, o // groups, -1))
        else:
            part[...] = _by_image(_product(xp, matrix, col, merged), part.shape, merged)

    blocks = _blocks(x, out, kernel, stride, padding, dilation, merged)
    _each(xp, work, list(itertools.chain(*blocks)), merged)
    return y


@cudnn.correlate_input.twin
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
    if xp is not np:
        window = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        if (x := cudnn.correlate_input(xp, g, w, size=size, **window)) is not None:
            return x
    n, o, *out = g.shape
    _, per_group, *kernel = w.shape
    c = per_group * groups
    if runs.suits(xp, c, o, kernel, groups):
        return runs.correlate_input(xp, g, w, size, stride, padding, dilation, groups)
    counts = tuple(-(-s // step) for s, step in zip(size, stride))
    if winograd.suits(xp, g.dtype, n, o, c, kernel, stride, counts, dilation, groups, True):
        return winograd.correlate_input(xp, g, w, size, stride, padding)
    # Turning the kernel round saves the sums of columns, and costs a copy of it.
    turns = o <= n * math.prod(out)
    if set(stride) == {1} and turns and o <= 2 * c and math.prod(size) <= 4 * math.prod(out):
        # Then this is a correlation too.
        turned = w.reshape(groups, o // groups, per_group, *kernel).swapaxes(1, 2)
        turned = turned.reshape(c, o // groups, *kernel)
        turned = xp.ascontiguousarray(turned[(..., *(slice(None, None, -1),) * len(kernel))])
        reach = [d * (k - 1) for k, d in zip(kernel, dilation)]
        pads = tuple((r - p, s - t + p) for r, (p, _), s, t in zip(reach, padding, size, out))
        return correlate(
            xp, g, turned, stride=stride, padding=pads, dilation=dilation, groups=groups
        )
    overlap = any(k > step for k, step in zip(kernel, stride))
    if set(dilation) == {1} and set(stride) != {1} and turns and overlap and o <= c:
        return _interleave(xp, g, w, size, stride, padding, groups)
    x = xp.zeros((n, c, *size), g.dtype)
    matrix = w.reshape(groups, o // groups, per_group * math.prod(kernel))
    matrix = matrix.swapaxes(1, 2)  # (G, CK, O/G)
    merged = _is_merged(out)

    def work(blocks: list[_Block]) -> None:
        for images, rows, slab, pads in blocks:
            part = g[images, :, rows]
            col = _product(xp, matrix, _matrices(part, groups, merged), merged)  # (n, G, CK, P)
            col = _by_image(col, (len(part), c, *kernel, *part.shape[2:]), merged, 1 + len(kernel))
            into = x[images, :, slab]
            into += col2im(xp, col, into.shape[2:], stride, pads, dilation)

    _each(xp, work, _blocks(x, out, kernel, stride, padding, dilation, merged), merged)
    return x


@cudnn.correlate_weight.twin
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
    if xp is not np:
        window = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        if (w := cudnn.correlate_weight(xp, x, g, kernel=kernel, **window)) is not None:
            return w
    c = x.shape[1]
    n, o, *out = g.shape
    if runs.suits(xp, c, o, kernel, groups):
        return runs.correlate_weight(xp, x, g, kernel, stride, padding, dilation, groups)
    if winograd.suits(xp, x.dtype, n, c, o, kernel, stride, out, dilation, groups):
        return winograd.correlate_weight(xp, x, g, kernel, stride, padding, dilation)
    if _suits_planes(xp, x.dtype, n, c, o, kernel, stride, out, dilation, groups):
        w = xp.zeros((o, c * kernel[0], *kernel[1:]), x.dtype)
        for at, planes in _planes(xp, x, out, kernel, stride, padding, dilation):
            part = g[at].swapaxes(1, 2).reshape(-1, o, *out[1:])
            w += winograd.correlate_weight(
                xp, planes, part, kernel[1:], stride[1:], padding[1:], dilation[1:]
            )
        return w.reshape(o, c, *kernel)
    merged = _is_merged(out)
    blocks = list(itertools.chain(*_blocks(x, out, kernel, stride, padding, dilation, merged)))
    each = -(-len(blocks) // (1 if merged else PARTS)) or 1
    parts = [blocks[i : i + each] for i in range(0, len(blocks), each)]
    shape = (groups, o // groups, c // groups * math.prod(kernel))
    w = xp.zeros((max(1, len(parts)), *shape), x.dtype)

    def work(i: int) -> None:
        for images, rows, slab, pads in parts[i]:
            col = _columns(
                xp, x[images, :, slab], kernel, stride, pads, dilation, groups, merged
            )  # (n, G, CK, P)
            part = _matrices(g[images, :, rows], groups, merged)  # (n, G, O/G, P)
            product = _product(xp, part, col.swapaxes(2, 3), merged)
            w[i] += product[0] if len(product) == 1 else product.sum(axis=0)

    _each(xp, work, list(range(len(parts))), merged)
    return (w[0] if len(w) == 1 else w.sum(axis=0)).reshape(o, c // groups, *kernel)


# -- planes ----------------------------------------------------------------------------------------


def _suits_planes(
    xp: Any, dtype: Any, n: int, c: int, o: int, kernel: Ints, stride: Ints, out: Ints,
    dilation: Ints, groups: int,
) -> bool:  # fmt: skip
    """Whether three axes are faster so than by columns."""
    return len(kernel) == 3 and winograd.suits(
        xp, dtype, n * out[0], c * kernel[0], o, kernel[1:], stride[1:], out[1:],
        dilation[1:], groups,
    )  # fmt: skip


def _planes(
    xp: Any, x: Any, out: Ints, kernel: Ints, stride: Ints, padding: Pairs, dilation: Ints
) -> Iterator[tuple[Any, Any]]:
    """(N, C, D, H, W) as images (n, C K, H, W), one for each plane of windows, whose channels are
    those of all planes that it meets.

    Yields:
        ``(at, planes)``: the index into (N, ..., D', ...) of some of them, as many as fit
        ``PLANE_BYTES``, and these.
    """
    first = (kernel[0], 1, 1), (stride[0], 1, 1), (padding[0], (0, 0), (0, 0)), (dilation[0], 1, 1)
    size = x.shape[3:]
    blocks = _blocks(x, (out[0], *size), *first, True, PLANE_BYTES)
    for images, rows, slab, pads in itertools.chain(*blocks):
        part = x[images, :, slab]
        n, c = part.shape[:2]
        count = len(range(*rows.indices(out[0])))
        room = xp.zeros((n, count, c, *first[0], *size), x.dtype)
        met = im2col(xp, part, *first[:2], pads, first[3], xp.moveaxis(room, 1, 5))
        yield (images, slice(None), rows), xp.moveaxis(met, 5, 1).reshape(n * count, -1, *size)


# -- columns and matrices --------------------------------------------------------------------------


def _is_merged(out: Ints) -> bool:
    return math.prod(out) < MERGED_WINDOWS


def _columns(
    xp: Any,
    x: Any,
    kernel: Ints,
    stride: Ints,
    padding: Pairs,
    dilation: Ints,
    groups: int,
    merged: bool,
) -> Any:
    """``im2col`` as matrices: (N, G, C/G * K, P), or merged (1, G, C/G * K, N P)."""
    if xp is np:
        x = _padded(xp, x, padding)
        padding = ((0, 0),) * len(kernel)
    n, c, *size = x.shape
    inner = c // groups * math.prod(kernel)
    if not merged:
        col = im2col(xp, x, kernel, stride, padding, dilation)  # (N, C, *kernel, *out)
        return col.reshape(n, groups, inner, math.prod(col.shape[2 + len(kernel) :]))
    out = window_counts(size, kernel, stride, padding, dilation)
    buffer = (xp.empty if xp is np else xp.zeros)((c, *kernel, n, *out), x.dtype)
    channels = 1 + len(kernel)  # axes of a column
    rest = range(channels + 1, buffer.ndim)
    by_image = buffer.transpose(channels, *range(channels), *rest)
    col = im2col(xp, x, kernel, stride, padding, dilation, by_image)
    col = col.transpose(*range(1, channels + 1), 0, *rest)
    return col.reshape(1, groups, inner, n * math.prod(out))


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
    if not merged or xp is not np:
        return xp.matmul(a, b)
    y = xp.empty((1, *a.shape[-3:-1], b.shape[-1]), a.dtype)
    step = max(16, -(-a.shape[-2] // PARTS))
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


def _blocks(
    x: Any,
    out: Ints,
    kernel: Ints,
    stride: Ints,
    padding: Pairs,
    dilation: Ints,
    merged: bool,
    host_room: int | None = None,
) -> list[list[_Block]]:
    """The blocks, those of the same image together; ``host_room`` in place of ``COLUMN_BYTES``."""
    n, c, height = x.shape[:3]
    if n == 0 or 0 in out:
        return []
    row_bytes = max(1, c * math.prod(kernel) * math.prod(out[1:]) * x.dtype.itemsize)
    on_host = isinstance(x, np.ndarray)
    room = (host_room or COLUMN_BYTES) if on_host else DEVICE_COLUMN_BYTES
    images = room // (row_bytes * out[0])
    if images or out[0] == 1:
        count = max(-(-n // max(1, images)), min(n, PARTS) if on_host and not merged else 1)
        step = -(-n // count)  # blocks of about equal size
        whole = slice(None)
        return [[_Block(slice(i, i + step), whole, whole, padding)] for i in range(0, n, step)]
    rows = max(1, room // row_bytes)
    reach = dilation[0] * (kernel[0] - 1) + 1
    slabs = []
    for first in range(0, out[0], rows):
        last = min(first + rows, out[0])
        low = first * stride[0] - padding[0][0]
        high = (last - 1) * stride[0] - padding[0][0] + reach
        start = min(max(low, 0), height)
        stop = max(min(high, height), start)
        before = max(-low, 0)
        pads = ((before, high - low - before - (stop - start)), *padding[1:])
        slabs.append((slice(first, last), slice(start, stop), pads))
    return [[_Block(slice(i, i + 1), *slab) for slab in slabs] for i in range(n)]


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
