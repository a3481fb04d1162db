"""Pooling's array kernels, for (N, C, *S) arrays with any number of spatial axes.

Maxima and sums separate: they are taken over one spatial axis after the other.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from . import kernels
from .constants import constant
from .sums import sum_over
from .threads import share
from .windows import Ints, Pairs, axis_taps, taps


@functools.lru_cache(maxsize=256)
def pooled_size(
    size: Ints, kernel: Ints, stride: Ints, padding: Pairs, dilation: Ints, ceil_mode: bool
) -> Ints:
    """How many windows there are along each axis.

    With ``ceil_mode`` a last window may hang over the end, if it starts inside or in the padding
    before.
    """
    counts = []
    for s, k, step, (before, after), d in zip(size, kernel, stride, padding, dilation):
        span = s + before + after - d * (k - 1) - 1
        count = (-(-span // step) if ceil_mode else span // step) + 1
        if ceil_mode and (count - 1) * step >= s + before:
            count -= 1
        counts.append(count)
    return tuple(counts)


def _over_windows(
    xp: Any,
    combine: Any,
    neutral: float,
    x: Any,
    axis: int,
    out: int,
    kernel: int,
    step: int,
    padding: tuple[int, int],
    dilation: int,
) -> Any:
    """The elements of each window along one axis combined, with ``neutral`` where it has none."""
    shape, before = (*x.shape[:axis], out, *x.shape[axis + 1 :]), (slice(None),) * axis
    whole, rest = [], []  # parts with an element of each window, and the others
    for _, windows, elements in axis_taps(x.shape[axis], out, kernel, step, padding[0], dilation):
        part = x[(*before, elements)]
        if part.shape == shape:
            whole.append(part)
        else:
            rest.append((windows, part))
    if len(whole) > 1:
        y = combine(*whole[:2])
        for part in whole[2:]:
            combine(y, part, out=y)
    else:
        y = whole[0].copy() if whole else xp.full(shape, neutral, x.dtype)
    for windows, part in rest:
        into = y[(*before, windows)]
        combine(into, part, out=into)
    return y


def max_pool(
    xp: Any, x: Any, *, kernel: Ints, stride: Ints, padding: Pairs, dilation: Ints, ceil_mode: bool
) -> Any:
    """The largest element of each window; NaN if there is one."""
    out = pooled_size(x.shape[2:], kernel, stride, padding, dilation, ceil_mode)
    return _maxima(xp, x, out=out, kernel=kernel, stride=stride, padding=padding, dilation=dilation)


@kernels.max_pool.twin
def _maxima(
    xp: Any, x: Any, *, out: Ints, kernel: Ints, stride: Ints, padding: Pairs, dilation: Ints
) -> Any:
    if xp is not np:
        window = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation}
        y = kernels.max_pool(xp, x, out=out, **window)
        if y is not None:
            return y
    if _is_whole(x.shape[2:], kernel, padding):
        return _rows(x).max(-1).reshape(*x.shape[:2], *out)
    if x.size <= PART:
        return _maxima_by_axis(xp, x, out, kernel, stride, padding, dilation)
    y = xp.empty((*x.shape[:2], *out), x.dtype)
    planes, maxima = _planes(x), _planes(y)

    def work(part: slice) -> None:
        maxima[:, part] = _maxima_by_axis(
            xp, planes[:, part], out, kernel, stride, padding, dilation
        )

    _share_planes(xp, work, planes)
    return y


def _planes(x: Any) -> Any:
    """(N, C, *S) as (1, N C, *S)."""
    return x.reshape(1, -1, *x.shape[2:]) if x.size else x[:1]


PART = 1 << 18
"""Elements that are pooled at once: 1 MB of float32."""


def _share_planes(xp: Any, work: Callable[[slice], None], planes: Any) -> None:
    """``work`` on some of (1, N C, *S) at a time, by several threads."""
    step = max(1, PART // math.prod(planes.shape[2:])) if planes.size else 1
    count = planes.shape[1]
    if xp is not np or count <= step:
        work(slice(None))
    else:
        share(work, [slice(i, i + step) for i in range(0, count, step)])


def _maxima_by_axis(
    xp: Any, x: Any, out: Ints, kernel: Ints, stride: Ints, padding: Pairs, dilation: Ints
) -> Any:
    lowest = _lowest(xp, x.dtype)
    for i, window in enumerate(zip(out, kernel, stride, padding, dilation), start=2):
        x = _over_windows(xp, xp.maximum, lowest, x, i, *window)
    return x


def _lowest(xp: Any, dtype: Any) -> float:
    return xp.iinfo(dtype).min if dtype.kind in "iu" else -math.inf


def max_positions(
    xp: Any, x: Any, *, kernel: Ints, stride: Ints, padding: Pairs, dilation: Ints, ceil_mode: bool
) -> Any:
    """Each window's maximum as an index into the flattened spatial axes: the first, or a NaN."""
    out = pooled_size(x.shape[2:], kernel, stride, padding, dilation, ceil_mode)
    first, origins, shifts = _places(x.shape[2:], out, kernel, stride, padding, dilation)
    best = xp.full((*x.shape[:2], *out), _lowest(xp, x.dtype), x.dtype)
    # A tap's number grows, so that the last one which was better is the largest.
    tap = constant(xp, first) + xp.zeros(best.shape, first.dtype)
    met = taps(x.shape[2:], out, kernel, stride, padding, dilation)
    for i, (_, windows, elements) in enumerate(met):
        new, old, at = x[elements], best[windows], tap[windows]
        better = new > old
        better |= new != new
        xp.maximum(new, old, out=old)
        xp.maximum(at, better * first.dtype.type(i), out=at)
    return constant(xp, shifts)[tap] + constant(xp, origins)


