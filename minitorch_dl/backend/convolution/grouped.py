"""Convolution with few channels per group, by columns that are runs of memory.

With the padding in place and images in a row, all elements that a tap meets are one run of memory:
window t meets element ``t + shift``. So all columns are one copy of a view with overlap, and each
group is a product of a few filters with its columns. What this computes between rows and images
is left out: that copies the outputs once more, which pays where they are not many more than the
inputs. A strided kernel meets every stride-th element; these become an array of their own, a phase.

Some groups and images at a time are handled, so that their columns fit ``COLUMN_BYTES``, by
several threads.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from typing import Any, NamedTuple

import numpy as np

from ..blas import share_products
from ..windows import Ints
from .problem import Problem

COLUMN_BYTES = 4 << 20
"""Room for the columns of a part, unless one group of one image needs more."""

PARTS = 4
"""Into how many parts, at least, the groups are split for the threads."""

MOST_CHANNELS = 8
"""Input channels per group up to which this is quicker than columns in rows of windows: by a half
for 7x7 windows, a sixth for 56x56. With more, the product takes most of the time."""


def suits(xp: Any, dtype: Any, p: Problem) -> bool:
    """Whether these are groups of few channels; on a GPU, which has room for larger blocks of the
    others' columns, of one."""
    if p.groups == 1 or math.prod(p.kernel) == 1:  # one pixel needs no columns
        return False
    c, o = p.c // p.groups, p.o // p.groups
    return 0 < c <= (MOST_CHANNELS if xp is np else 1) and o <= max(4, 2 * c)


def correlate(xp: Any, x: Any, w: Any, p: Problem) -> Any:
    """(N, C, *S) with (O, C / G, *K): (N, O, *out)."""
    groups, c, o = p.groups, p.c // p.groups, p.o // p.groups
    runs = _runs_of(p)
    filters = w.reshape(groups, o, c * runs.taps)
    y = xp.empty((p.n, p.o, *p.out), x.dtype)

    def work(part: tuple[slice, slice]) -> None:
        images, some = part
        columns = runs.columns(xp, _by_group(x, groups)[some, :, images])  # (G, C/G K, length)
        u = xp.empty((len(columns), o, columns.shape[2] + runs.reach), x.dtype)
        xp.matmul(filters[some], columns, out=u[..., : columns.shape[2]])
        _by_group(y, groups)[some, :, images] = runs.windows(u)

    share_products(xp, work, runs.parts(p.n, groups, c * x.dtype.itemsize))
    return y


def correlate_input(xp: Any, g: Any, w: Any, p: Problem) -> Any:
    """The transpose of ``correlate`` in its input: (N, C, *size)."""
    groups, c, o = p.groups, p.c // p.groups, p.o // p.groups
    runs = _runs_of(p)
    filters = w.reshape(groups, o, c, *p.kernel).swapaxes(1, 2)
    x = xp.zeros((p.n, p.c, *p.size), g.dtype)

    def work(part: tuple[slice, slice]) -> None:
        images, some = part
        u = runs.spread(xp, _by_group(g, groups)[some, :, images], runs.reach)
        into, length = _by_group(x, groups)[some, :, images], u.shape[2] - runs.reach
        for phase in runs.phases:
            columns = xp.ascontiguousarray(phase.met(xp, u, runs.reach, -1))  # (G, O/G, *K, length)
            of_phase = filters[(some, ..., *phase.taps)].reshape(len(u), c, -1)
            run = xp.matmul(of_phase, columns.reshape(len(u), -1, length))  # (G, C/G, length)
            run = run.reshape(len(u), c, -1, *runs.pitch)
            into[(..., *phase.elements)] = run[(..., *phase.inside)]

    share_products(xp, work, runs.parts(p.n, groups, o * g.dtype.itemsize))
    return x


