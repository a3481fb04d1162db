"""Convolution by Winograd's minimal filtering, as matrix products.

Four outputs of a filter with r taps need r + 3 products instead of 4 r: ``y = A [(G w) * (B d)]``,
with matrices of small numbers that evaluate and interpolate polynomials at a few points. A strided
filter is one such filter per phase (every second element meets every second tap), and a transposed
one makes one phase of the outputs each. In two dimensions both axes are filtered so, and a 3x3
kernel needs 36 products for 4x4 outputs, not 144; of stride 2, 81; a 4x4 kernel of stride 2, 100
of 256. Per product there is a matrix product over the channels. Where there are few windows, tiles
of two outputs per axis make larger matrices of fewer points; so they do for four or five taps, for
which four outputs would need points further apart, and lose digits: 36 products for 2x2 outputs of
a 5x5 kernel, not 100.

A dilated filter's tiles lie in each other: each has every second element, for example.

The transforms run along one axis at a time. Each is a product with a matrix that holds B or A once
per tile, so that overlap, padding and the change of layout cost nothing extra: the transposed
product puts the channels last.

Images are transformed a few at a time, by several threads; how they are parted does not depend on
the number of threads, so neither do the results. Float32 results differ from those of a direct sum
by about 1e-5 of the largest (direct: 1e-6).

Source: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2015.
"""

from __future__ import annotations

import functools
import itertools
import math
from typing import Any, NamedTuple

import numpy as np

from ..blas import share_products
from ..windows import Ints
from .problem import Problem

WORK_BYTES = 4 << 20
"""Room for each array of transformed tiles: about a second-level cache. It also bounds memory."""

GRADIENT_BYTES = 16 << 20
"""Room for the transformed tiles of each operand that the weight's gradient sums over at once."""

enabled = True
"""Whether float32 convolutions may be computed so: the switch ``backends.cpu.winograd``."""

MIN_CHANNELS = 16
"""Channels, in and out, from which this pays with stride 1, or transposed; with stride 2 it takes
twice as many."""

MIN_WINDOWS = 128
"""Windows in the batch from which it pays to transform the kernels."""

LARGE_TILE_WINDOWS = 512
"""Windows in the batch, for each phase of the kernel, from which tiles have 4 outputs, not 2."""

MOST_TAPS = 3
"""Taps of a phase up to which they may."""

MOST_DILATION = 4
"""Dilation up to which tiles that lie in each other fit a span."""

STRIDED_CHANNELS, STRIDED_WINDOWS = 128, 512
"""Channels and windows from which a 3x3 kernel of stride 2, which saves least, is quicker so."""

SPAN = 16
"""Elements that one matrix transforms, about: longer spans would mean more zeros to multiply with,
shorter ones smaller products."""


