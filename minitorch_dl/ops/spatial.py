"""What ops over one to three spatial axes share: arguments per axis, and inputs without a batch."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from ..autograd.node_names import named
from .dims import several
from .shape import reshape_p


def batched(x: Any, dims: int, call: Callable[[Any], Any]) -> Any:
    """``call(x)`` for a batch ``(N, C, *S)``; for a single ``(C, *S)`` of it a batch of one."""
    shape = x.array.shape
    if len(shape) == dims + 2:
        return call(x)
    y = call(reshape_p(x, shape=(1, *shape)))
    if isinstance(y, tuple):
        return tuple(reshape_p(one, shape=one.array.shape[1:]) for one in y)
    return named(reshape_p(y, shape=y.array.shape[1:]), "SqueezeBackward1")


def per_axis(op: str, name: str, value: Any, dims: int) -> tuple[int, ...]:
    """A number, or one per spatial axis, as a tuple of ints.

    Raises:
        TypeError: not integers.
        RuntimeError: neither one nor ``dims`` of them.
    """
    try:
        values = tuple(map(operator.index, several(value)))
    except TypeError:
        raise TypeError(
            f"{op}(): argument '{name}' must be int or tuple of ints, not {value!r}"
        ) from None
    if len(values) == 1:
        return values * dims
    if len(values) != dims:
        raise RuntimeError(
            f"{op}: expected {name} to be a single integer value or a list of {dims} values to "
            f"match the convolution dimensions, but got {name}={list(values)}"
        )
    return values
