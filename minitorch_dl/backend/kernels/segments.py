"""Launches of ``segments.cu``; the twin is in ``backend/segments.py``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .launching import MOST_BLOCKS, REALS, Kernel, Sample, launch, row_threads


def _add_rows(xp: Any, a: Any, index: Any, rows: int) -> Any:
    """The sums in the order of the rows, the same at every run: atomic additions come in any."""
    if a.dtype.name not in REALS or not a.size or len(a) > MOST_BLOCKS:
        return None
    a = xp.ascontiguousarray(a)
    order = xp.argsort(index.astype("int64", copy=False), kind="stable")
    y = xp.zeros((rows, *a.shape[1:]), a.dtype)
    columns = a.size // len(a)
    target = index.astype("int64", copy=False)[order]
    args = (a, target, order, y, np.int64(len(a)), np.int64(columns), np.int64(rows))
    launch(xp, "segments", "add_sorted", a.dtype, len(a), args, row_threads(columns))
    return y


def _samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
    index = np.array([3, 0, 3, 5, 3, 0, 6])
    yield (random.normal(size=(7, 40)).astype(dtype), index, 8), {}
    yield (random.normal(size=7).astype(dtype), index, 7), {}


add_rows_in_order = Kernel("add_rows_in_order", _add_rows, _samples)