@functools.lru_cache(maxsize=64)
def _places(
    size: Ints, out: Ints, kernel: Ints, stride: Ints, padding: Pairs, dilation: Ints
) -> tuple[Any, Any, Any]:
    """The number of the first tap that meets an element in each window (*T); and in the flattened
    spatial axes, where each window starts (*T), and how far each tap lies from there."""
    met = list(taps(size, out, kernel, stride, padding, dilation))
    first = np.zeros(out, np.min_scalar_type(-len(met)))
    for i, (_, windows, _) in reversed(list(enumerate(met))):
        first[windows[2:]] = i
    steps = [math.prod(size[i + 1 :]) for i in range(len(size))]
    origins = np.zeros(out, np.int64)
    for i, (t, step, (before, _)) in enumerate(zip(out, stride, padding)):
        starts = (np.arange(t) * step - before) * steps[i]
        origins += starts.reshape(-1, *(1,) * (len(out) - 1 - i))
    shifts = [sum(map(math.prod, zip(position, dilation, steps))) for position, _, _ in met]
    return first, origins, np.array(shifts, np.int64)


def _first_hits(
    xp: Any, x: Any, y: Any, kernel: Ints, stride: Ints, padding: Pairs, dilation: Ints
) -> Iterator[Any]:
    """Per position in the kernel: the windows whose maximum ``y`` is there first, as a mask."""
    free = xp.ones(y.shape, bool)
    for _, windows, elements in taps(x.shape[2:], y.shape[2:], kernel, stride, padding, dilation):
        hit = x[elements] >= y[windows]
        still = free[windows]
        hit &= still
        still ^= hit
        yield hit, windows, elements


@kernels.max_scatter.twin
def max_scatter(
    xp: Any, u: Any, x: Any, y: Any, *, kernel: Ints, stride: Ints, padding: Pairs, dilation: Ints
) -> Any:
    """``u`` of each window added at its maximum, in the shape of ``x``."""
    if xp is not np:
        window = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation}
        done = kernels.max_scatter(xp, u, x, y, **window)
        if done is not None:
            return done
    to = xp.zeros(x.shape, u.dtype)
    if _is_whole(x.shape[2:], kernel, padding):
        to.reshape(-1)[_places_of_maxima(xp, x)] = u.reshape(-1)
        return to
    planes, gradients = (_planes(x), _planes(y), _planes(u)), _planes(to)
    apart = all(s > d * (k - 1) for s, k, d in zip(stride, kernel, dilation))

    def work(part: slice) -> None:
        a, top, v = (array[:, part] for array in planes)
        into = gradients[:, part]
        for hit, windows, elements in _first_hits(xp, a, top, kernel, stride, padding, dilation):
            if apart:  # no element is in two windows
                xp.multiply(v[windows], hit, out=into[elements])
            else:
                into[elements] += v[windows] * hit

    _share_planes(xp, work, gradients)
    return to


def max_gather(
    xp: Any, v: Any, x: Any, y: Any, *, kernel: Ints, stride: Ints, padding: Pairs, dilation: Ints
) -> Any:
    """``v``, in the shape of ``x``, at each window's maximum: the transpose of ``max_scatter``."""
    if _is_whole(x.shape[2:], kernel, padding):
        return v.reshape(-1).take(_places_of_maxima(xp, x)).reshape(y.shape)
    to = xp.zeros(y.shape, v.dtype)
    for hit, windows, elements in _first_hits(xp, x, y, kernel, stride, padding, dilation):
        to[windows] += v[elements] * hit
    return to


def _whole(size: Ints, kernel: Ints, padding: Pairs) -> Ints:
    """The spatial axes that a single window covers."""
    return tuple(
        i
        for i, (s, k, p) in enumerate(zip(size, kernel, padding), start=2)
        if s == k and not any(p)
    )


def _is_whole(size: Ints, kernel: Ints, padding: Pairs) -> bool:
    """Whether there is a single window, of all elements."""
    return 0 not in size and len(_whole(size, kernel, padding)) == len(size)


def _rows(x: Any) -> Any:
    """(N, C, *S) with the spatial axes as one."""
    return x.reshape(*x.shape[:2], math.prod(x.shape[2:]))


def _places_of_maxima(xp: Any, x: Any) -> Any:
    """The place of each channel's first maximum among all elements."""
    rows = _rows(x)
    first = rows.argmax(-1).reshape(-1)
    return first + xp.arange(len(first)) * rows.shape[-1]


