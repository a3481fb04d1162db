"""Concatenating GPU arrays while a step is being captured.

CuPy joins more than a few arrays by a kernel that looks their addresses up in memory, to which they
are copied from the host: a replayed graph would copy again what is there no longer. So in a capture
each array is copied to its place by a launch of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .graph_capture import capturing


def for_cupy(cupy: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """``concatenate`` and ``stack``."""

    def concatenate(arrays: Sequence[Any], axis: int | None = 0, **options: Any) -> Any:
        if not capturing():
            return cupy.concatenate(arrays, axis, **options)
        given = [a.reshape(-1) for a in arrays] if axis is None else list(arrays)
        axis = 0 if axis is None else axis % given[0].ndim
        shape = list(given[0].shape)
        shape[axis] = sum(a.shape[axis] for a in given)
        out = options.get("out")
        if out is None:
            dtype = options.get("dtype") or np.result_type(*(a.dtype for a in given))
            out = cupy.empty(tuple(shape), dtype)
        begin = 0
        for a in given:
            end = begin + a.shape[axis]
            out[(slice(None),) * axis + (slice(begin, end),)] = a
            begin = end
        return out

    def stack(arrays: Sequence[Any], axis: int = 0, **options: Any) -> Any:
        if not capturing():
            return cupy.stack(arrays, axis, **options)
        axis %= arrays[0].ndim + 1
        place = (slice(None),) * axis + (None,)
        return concatenate([a[place] for a in arrays], axis, **options)

    return concatenate, stack