def correlate_weight(xp: Any, x: Any, g: Any, p: Problem) -> Any:
    """The weight's gradient: (O, C / G, *K)."""
    groups, c, o = p.groups, p.c // p.groups, p.o // p.groups
    runs = _runs_of(p)
    w = xp.zeros((groups, o, c * runs.taps), x.dtype)
    parts = runs.parts(p.n, groups, c * x.dtype.itemsize)

    def work(some: slice) -> None:
        for images in [images for images, those in parts if those == some]:
            columns = runs.columns(xp, _by_group(x, groups)[some, :, images])  # (G, C/G K, length)
            u = runs.spread(xp, _by_group(g, groups)[some, :, images])  # (G, O/G, run)
            w[some] += xp.matmul(u[..., : columns.shape[2]], columns.swapaxes(1, 2))

    share_products(xp, work, [some for images, some in parts if images.start == 0])
    return w.reshape(p.o, c, *p.kernel)


def _by_group(x: Any, groups: int) -> Any:
    """(N, C, *S) as (G, C/G, N, *S)."""
    n, c, *size = x.shape
    x = x.reshape(n, groups, c // groups, *size)
    return x.transpose(1, 2, 0, *range(3, x.ndim))


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

    def __init__(self, p: Problem) -> None:
        size, kernel, stride, dilation = p.size, p.kernel, p.stride, p.dilation
        self.out, self.kernel, self.taps = p.out, kernel, math.prod(kernel)
        shifts = [(k - 1) * d // s for k, s, d in zip(kernel, stride, dilation)]
        self.pitch = tuple(map(operator.add, p.out, shifts))
        steps = [math.prod(self.pitch[i + 1 :]) for i in range(len(size))]
        self.reach = sum(map(operator.mul, shifts, steps))
        # Taps that lie ``every`` apart meet the same phase.
        every = [s // math.gcd(s, d) for s, d in zip(stride, dilation)]
        self.phases = []
        for position in itertools.product(*map(range, map(min, every, kernel))):
            inside, elements, first = [], [], 0
            for k, d, s, pitch, elements_, (before, _), step in zip(
                position, dilation, stride, self.pitch, size, p.padding, steps
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

    def parts(self, n: int, groups: int, bytes_: int) -> list[tuple[slice, slice]]:
        """Images and groups whose columns, of ``bytes_`` for each tap, fit ``COLUMN_BYTES``."""
        columns = max(1, math.prod(self.pitch) * self.taps * bytes_)
        images = min(max(1, COLUMN_BYTES // columns), max(n, 1))
        some = min(max(1, COLUMN_BYTES // (columns * images)), -(-groups // PARTS))
        return [
            (slice(i, i + images), slice(j, j + some))
            for j in range(0, groups, some)
            for i in range(0, n, images)
        ]

    def columns(self, xp: Any, x: Any) -> Any:
        """Of (G, C, N, *size), what each tap meets: (G, C K, length)."""
        g, c, n = x.shape[:3]
        length = n * math.prod(self.pitch) - self.reach
        columns = xp.empty((g, c, *self.kernel, length), x.dtype)
        for phase in self.phases:
            run = xp.zeros((g, c, n, *self.pitch), x.dtype)
            run[(..., *phase.inside)] = x[(..., *phase.elements)]
            columns[(..., *phase.taps, slice(None))] = phase.met(xp, run.reshape(g, c, -1))
        return columns.reshape(g, c * self.taps, length)

    def spread(self, xp: Any, g: Any, before: int = 0) -> Any:
        """(G, O, N, *out) at the windows' places in runs, zeros between and ``before``: (G, O,
        before + run)."""
        groups, o, n = g.shape[:3]
        u = xp.zeros((groups, o, before + n * math.prod(self.pitch)), g.dtype)
        u[..., before:].reshape(groups, o, n, *self.pitch)[(..., *map(slice, self.out))] = g
        return u

    def windows(self, u: Any) -> Any:
        """The windows of runs (G, O, run): (G, O, N, *out)."""
        return u.reshape(*u.shape[:2], -1, *self.pitch)[(..., *map(slice, self.out))]


_runs_of = functools.lru_cache(maxsize=256)(_Runs)
