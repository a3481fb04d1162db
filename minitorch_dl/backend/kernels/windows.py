"""Launches of ``windows.cu``; its twins: ``backend/windows.py``, ``backend/pooling.py``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..cublas import one_step
from .launching import REALS, Kernel, Sample, launch_each, number

_WINDOWS = np.dtype([(name, np.int32) for name in (
    "height", "width", "out_height", "out_width", "kernel_height", "kernel_width", "stride_y",
    "stride_x", "pad_y", "pad_x", "dilation_y", "dilation_x",
)])  # fmt: skip
_LARGEST = 1 << 31


def _struct(size: Any, out: Any, kernel: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    """The windows of one or two axes as the kernels take them; None for others."""
    if len(size) not in (1, 2) or max(math.prod(size), math.prod(out)) >= _LARGEST:
        return None
    one = len(size) == 1
    pairs = (
        (1, *pair) if one else tuple(pair)
        for pair in (size, out, kernel, stride, [p for p, _ in padding], dilation)
    )
    height, width, *rest = (v for pair in pairs for v in pair)
    fields = (height, width, *rest)
    if one:
        fields = (*fields[:8], 0, *fields[9:])  # no padding along the axis that was added
    return np.array([fields], _WINDOWS)


def _steps(columns: Any, dims: int) -> Any:
    """Elements from an image's columns (N, C, *K, *T) to the next's, and from a tap to the next;
    None where taps or windows do not follow each other."""
    shape = columns.shape
    n, *strides = (s // columns.dtype.itemsize for s in columns.strides)
    tap = one_step(shape[1 : 2 + dims], strides[: 1 + dims])
    window = one_step(shape[2 + dims :], strides[1 + dims :])
    return None if tap is None or window not in (0, 1) else (n, tap)


def _im2col(
    xp: Any, x: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, buffer: Any
) -> Any:
    _, c, *size = x.shape
    dims = len(size)
    if x.dtype.name not in REALS or not buffer.size or not x.size:
        return None
    windows = _struct(size, buffer.shape[2 + dims :], kernel, stride, padding, dilation)
    steps = _steps(buffer, dims)
    if windows is None or steps is None:
        return None
    args = (xp.ascontiguousarray(x), buffer, np.int64(buffer.size), np.int64(c))
    args = (*args, *map(np.int64, steps), windows)
    launch_each(xp, "windows", "im2col", x.dtype, buffer.size, args)
    return buffer


def _col2im(xp: Any, columns: Any, x: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    _, c, *size = x.shape
    dims = len(size)
    if x.dtype.name not in REALS or not columns.size or not x.flags.c_contiguous:
        return None
    kernel, out = columns.shape[2 : 2 + dims], columns.shape[2 + dims :]
    windows = _struct(size, out, kernel, stride, padding, dilation)
    steps = _steps(columns, dims)
    if windows is None or steps is None:
        return None
    args = (columns, x, np.int64(x.size), np.int64(c), *map(np.int64, steps), windows)
    launch_each(xp, "windows", "col2im", x.dtype, x.size, args)
    return x


def _max_pool(
    xp: Any, x: Any, *, out: Any, kernel: Any, stride: Any, padding: Any, dilation: Any
) -> Any:
    windows = _struct(x.shape[2:], out, kernel, stride, padding, dilation)
    if windows is None or x.dtype.name not in REALS or not x.size:
        return None
    y = xp.empty((*x.shape[:2], *out), x.dtype)
    args = (xp.ascontiguousarray(x), y, np.int64(y.size), number(x.dtype, -math.inf), windows)
    launch_each(xp, "windows", "max_pool", x.dtype, y.size, args)
    return y


def _max_scatter(
    xp: Any, u: Any, x: Any, y: Any, *, kernel: Any, stride: Any, padding: Any, dilation: Any
) -> Any:
    windows = _struct(x.shape[2:], y.shape[2:], kernel, stride, padding, dilation)
    if windows is None or x.dtype.name not in REALS or u.dtype != x.dtype or not x.size:
        return None
    to = xp.empty(x.shape, u.dtype)
    given = [xp.ascontiguousarray(a) for a in (u, x, y)]
    args = (*given, to, np.int64(x.size), windows)
    launch_each(xp, "windows", "max_scatter", x.dtype, x.size, args)
    return to


_CASES = (  # size, kernel, stride, padding, dilation, windows
    ((7, 6), (3, 2), (2, 1), ((1, 1), (0, 1)), (1, 2), (4, 5)),
    ((9,), (3,), (2,), ((1, 1),), (1,), (5,)),
    ((4, 4), (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1), (2, 2)),
)


def _cases() -> Iterator[Any]:
    for size, kernel, stride, padding, dilation, out in _CASES:
        window = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation}
        yield size, out, window


def _im2col_samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
    for size, out, window in _cases():
        x = random.normal(size=(2, 3, *size)).astype(dtype)
        yield (x, *window.values(), np.zeros((2, 3, *window["kernel"], *out), dtype)), {}


def _col2im_samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
    for size, out, window in _cases():
        columns = random.normal(size=(2, 3, *window["kernel"], *out)).astype(dtype)
        _, stride, padding, dilation = window.values()
        yield (columns, np.ones((2, 3, *size), dtype), stride, padding, dilation), {}


def _pool_samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
    for size, out, window in _cases():
        x = random.normal(size=(2, 3, *size)).astype(dtype)
        x[0, 0].flat[1] = math.nan
        yield (x,), {"out": out} | window


def _scatter_samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
    for size, out, window in _cases():
        x = random.integers(0, 3, (2, 3, *size)).astype(dtype)  # with equal ones
        u = random.normal(size=(2, 3, *out)).astype(dtype)
        yield (u, x, np.full(u.shape, 1, dtype)), window


im2col = Kernel("im2col", _im2col, _im2col_samples)
col2im = Kernel("col2im", _col2im, _col2im_samples)
max_pool = Kernel("max_pool", _max_pool, _pool_samples)
max_scatter = Kernel("max_scatter", _max_scatter, _scatter_samples)
