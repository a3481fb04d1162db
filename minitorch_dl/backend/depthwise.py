"""Convolution with one input channel per group, by columns that are runs of memory.

With the padding in place and images in a row, all elements that a tap meets are one run of memory:
window t meets element ``t + shift``. So a column is copied as a whole, and each channel is a
product of a few filters with its columns. What this computes between rows and images is left out. A
strided kernel meets every stride-th element; these become an array of their own, a phase.

Some channels and images at a time are handled, so that their columns fit ``COLUMN_BYTES``, by
several threads.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

from .blas import share_products
from .windows import Ints, Pairs

COLUMN_BYTES = 4 << 20
"""Room for the columns of a part, unless one channel of one image needs more."""


def suits(channels: int, outputs: int, groups: int) -> bool:
    """Whether these are groups of one input channel and a few outputs."""
    return 1 < groups == channels and outputs <= 4 * groups


def correlate(
    xp: Any, x: Any, w: Any, out: Ints, stride: Ints, padding: Pairs, dilation: Ints
) -> Any:
    """(N, C, *S) with (C M, 1, *K), whose row c M + m meets channel c: (N, C M, *out)."""
    n, c, *size = x.shape
    runs = _Runs(tuple(size), w.shape[2:], out, stride, padding, dilation)
    filters = w.reshape(c, -1, len(runs.taps))  # (C, M, K)
    y = xp.empty((n, len(w), *out), x.dtype)

    def work(part: tuple[slice, slice]) -> None:
        images, channels = part
        columns = runs.columns(xp, x[images, channels])  # (C, K, length)
        u = xp.empty((*filters[channels].shape[:2], columns.shape[2] + runs.reach), x.dtype)
        xp.matmul(filters[channels], columns, out=u[..., : columns.shape[2]])
        _by_channel(y, c)[channels, :, images] = runs.windows(u)

    share_products(xp, work, runs.parts(n, c, x.dtype.itemsize))
    return y


def correlate_input(
    xp: Any,
    g: Any,
    w: Any,
    size: Ints,
    stride: Ints,
    padding: Pairs,
    dilation: Ints,
    groups: int,
) -> Any:
    """The transpose of ``correlate`` in its input: (N, groups, *size)."""
    n, _, *out = g.shape
    runs = _Runs(size, w.shape[2:], tuple(out), stride, padding, dilation)
    filters = w.reshape(groups, -1, len(runs.taps))  # (C, M, K)
    x = xp.zeros((n, groups, *size), g.dtype)

    def work(part: tuple[slice, slice]) -> None:
        images, channels = part
        u = runs.spread(xp, _by_channel(g, groups)[channels, :, images], runs.reach)
        c, m, length = u.shape
        length -= runs.reach
        for phase, places in runs.places():
            some = [k for k, (at, _) in enumerate(runs.taps) if at == phase]
            columns = xp.empty((c, m, len(some), length), g.dtype)
            for i, k in enumerate(some):
                first = runs.reach - runs.taps[k][1]
                columns[:, :, i] = u[..., first : first + length]
            of_phase = filters[channels][..., some].reshape(c, 1, -1)
            run = xp.matmul(of_phase, columns.reshape(c, -1, length))  # (C, 1, length)
            run = run.reshape(c, -1, *runs.pitch)[(..., *places[0])]
            x[(images, channels, *places[1])] = run.swapaxes(0, 1)

    share_products(xp, work, runs.parts(n, groups, g.dtype.itemsize * (len(w) // groups)))
    return x


def correlate_weight(
    xp: Any, x: Any, g: Any, kernel: Ints, stride: Ints, padding: Pairs, dilation: Ints
) -> Any:
    """The weight's gradient: (C M, 1, *K)."""
    n, c, *size = x.shape
    o, *out = g.shape[1:]
    runs = _Runs(tuple(size), kernel, tuple(out), stride, padding, dilation)
    w = xp.zeros((c, o // c, len(runs.taps)), x.dtype)
    parts = runs.parts(n, c, x.dtype.itemsize)

    def work(channels: slice) -> None:
        for images in [some for some, those in parts if those == channels]:
            columns = runs.columns(xp, x[images, channels])  # (C, K, length)
            u = runs.spread(xp, _by_channel(g, c)[channels, :, images])  # (C, M, run)
            w[channels] += xp.matmul(u[..., : columns.shape[2]], columns.swapaxes(1, 2))

    share_products(xp, work, [channels for images, channels in parts if images.start == 0])
    return w.reshape(o, 1, *kernel)


def _by_channel(y: Any, c: int) -> Any:
    """(N, C M, *T) as (C, M, N, *T)."""
    y = y.reshape(len(y), c, -1, *y.shape[2:])
    return y.transpose(1, 2, 0, *range(3, y.ndim))


class _Runs:
    """Where the taps find their elements.

    Element e of an axis, counted from the padding on, is element e // stride of phase e % stride.
    A run holds the elements of one phase of some images, ``pitch`` per axis; each window is at the
    place of the element that its first tap meets in phase 0.

    Attributes:
        taps: per position in the kernel, its phase's index in ``phases``, and its shift.
        reach: the largest shift.
    """

    def __init__(
        self, size: Ints, kernel: Ints, out: Ints, stride: Ints, padding: Pairs, dilation: Ints
    ) -> None:
        self.size, self.out, self.stride, self.padding = size, out, stride, padding
        self.pitch = tuple(
            t + d * (k - 1) // s for t, k, s, d in zip(out, kernel, stride, dilation)
        )
        steps = [math.prod(self.pitch[i + 1 :]) for i in range(len(size))]
        found = []
        for position in itertools.product(*map(range, kernel)):
            at = [divmod(k * d, s) for k, d, s in zip(position, dilation, stride)]
            shift = sum(q * step for (q, _), step in zip(at, steps))
            found.append((tuple(p for _, p in at), shift))
        self.phases = sorted({phase for phase, _ in found})
        self.taps = [(self.phases.index(phase), shift) for phase, shift in found]
        self.reach = max(shift for _, shift in found)

    def parts(self, n: int, c: int, itemsize: int) -> list[tuple[slice, slice]]:
        """Images and channels whose columns fit ``COLUMN_BYTES``."""
        columns = max(1, math.prod(self.pitch) * len(self.taps) * itemsize)
        images = min(max(1, COLUMN_BYTES // columns), max(n, 1))
        channels = min(max(1, COLUMN_BYTES // (columns * images)), -(-c // 8))
        return [
            (slice(i, i + images), slice(j, j + channels))
            for j in range(0, c, channels)
            for i in range(0, n, images)
        ]

    def columns(self, xp: Any, x: Any) -> Any:
        """Of (N, C, *size), what each tap meets: (C, K, length)."""
        n, c = x.shape[:2]
        runs = xp.zeros((len(self.phases), c, n, *self.pitch), x.dtype)
        for i, (inside, elements) in self.places():
            runs[(i, slice(None), slice(None), *inside)] = x[(..., *elements)].swapaxes(0, 1)
        runs = runs.reshape(len(self.phases), c, -1)
        length = runs.shape[2] - self.reach
        columns = xp.empty((c, len(self.taps), length), x.dtype)
        for k, (phase, shift) in enumerate(self.taps):
            columns[:, k] = runs[phase, :, shift : shift + length]
        return columns

    def places(self) -> Iterator[tuple[int, tuple[tuple[slice, ...], tuple[slice, ...]]]]:
        """Per phase: its places in a run that hold elements, and which."""
        for i, phase in enumerate(self.phases):
            inside, elements = [], []
            for p, pitch, s, size, (before, _) in zip(
                phase, self.pitch, self.stride, self.size, self.padding
            ):
                first = max(0, -((p - before) // s))
                last = max(first, min(pitch, -((p - before - size) // s)))
                start = first * s + p - before
                inside.append(slice(first, last))
                elements.append(slice(start, start + (last - first) * s, s))
            yield i, (tuple(inside), tuple(elements))

    def spread(self, xp: Any, g: Any, before: int = 0) -> Any:
        """(C, M, N, *out) at the windows' places in runs, zeros between and ``before``: (C, M,
        before + run)."""
        c, m, n = g.shape[:3]
        u = xp.zeros((c, m, before + n * math.prod(self.pitch)), g.dtype)
        u[..., before:].reshape(c, m, n, *self.pitch)[(..., *map(slice, self.out))] = g
        return u

    def windows(self, u: Any) -> Any:
        """The windows of runs (C, M, run): (C, M, N, *out)."""
        return u.reshape(*u.shape[:2], -1, *self.pitch)[(..., *map(slice, self.out))]
