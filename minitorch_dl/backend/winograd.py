"""Convolution with 3x3 kernels by Winograd's minimal filtering F(4x4, 3x3), as matrix products.

A tile of 4x4 outputs reads 6x6 inputs. Transformed, it needs 36 products per pair of channels
instead of 144: ``y = Aᵀ [(G w Gᵀ) * (Bᵀ d B)] A``. The transforms run along one axis at a time;
each is a product with a matrix that holds ``Bᵀ`` or ``Aᵀ`` once per tile, so that overlap, padding
and the change of layout cost nothing extra: the transposed product puts the channels last.

Float32 results differ from those of a direct sum by about 1e-5 of the largest (direct: 1e-6).

Source: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2015.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .windows import Ints, Pairs

WORK_BYTES = 4 << 20
"""Room for each array of transformed tiles: about a second-level cache. It also bounds memory."""

enabled = True
"""Whether float32 convolutions may be computed so: the switch ``backends.cpu.winograd``."""

# Rows of Bᵀ, G and Aᵀ for the points 0, 1, -1, 2, -2 and infinity.
_BT = [
    [4, 0, -5, 0, 1, 0],
    [0, -4, -4, 1, 1, 0],
    [0, 4, -4, -1, 1, 0],
    [0, -2, -1, 2, 1, 0],
    [0, 2, -1, -2, 1, 0],
    [0, 4, 0, -5, 0, 1],
]
_G: Any = [
    [1 / 4, 0, 0],
    [-1 / 6, -1 / 6, -1 / 6],
    [-1 / 6, 1 / 6, -1 / 6],
    [1 / 24, 1 / 12, 1 / 6],
    [1 / 24, -1 / 12, 1 / 6],
    [0, 0, 1],
]
_AT = [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]


def suits(xp: Any, dtype: Any, n: int, c: int, o: int, kernel: Ints, out: Ints, rest: Any) -> bool:
    """Whether this is faster than columns: ``rest`` holds strides, dilations and groups."""
    if not enabled or xp is not np or tuple(kernel) != (3, 3) or dtype != np.float32:
        return False
    tiles = -(-out[0] // 4) * -(-out[1] // 4)
    # With fewer tiles, transforming the kernels would cost more than it saves.
    return set(rest) == {1} and min(c, o) >= 32 and c * o >= 2048 and n * tiles >= 16


def correlate(xp: Any, x: Any, w: Any, out: Ints, padding: Pairs) -> Any:
    """The cross-correlation of (N, C, H, W) with (O, C, 3, 3)."""
    n, c, height, width = x.shape
    o = w.shape[0]
    rows, columns = _spans(height, out[0], padding[0]), _spans(width, out[1], padding[1])
    y = xp.empty((n, o, *out), x.dtype)
    u = xp.matmul(_filters(), w.reshape(o * c, 9).T)  # (36, OC)
    u = u.reshape(6, 1, 6, o, c).swapaxes(3, 4)  # (6, 1, 6, C, O)
    for images in _blocks(n, max(c, o), 12 * max(12, height)):
        by_row = y[images].reshape(-1, *out).swapaxes(0, 1)  # (H, N O, W)
        for column in columns:
            t = _into(xp, column, x[images])  # (6 T N C, H)
            for row in rows:
                v = _into(xp, row, t).reshape(6, row.tiles, 6, -1, c)  # (6, T, 6, T N, C)
                m = xp.matmul(v, u).reshape(6 * row.tiles, -1)
                z = xp.matmul(row.back, m).reshape(len(row.back), 6 * column.tiles, -1)
                part = by_row[row.outputs, :, column.outputs]
                xp.matmul(z.swapaxes(1, 2), column.back.T, out=part)
    return y


def correlate_weight(xp: Any, x: Any, g: Any, padding: Pairs) -> Any:
    """The weight's gradient: (O, C, 3, 3)."""
    n, c, height, width = x.shape
    o, *out = g.shape[1:]
    rows, columns = _spans(height, out[0], padding[0]), _spans(width, out[1], padding[1])
    gradient_rows = [row.of_outputs() for row in rows]
    du = xp.zeros((36, o, c), x.dtype)
    for images in _blocks(n, max(c, o), 18 * (max(height, out[0]) + 4)):
        for column in columns:
            v = _tiles(xp, column, rows, x[images])  # (36, P, C)
            m = _tiles(xp, column.of_outputs(), gradient_rows, g[images])  # (36, P, O)
            du += xp.matmul(m.swapaxes(1, 2), v)
    return xp.matmul(du.reshape(36, o * c).T, _filters()).reshape(o, c, 3, 3)


