"""Launches of ``softmax.cu``; the twins are in ``backend/exponentials.py``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .launching import REALS, Kernel, Sample, launch, row_threads


def _by_rows(xp: Any, name: str, arrays: tuple[Any, ...], axis: int) -> Any:
    """Run a kernel that maps rows along ``axis`` of some arrays to those of a new one."""
    if arrays[0].dtype.name not in REALS or not arrays[0].size:
        return None
    rows = [xp.ascontiguousarray(xp.moveaxis(a, axis, -1)) for a in arrays]
    y = xp.empty_like(rows[0])
    columns = y.shape[-1]
    args = (*rows, y, np.int64(columns))
    launch(xp, "softmax", name, y.dtype, y.size // columns, args, row_threads(columns))
    return xp.moveaxis(y, -1, axis)


def _samples(arrays: int) -> Any:
    def samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
        for shape, axis in (((3, 300), 1), ((2, 5, 4), 1), ((7,), 0)):
            drawn = tuple(2 * random.normal(size=shape) for _ in range(arrays))
            yield tuple(a.astype(dtype) for a in drawn), {"axis": axis}

    return samples


def _kernel(name: str, arrays: int) -> Kernel:
    def run(xp: Any, *args: Any, axis: int) -> Any:
        return _by_rows(xp, name, args, axis)

    return Kernel(name, run, _samples(arrays))


softmax, log_softmax = _kernel("softmax", 1), _kernel("log_softmax", 1)
softmax_slope, log_softmax_slope = _kernel("softmax_slope", 2), _kernel("log_softmax_slope", 2)