def suits(xp: Any, dtype: Any, p: Problem, transposed: bool = False) -> bool:
    """Whether this is faster than columns.

    Args:
        transposed: whether this is ``correlate_input``, for which columns would be added up.
    """
    kernel, stride, dilation = p.kernel, p.stride, p.dilation
    if not enabled or xp is not np or dtype != np.float32 or len(kernel) != 2 or p.groups > 1:
        return False
    counts = _counts(p) if transposed else p.out
    if max(dilation) > 1:
        if transposed or max(stride) > 1 or max(dilation) > MOST_DILATION:
            return False
        if any(d > 1 and -(-t // (4 * d)) * 4 * d > 1.5 * t for t, d in zip(counts, dilation)):
            return False  # too many of the tiles' outputs would lie outside
    if any(s > 2 or not s < k <= 5 * s for k, s in zip(kernel, stride)):
        return False
    windows, least = p.n * math.prod(counts), min(p.c, p.o)
    if not transposed and set(stride) == {2} and set(kernel) == {3}:  # 81 products for 144
        return least >= STRIDED_CHANNELS and windows >= STRIDED_WINDOWS
    channels = MIN_CHANNELS * (1 if transposed else max(stride))
    return least >= channels and windows >= MIN_WINDOWS


def _counts(p: Problem) -> Ints:
    """The elements of the input that a transposed filter makes, of each phase."""
    return tuple(-(-s // step) for s, step in zip(p.size, p.stride))


def _tiles(p: Problem, counts: Ints) -> Ints:
    """Outputs of a tile along each axis, of each phase. Tiles of 4 need fewer products than
    those of 2, but more of the kernels' transforms, and give smaller matrices."""
    large = p.n * math.prod(counts) >= LARGE_TILE_WINDOWS * math.prod(p.stride)
    return tuple([4 if large and k <= MOST_TAPS * s else 2 for k, s in zip(p.kernel, p.stride)])


def _axes(p: Problem) -> tuple[_Axis, ...]:
    tile = _tiles(p, p.out)
    return tuple(map(_correlation, p.kernel, p.stride, p.padding, p.size, p.out, tile, p.dilation))


def correlate(xp: Any, x: Any, w: Any, p: Problem) -> Any:
    """The cross-correlation of (N, C, H, W) with (O, C, *K): (N, O, *out)."""
    axes = _axes(p)
    u = _filtered_kernels(xp, w, axes).swapaxes(1, 2)  # (KK, C, O)
    return _filter(xp, x, u, p.out, axes)


def correlate_input(xp: Any, g: Any, w: Any, p: Problem) -> Any:
    """The transpose of ``correlate`` in its input: (N, C, *size)."""
    tile = _tiles(p, _counts(p))
    axes = tuple(map(_transposed, p.kernel, p.stride, p.padding, p.out, p.size, tile))
    return _filter(xp, g, _filtered_kernels(xp, w, axes), p.size, axes)


def correlate_weight(xp: Any, x: Any, g: Any, p: Problem) -> Any:
    """The weight's gradient: (O, C, *K)."""
    n, c, o, axes = p.n, p.c, p.o, _axes(p)
    products = len(axes[0].filters) * len(axes[1].filters)
    back = tuple([span.transposed() for span in axis.spans] for axis in axes)
    du = xp.empty((products, o, c), x.dtype)
    step = _images(n, max(c, o), axes)
    parts = list(itertools.product(range(0, n, step), range(len(axes[1].spans))))
    room = WORK_BYTES * len(axes[0].spans)
    together = max(2, GRADIENT_BYTES // room)
    for first in range(0, len(parts), together):
        tiles: dict[tuple[int, int], Any] = {}

        def transform(part: tuple[int, int], tiles: dict[tuple[int, int], Any] = tiles) -> None:
            images, column = slice(part[0], part[0] + step), part[1]
            s = _into_columns(xp, axes[1].spans[column], x[images])
            t = _into_columns(xp, back[1][column], g[images])
            tiles[part] = [
                (_into_rows(xp, to, t, o), _into_rows(xp, row, s, c))
                for row, to in zip(axes[0].spans, back[0])
            ]

        def multiply(some: slice, tiles: dict[tuple[int, int], Any] = tiles) -> None:
            for part, spans in sorted(tiles.items()):
                for i, (m, v) in enumerate(spans):
                    if part == parts[0] and i == 0:
                        xp.matmul(m[some].swapaxes(1, 2), v[some], out=du[some])
                    else:
                        du[some] += xp.matmul(m[some].swapaxes(1, 2), v[some])

        share_products(xp, transform, parts[first : first + together])
        share_products(xp, multiply, _slices(products, 8))
    filters = _kron(axes)
    dw = xp.empty((o * c, filters.shape[1]), x.dtype)
    flat = du.reshape(products, -1).T

    def interpolate(some: slice) -> None:
        xp.matmul(flat[some], filters, out=dw[some])

    share_products(xp, interpolate, _slices(len(dw), 4))
    return dw.reshape(o, c, *p.kernel)


# -- the three steps: into the products' space, the products, and back -----------------------------


def _filter(xp: Any, x: Any, u: Any, out: Ints, axes: tuple[_Axis, ...]) -> Any:
    """(N, C, H, W) through filters in the products' space, (KK, C, O): (N, O, *out)."""
    n = len(x)
    _, c, o = u.shape
    y = xp.empty((n, o, *out), x.dtype)
    step = _images(n, max(c, o), axes)

    def filter_part(part: tuple[int, _Span]) -> None:
        i, column = part
        by_row = y[i : i + step].reshape(-1, *out).swapaxes(0, 1)  # (H, N O, W)
        s = _into_columns(xp, column, x[i : i + step])
        for row in axes[0].spans:
            m = xp.matmul(_into_rows(xp, row, s, c), u)  # (KK, TT N, O)
            m = m.reshape(-1, row.back.shape[1], column.tiles * by_row.shape[1])
            z = xp.empty((len(row.back), len(m), m.shape[2]), x.dtype)  # (rows, K, T N O)
            xp.matmul(row.back, m, out=z.swapaxes(0, 1))
            z = z.reshape(len(z), column.back.shape[1], -1)  # (rows, K T, N O)
            # Written from there: the product itself writes slowly to rows far apart.
            by_row[row.outputs, :, column.outputs] = xp.matmul(z.swapaxes(1, 2), column.back.T)

    share_products(xp, filter_part, list(itertools.product(range(0, n, step), axes[1].spans)))
    return y


def _filtered_kernels(xp: Any, w: Any, axes: tuple[_Axis, ...]) -> Any:
    """(O, C, *K) in the products' space: (KK, O, C)."""
    o, c = w.shape[:2]
    filters = _kron(axes)
    taps = w.reshape(o * c, -1).T
    u = xp.empty((len(filters), o * c), w.dtype)

    def evaluate(some: slice) -> None:
        xp.matmul(filters, taps[:, some], out=u[:, some])

    share_products(xp, evaluate, _slices(o * c, 4))
    return u.reshape(-1, o, c)


def _into_columns(xp: Any, span: _Span, x: Any) -> Any:
    """The last axis of (N, C, H, W) transformed and put first: (K, T N C, H)."""
    lines = x.reshape(-1, x.shape[-1])[:, span.elements]
    s = xp.matmul(span.into, lines.T)  # (K T, N C H)
    return s.reshape(len(s) // span.tiles, -1, x.shape[2])


def _into_rows(xp: Any, span: _Span, s: Any, channels: int) -> Any:
    """The second axis transformed as well: (KK, T T N, C)."""
    v = xp.matmul(span.into, s[:, :, span.elements].swapaxes(1, 2))  # (K, K T, T N C)
    return v.reshape(len(s) * (len(span.into) // span.tiles), -1, channels)


def _kron(axes: tuple[_Axis, ...]) -> Any:
    """The kernels' transform of both axes, the products of the second axis first."""
    rows, columns = (axis.filters for axis in axes)
    both = columns[:, None, None, :] * rows[None, :, :, None]  # (K, K, taps, taps)
    return both.reshape(len(rows) * len(columns), -1)


def _images(n: int, channels: int, axes: tuple[_Axis, ...]) -> int:
    """How many images a part has: as many as fit ``WORK_BYTES``, at most half of them."""
    tiles = [axis.spans[0].into.shape[0] for axis in axes]
    most = min(max(1, WORK_BYTES // (4 * channels * tiles[0] * tiles[1])), -(-n // 2))
    return -(-n // -(-n // most))


def _slices(size: int, parts: int) -> list[slice]:
    step = max(1, -(-size // parts))
    return [slice(i, i + step) for i in range(0, size, step)]


# -- the matrices ----------------------------------------------------------------------------------


class _Span(NamedTuple):
    """Some adjacent tiles of one axis.

    Attributes:
        tiles: T.
        elements: which they read, and ``into`` (K T, elements): what transforms these.
        outputs: which they give, and ``back`` (outputs, K T): what makes these from the products.
    """

    tiles: int
    elements: slice
    into: Any
    outputs: slice
    back: Any

    def transposed(self) -> _Span:
        """From the outputs' gradients to the products'."""
        return _Span(self.tiles, self.outputs, self.back.T, self.elements, self.into.T)


class _Axis(NamedTuple):
    """How one axis is filtered: the transform of a kernel, (K, taps), and the spans of tiles."""

    filters: Any
    spans: list[_Span]


def minimal_filter(taps: int, outputs: int) -> tuple[Any, Any, Any]:
    """``(B, G, A)`` with ``A [(G w) * (B d)]`` the sums ``sum_k w[k] d[i + k]``, i < outputs.

    Both sides are polynomials, evaluated at some points and at infinity, and interpolated.
    """
    if taps == 1:
        return np.eye(outputs), np.ones((outputs, 1)), np.eye(outputs)
    count = outputs + taps - 1
    points = np.array([0, 1, -1, 2, -2][: count - 1])
    into, filters, back = (
        np.zeros((rows, n)) for rows, n in zip((count, count, outputs), (count, taps, count))
    )
    for i, point in enumerate(points):
        others = np.delete(points, i)
        into[i, :-1] = np.poly(others)[::-1]
        filters[i] = point ** np.arange(taps) / np.prod(point - others)
        back[:, i] = point ** np.arange(outputs)
    into[-1], filters[-1, -1], back[-1, -1] = np.poly(points)[::-1], 1, 1
    return into, filters, back


@functools.lru_cache(maxsize=256)
def _correlation(
    taps: int, stride: int, pad: tuple[int, int], size: int, out: int, tile: int, dilation: int
) -> _Axis:
    """One filter per phase; their products are added up."""
    phases = [minimal_filter(len(range(p, taps, stride)), tile) for p in range(stride)]
    products = sum(len(into) for into, _, _ in phases)
    reads = max(p + stride * (len(into) - 1) for p, (into, _, _) in enumerate(phases)) + 1
    into, filters = np.zeros((products, reads)), np.zeros((products, taps))
    first = 0
    for p, (b, g, _) in enumerate(phases):
        some = slice(first, first + len(b))
        into[some, p : p + stride * len(b) : stride] = b
        filters[some, p::stride] = g
        first = some.stop
    back = np.concatenate([a for _, _, a in phases], axis=1)
    return _axis(into, filters, back, tile * stride, -pad[0], size, out, dilation)


@functools.lru_cache(maxsize=256)
def _transposed(
    taps: int, stride: int, pad: tuple[int, int], size: int, out: int, tile: int
) -> _Axis:
    """One filter per phase of the outputs: output i sums ``w[k] g[t]``, ``i + pad = t stride + k``,
    so that its phase is that of the taps it meets, and these come in reverse."""
    whole, rest = divmod(pad[0], stride)
    phases = [minimal_filter(len(range(p, taps, stride)), tile) for p in range(stride)]
    # Where each phase begins to read, relative to the tile.
    begins = [(p < rest) - (g.shape[1] - 1) for p, (_, g, _) in enumerate(phases)]
    products = sum(len(b) for b, _, _ in phases)
    reads = max(begin + len(b) for begin, (b, _, _) in zip(begins, phases)) - min(begins)
    into, filters = np.zeros((products, reads)), np.zeros((products, taps))
    back = np.zeros((tile * stride, products))
    first = 0
    for p, (begin, (b, g, a)) in enumerate(zip(begins, phases)):
        some = slice(first, first + len(b))
        at = begin - min(begins)
        into[some, at : at + len(b)] = b
        filters[some, p::stride] = g[:, ::-1]
        back[(p - rest) % stride :: stride, some] = a
        first = some.stop
    return _axis(into, filters, back, tile, whole + min(begins), size, out)


def _axis(
    into: Any, filters: Any, back: Any, step: int, offset: int, size: int, out: int, d: int = 1
) -> _Axis:
    """Tile t reads the elements from ``step t + offset`` on. With a dilation, d tiles that begin
    side by side lie in each other."""
    given, step = len(back) * d, step * d  # by d tiles
    count = -(-out // given)
    per_span = -(-count // -(-count * max(step, given) // SPAN))
    spans = []
    for first in range(0, count, per_span):
        several = min(per_span, count - first)
        tiles = several * d
        low = step * first + offset
        start = min(max(low, 0), size)
        stop = max(min(low + step * (several - 1) + d * into.shape[1], size), start)
        outputs = slice(given * first, min(given * (first + several), out))
        reads = np.zeros(
            (len(into), tiles, size + 2 * abs(low) + step * several + d * into.shape[1])
        )
        gives = np.zeros((several, len(back), d, len(into), tiles))
        for t in range(tiles):
            at = abs(low) + low + step * (t // d) + t % d
            reads[:, t, at : at + d * into.shape[1] : d] = into
            gives[t // d, :, t % d, :, t] = back
        reads = reads[:, :, abs(low) + start : abs(low) + stop].reshape(-1, stop - start)
        gives = gives.reshape(-1, len(into) * tiles)[: outputs.stop - outputs.start]
        spans.append(
            _Span(
                tiles,
                slice(start, stop),
                reads.astype(np.float32),
                outputs,
                gives.astype(np.float32),
            )
        )
    return _Axis(filters.astype(np.float32), spans)