class _Span(NamedTuple):
    """Some adjacent tiles of one axis.

    Attributes:
        elements: which they read, and ``into`` (6 T, elements): what transforms these.
        outputs: which they give, and ``back`` (outputs, 6 T): what makes these from the products.
    """

    elements: slice
    into: Any
    outputs: slice
    back: Any

    @property
    def tiles(self) -> int:
        """T."""
        return len(self.into) // 6

    def of_outputs(self) -> _Span:
        """The transposed way: from the outputs' gradients to the products'."""
        return _Span(self.outputs, self.back.T, self.elements, self.into.T)


@functools.lru_cache(maxsize=256)
def _spans(size: int, out: int, pad: tuple[int, int]) -> list[_Span]:
    """An axis in spans of two tiles, which share most of what they read; more would cost zeros."""
    spans = []
    for first in range(0, out, 8):
        last = min(first + 8, out)
        tiles = -(-(last - first) // 4)
        start = min(max(first - pad[0], 0), size)
        stop = max(min(first - pad[0] + 4 * tiles + 2, size), start)
        into = np.zeros((6, tiles, stop - start), np.float32)
        back = np.zeros((last - first, 6, tiles), np.float32)
        for t in range(tiles):
            for k in range(6):
                element = first + 4 * t + k - pad[0] - start
                if 0 <= element < stop - start:
                    into[:, t, element] = [row[k] for row in _BT]
            for k in range(min(4, len(back) - 4 * t)):
                back[4 * t + k, :, t] = _AT[k]
        flat = into.reshape(6 * tiles, -1), back.reshape(-1, 6 * tiles)
        spans.append(_Span(slice(start, stop), flat[0], slice(first, last), flat[1]))
    return spans


@functools.cache
def _filters() -> Any:
    """``G ⊗ G``: (36, 9)."""
    return np.kron(_G, _G).astype(np.float32)


def _blocks(n: int, channels: int, numbers: int) -> Iterator[slice]:
    """Images by as many as fit ``WORK_BYTES`` with so many numbers per channel."""
    step = max(1, WORK_BYTES // (4 * channels * numbers))
    for i in range(0, n, step):
        yield slice(i, i + step)


def _into(xp: Any, span: _Span, x: Any) -> Any:
    """The last axis of ``x`` transformed and put first, the rest of it in one: (6 T * rest, axis
    before), for the axis before to be next."""
    lines = x.reshape(-1, x.shape[-1])[:, span.elements]
    return xp.matmul(span.into, lines.T).reshape(-1, x.shape[-2])


def _tiles(xp: Any, column: _Span, rows: list[_Span], x: Any) -> Any:
    """The transformed tiles of a span of columns of (N, C, H, W): (36, P, C)."""
    n, c = x.shape[:2]
    t = _into(xp, column, x)  # (6 T N C, H)
    beside = column.tiles * n
    v = xp.empty((6, 6, sum(row.tiles for row in rows) * beside, c), x.dtype)
    first = 0
    for row in rows:
        part = _into(xp, row, t).reshape(6, row.tiles, 6, beside, c)
        last = first + row.tiles * beside
        v[:, :, first:last].reshape(6, 6, row.tiles, beside, c)[...] = part.swapaxes(1, 2)
        first = last
    return v.reshape(36, -1, c)
