"""Convolution with one input channel per group, by columns that are runs of memory.

With the padding in place and images in a row, all elements that a tap meets are one run of memory:
window t meets element ``t + shift``. So all columns are one copy of a view with overlap, and each
channel is a product of a few filters with its columns. What this computes between rows and images
is left out. A strided kernel meets every stride-th element; these become an array of their own, a
phase.

Some channels and images at a time are handled, so that their columns fit ``COLUMN_BYTES``, by
several threads.
"""

from __future__ import annotations

import itertools
import math
import operator
from typing import Any, NamedTuple

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
    filters = w.reshape(c, -1, runs.taps)  # (C, M, K)
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
    filters = w.reshape(groups, -1, *w.shape[2:])  # (C, M, *K)
    x = xp.zeros((n, groups, *size), g.dtype)

    def work(part: tuple[slice, slice]) -> None:
        images, channels = part
        u = runs.spread(xp, _by_channel(g, groups)[channels, :, images], runs.reach)
        c, length = len(u), u.shape[2] - runs.reach
        for phase in runs.phases:
            columns = xp.ascontiguousarray(phase.met(xp, u, runs.reach, -1))  # (C, M, *K, length)
            of_phase = filters[(channels, slice(None), *phase.taps)].reshape(c, 1, -1)
            run = xp.matmul(of_phase, columns.reshape(c, -1, length))  # (C, 1, length)
            run = run.reshape(c, -1, *runs.pitch)[(..., *phase.inside)]
            x[(images, channels, *phase.elements)] = run.swapaxes(0, 1)

    share_products(xp, work, runs.parts(n, groups, g.dtype.itemsize * (len(w) // groups)))
    return x


def correlate_weight(
    xp: Any, x: Any, g: Any, kernel: Ints, stride: Ints, padding: Pairs, dilation: Ints
) -> Any:
    """The weight's gradient: (C M, 1, *K)."""
    n, c, *size = x.shape
    o, *out = g.shape[1:]
    runs = _Runs(tuple(size), kernel, tuple(out), stride, padding, dilation)
    w = xp.zeros((c, o // c, runs.taps), x.dtype)
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


class _Phase(NamedTuple):
    """What a kernel of some stride meets in every stride-th element of each axis.

    Attributes:
        taps: which of the kernel's do, ``counts`` per axis.
        inside: the places of a run that hold elements, and ``elements``, which.
        first, steps: the first tap's shift, and from tap to tap along each axis.
        reach: the largest shift of any phase.
    """

    taps: tuple[slice, ...]
    counts: Ints
    inside: tuple[slice, ...]
    elements: tuple[slice, ...]
    first: int
    steps: Ints
    reach: int

    def met(self, xp: Any, run: Any, start: int = 0, sign: int = 1) -> Any:
        """A view of (..., run): what each tap meets from ``start`` on, with shifts times ``sign``:
        (..., *counts, run - reach)."""
        *outer, step = run.strides
        shape = (*run.shape[:-1], *self.counts, run.shape[-1] - self.reach)
        steps = (*outer, *(sign * s * step for s in self.steps), step)
        first = run[..., start + sign * self.first :]
        return xp.lib.stride_tricks.as_strided(first, shape, steps)


class _Runs:
    """Where the taps find their elements.

    Element e of an axis, counted from the padding on, is element e // stride of phase e % stride.
    A run holds the elements of one phase of some images, ``pitch`` per axis; each window is at the
    place of the element that its first tap meets in phase 0.

    Attributes:
        taps: how many a kernel has.
        reach: the largest shift.
    """

    def __init__(
        self, size: Ints, kernel: Ints, out: Ints, stride: Ints, padding: Pairs, dilation: Ints
    ) -> None:
        self.out, self.kernel, self.taps = out, kernel, math.prod(kernel)
        shifts = [(k - 1) * d // s for k, s, d in zip(kernel, stride, dilation)]
        self.pitch = tuple(map(operator.add, out, shifts))
        steps = [math.prod(self.pitch[i + 1 :]) for i in range(len(size))]
        self.reach = sum(map(operator.mul, shifts, steps))
        # Taps that lie ``every`` apart meet the same phase.
        every = [s // math.gcd(s, d) for s, d in zip(stride, dilation)]
        self.phases = []
        for position in itertools.product(*map(range, map(min, every, kernel))):
            inside, elements, first = [], [], 0
            for k, d, s, pitch, elements_, (before, _), step in zip(
                position, dilation, stride, self.pitch, size, padding, steps
            ):
                shift, phase = divmod(k * d, s)
                first += shift * step
                low = max(0, -((phase - before) // s))
                high = max(low, min(pitch, -((phase - before - elements_) // s)))
                start = low * s + phase - before
                inside.append(slice(low, high))
                elements.append(slice(start, start + (high - low) * s, s))
            taps = tuple(map(slice, position, kernel, every))
            counts = tuple(len(range(*some.indices(k))) for some, k in zip(taps, kernel))
            moves = tuple(e * d // s * t for e, d, s, t in zip(every, dilation, stride, steps))
            self.phases.append(
                _Phase(taps, counts, tuple(inside), tuple(elements), first, moves, self.reach)
            )

    def parts(self, n: int, c: int, itemsize: int) -> list[tuple[slice, slice]]:
        """Images and channels whose columns fit ``COLUMN_BYTES``."""
        columns = max(1, math.prod(self.pitch) * self.taps * itemsize)
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
        length = n * math.prod(self.pitch) - self.reach
        columns = xp.empty((c, *self.kernel, length), x.dtype)
        for phase in self.phases:
            run = xp.zeros((c, n, *self.pitch), x.dtype)
            run[(..., *phase.inside)] = x[(..., *phase.elements)].swapaxes(0, 1)
            columns[(slice(None), *phase.taps)] = phase.met(xp, run.reshape(c, -1))
        return columns.reshape(c, -1, length)

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
