"""Poolings that also say where the maxima are, under the names that PyTorch has for them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from .adaptive import (
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    adaptive_max_pool3d,
    fractional_max_pool2d,
    fractional_max_pool3d,
)
from .windows import max_pool1d, max_pool2d, max_pool3d

__all__ = ["max_pool1d_with_indices"]


def _with_indices(pool: Callable[..., Any]) -> Callable[..., tuple[Any, Any]]:
    """``pool`` with ``return_indices=True``, whatever its caller says."""
    signature = inspect.signature(pool)

    def call(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        bound = signature.bind(*args, **kwargs)
        bound.arguments["return_indices"] = True
        return pool(*bound.args, **bound.kwargs)

    call.__name__ = call.__qualname__ = f"{pool.__name__}_with_indices"
    call.__doc__ = f"``{pool.__name__}`` with the places of the maxima: (output, indices)."
    call.__signature__ = signature  # type: ignore[attr-defined]
    return call


max_pool1d_with_indices = _with_indices(max_pool1d)
max_pool2d_with_indices = _with_indices(max_pool2d)
max_pool3d_with_indices = _with_indices(max_pool3d)
adaptive_max_pool1d_with_indices = _with_indices(adaptive_max_pool1d)
adaptive_max_pool2d_with_indices = _with_indices(adaptive_max_pool2d)
adaptive_max_pool3d_with_indices = _with_indices(adaptive_max_pool3d)
fractional_max_pool2d_with_indices = _with_indices(fractional_max_pool2d)
fractional_max_pool3d_with_indices = _with_indices(fractional_max_pool3d)
