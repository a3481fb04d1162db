"""Calls of several modules."""

from __future__ import annotations

from typing import Any

__all__ = ["parallel_apply"]


def parallel_apply(
    modules: Any, inputs: Any, kwargs_tup: Any = None, devices: Any = None
) -> list[Any]:
    """Each module called with its arguments, one after the other."""
    options = [{}] * len(modules) if kwargs_tup is None else kwargs_tup
    return [
        module(*(given if isinstance(given, (tuple, list)) else (given,)), **kwargs)
        for module, given, kwargs in zip(modules, inputs, options)
    ]
