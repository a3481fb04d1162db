"""Launches of ``recurrent.cu``; the twins are in ``backend/lstm.py`` and ``recurrent.py``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .launching import REALS, Kernel, Sample, launch_each


def _fits(*arrays: Any) -> bool:
    return arrays[0].dtype.name in REALS and all(a.flags.c_contiguous for a in arrays)


def _lstm_cell(xp: Any, block: Any, work: Any, half: Any, c: Any, h: Any) -> Any:
    if not _fits(block, c, h) or not c.size:
        return None
    launch_each(xp, "recurrent", "lstm_cell", c.dtype, c.size, (block, c, h, np.int64(c.size)))
    return True


def _gru_cell(xp: Any, gates: Any, product: Any, bias: Any, inner: Any, h: Any) -> Any:
    if not _fits(gates, product, inner, h) or not h.size:
        return None
    args = (gates, product, bias, inner, h, *map(np.int64, h.shape))
    launch_each(xp, "recurrent", "gru_cell", h.dtype, h.size, args)
    return True


def _lstm_samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
    shapes = ((30, 3), (10, 3), (), (5, 3), (5, 3))
    block, work, _, c, h = (random.normal(size=s).astype(dtype) for s in shapes)
    yield (block, work, np.full((), 0.5, dtype), c, h), {}


def _gru_samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
    shapes = ((3, 15), (3, 15), (15,), (3, 5), (3, 5))
    gates, product, bias, inner, h = (random.normal(size=s).astype(dtype) for s in shapes)
    yield (gates, product, bias, inner, h), {}
    yield (gates, product, None, inner, h), {}


lstm_cell = Kernel("lstm_cell", _lstm_cell, _lstm_samples, scratch=(1,))
gru_cell = Kernel("gru_cell", _gru_cell, _gru_samples, scratch=(1,))
