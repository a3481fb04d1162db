"""Launches of ``softmax.cu``; the twins are in ``backend/softmax.py``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .launching import REALS, Kernel, Sample, launch_lines


def _by_lines(xp: Any, name: str, arrays: tuple[Any, ...], axis: int) -> Any:
    """Run a kernel that maps the lines along ``axis`` of some arrays to those of a new one."""
    first = arrays[0]
    if first.dtype.name not in REALS or not first.size:
        return None
    y = xp.empty(first.shape, first.dtype)
    args = (*map(xp.ascontiguousarray, arrays), y)
    launch_lines(xp, "softmax", name, y.dtype, y.shape, axis % y.ndim, args)
    return y


def _samples(arrays: int) -> Any:
    def samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
        for shape, axis in (((3, 300), 1), ((2, 5, 40), 1), ((3, 70, 3), 1), ((7,), 0)):
            drawn = tuple(2 * random.normal(size=shape) for _ in range(arrays))
            yield tuple(a.astype(dtype) for a in drawn), {"axis": axis}

    return samples


def _kernel(name: str, arrays: int) -> Kernel:
    def run(xp: Any, *args: Any, axis: int) -> Any:
        return _by_lines(xp, name, args, axis)

    return Kernel(name, run, _samples(arrays))


softmax, log_softmax = _kernel("softmax", 1), _kernel("log_softmax", 1)
softmax_backward = _kernel("softmax_backward", 2)
log_softmax_backward = _kernel("log_softmax_backward", 2)
