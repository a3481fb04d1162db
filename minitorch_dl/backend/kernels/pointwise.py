"""Launches of ``pointwise.cu``; the twins are in ``backend/activations.py``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .launching import REALS, Kernel, Sample, launch_each


def _launch(xp: Any, a: Any, *, approximate: str, sloped: bool) -> Any:
    if a.dtype.name not in REALS or not a.size:
        return None
    y, slope = xp.empty(a.shape, a.dtype), xp.empty(a.shape, a.dtype) if sloped else None
    a = xp.ascontiguousarray(a)
    flags = np.int32(approximate == "tanh"), np.int32(sloped)
    args = (a, y, slope if sloped else y, *flags, np.int64(a.size))
    launch_each(xp, "pointwise", "gelu", a.dtype, a.size, args)
    return y, slope


def _samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
    for approximate in ("none", "tanh"):
        for sloped in (True, False):
            params = {"approximate": approximate, "sloped": sloped}
            yield (3 * random.normal(size=(5, 67)).astype(dtype),), params


gelu = Kernel("gelu", _launch, _samples)
