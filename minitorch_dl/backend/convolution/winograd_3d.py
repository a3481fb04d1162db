"""Convolution over three axes by Winograd's filtering of planes.

Each plane of windows along the first axis is an image, whose channels are those of all planes that
it meets.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from ..windows import im2col
from . import winograd
from .columns import blocks
from .problem import Problem

PLANE_BYTES = 16 << 20
"""Room for planes: so many that transforming the kernels for each block costs little beside it."""


def suits(xp: Any, dtype: Any, p: Problem) -> bool:
    """Whether three axes are faster so than by columns."""
    return len(p.kernel) == 3 and winograd.suits(xp, dtype, p.of_planes())


def correlate(xp: Any, x: Any, w: Any, p: Problem) -> Any:
    """The cross-correlation of (N, C, D, H, W) with (O, C, *K): (N, O, *out)."""
    y = xp.empty((p.n, p.o, *p.out), x.dtype)
    filters = w.reshape(p.o, -1, *p.kernel[1:])
    for at, planes in _planes(xp, x, p):
        z = winograd.correlate(xp, planes, filters, p.of_planes()._replace(n=len(planes)))
        part = y[at].swapaxes(1, 2)
        part[...] = z.reshape(part.shape)
    return y


def correlate_weight(xp: Any, x: Any, g: Any, p: Problem) -> Any:
    """The weight's gradient: (O, C, *K)."""
    w = xp.zeros((p.o, p.c * p.kernel[0], *p.kernel[1:]), x.dtype)
    for at, planes in _planes(xp, x, p):
        part = g[at].swapaxes(1, 2).reshape(-1, p.o, *p.out[1:])
        w += winograd.correlate_weight(xp, planes, part, p.of_planes()._replace(n=len(planes)))
    return w.reshape(p.o, p.c, *p.kernel)


def _planes(xp: Any, x: Any, p: Problem) -> Iterator[tuple[Any, Any]]:
    """(N, C, D, H, W) as images (n, C K, H, W), one for each plane of windows.

    Yields:
        ``(at, planes)``: the index into (N, ..., D', ...) of some of them, as many as fit
        ``PLANE_BYTES``, and these.
    """
    first = p.first_axis()
    for images, rows, slab, padding in itertools.chain(*blocks(x, first, True, PLANE_BYTES)):
        part = x[images, :, slab]
        n, c = part.shape[:2]
        count = len(range(*rows.indices(p.out[0])))
        room = xp.moveaxis(xp.zeros((n, count, c, *first.kernel, *p.size[1:]), x.dtype), 1, 5)
        met = im2col(xp, part, first.kernel, first.stride, padding, first.dilation, room)
        planes = xp.moveaxis(met, 5, 1).reshape(n * count, -1, *p.size[1:])
        yield (images, slice(None), rows), planes