def window_sum(
    xp: Any, x: Any, *, kernel: Ints, stride: Ints, padding: Pairs, ceil_mode: bool
) -> Any:
    """The sum of each window."""
    size = x.shape[2:]
    out = pooled_size(size, kernel, stride, padding, (1,) * len(kernel), ceil_mode)
    whole = _whole(size, kernel, padding)
    x = sum_over(xp, x, whole)
    for i, (t, k, step, p) in enumerate(zip(out, kernel, stride, padding), start=2):
        if i not in whole:
            x = _over_windows(xp, xp.add, 0, x, i, t, k, step, p, 1)
    return x


def window_spread(
    xp: Any, u: Any, *, size: Ints, kernel: Ints, stride: Ints, padding: Pairs
) -> Any:
    """``u`` of each window added to all of its elements: the transpose of ``window_sum``."""
    whole = _whole(size, kernel, padding)
    for i, (s, k, step, p) in enumerate(zip(size, kernel, stride, padding), start=2):
        if i in whole:
            continue
        x, before = xp.zeros((*u.shape[:i], s, *u.shape[i + 1 :]), u.dtype), (slice(None),) * i
        for _, windows, elements in axis_taps(s, u.shape[i], k, step, p[0], 1):
            x[(*before, elements)] += u[(*before, windows)]
        u = x
    return xp.broadcast_to(u, (*u.shape[:2], *size)).copy() if whole else u


@functools.lru_cache(maxsize=256)
def elements_per_window(
    size: Ints, out: Ints, kernel: Ints, stride: Ints, padding: Pairs, count_padding: bool
) -> Any:
    """How many elements each window averages over: one number, or a NumPy array (*T)."""
    counts: Any = np.ones(())
    for s, t, k, step, (before, after) in zip(size, out, kernel, stride, padding):
        start = np.arange(t) * step - before
        stop = np.minimum(start + k, s + after)
        if not count_padding:
            start, stop = np.maximum(start, 0), np.minimum(stop, s)
        counts = counts[..., None] * (stop - start)
    return counts.flat[0] if counts.size and (counts == counts.flat[0]).all() else counts


def region_positions(xp: Any, x: Any, out: Ints) -> Any:
    """Where in the flattened spatial axes each adaptive region's maximum is.

    Region i of T along an axis of size S goes from ``floor(i S / T)`` to ``ceil((i + 1) S / T)``.
    """
    n, c, *size = x.shape
    places = constant(xp, _region_places(tuple(size), out))
    regions, most = places.shape
    values = x.reshape(n, c, math.prod(size)).take(places.reshape(-1), axis=2)
    first = values.reshape(n, c, regions, most).argmax(axis=-1)
    return places.reshape(-1).take(first + xp.arange(regions) * most).reshape(n, c, *out)


@functools.lru_cache(maxsize=16)
def _region_places(size: Ints, out: Ints) -> Any:
    """The places of each adaptive region's elements, in their order; as many for each, so that
    smaller ones repeat some, which changes no maximum and no first position."""
    dims = len(size)
    flat: Any = 0
    for axis, (s, t) in enumerate(zip(size, out)):
        start, stop = np.arange(t) * s // max(t, 1), -(-np.arange(1, t + 1) * s // max(t, 1))
        length = (stop - start).max(initial=1)
        index = np.minimum(start[:, None] + np.arange(length), stop[:, None] - 1)
        shape = [1] * (2 * dims)
        shape[axis], shape[dims + axis] = index.shape
        flat = flat * s + index.reshape(shape)
    return flat.reshape(math.prod(out), math.prod(flat.shape[dims:]))


def fractional_positions(xp: Any, x: Any, samples: Any, kernel: Ints, out: Ints) -> Any:
    """Where each window's maximum is, of windows that start at pseudo-random steps (Graham, 2014).

    Window i of T starts at ``floor((i + u) alpha) - floor(u alpha)`` with alpha the mean step, the
    last one at the end; ``samples`` (N, C, dims) holds u, the last axis' first in two dimensions.
    """
    size = x.shape[2:]
    dims = len(size)
    flat: Any = 0
    for i, (s, t, k) in enumerate(zip(size, out, kernel)):
        u = samples[:, :, (1 - i) if dims == 2 else i, None]  # (N, C, 1)
        alpha = (s - k) / (t - 1) if t > 1 else 0.0
        start = xp.trunc((xp.arange(t) + u) * alpha) - xp.trunc(u * alpha)
        start[:, :, t - 1 :] = s - k
        index = start.astype("int64")[..., None] + xp.arange(k)  # (N, C, T, K)
        shape = [1] * (2 * dims)
        shape[i], shape[dims + i] = t, k
        flat = flat * s + index.reshape(*index.shape[:2], *shape)  # (N, C, *T, *K)
    flat = flat.reshape(*flat.shape[: 2 + dims], math.prod(kernel))
    count = math.prod(flat.shape[2:])
    values = xp.take_along_axis(
        x.reshape(*x.shape[:2], math.prod(size)), flat.reshape(*flat.shape[:2], count), 2
    ).reshape(flat.shape)
    return xp.take_along_axis(flat, values.argmax(axis=-1)[..., None], -1)[..., 0]
