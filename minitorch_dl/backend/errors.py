"""Descriptions of operands for error messages. Called on the failure path only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def describe_one(x: Any) -> str:
    """``float32 (3, 4)`` for an array, the value for a number, the type's name for anything
    else."""
    if hasattr(x, "dtype") and hasattr(x, "shape"):
        owner = type(x).__module__.rpartition(".")[2]
        name = f"cuda:{x.device.id}" if owner == "cupy" else owner
        where = "" if owner == "numpy" else f" on {name}"
        return f"{x.dtype} {tuple(x.shape)}{where}"
    if isinstance(x, (bool, int, float, type(None))):
        return repr(x)
    return type(x).__name__


def describe(operands: Iterable[Any]) -> str:
    """All operands of a call, comma-separated."""
    return ", ".join(describe_one(x) for x in operands)


def describe_mismatch(shapes: Sequence[tuple[int, ...]]) -> str | None:
    """Where shapes can't be broadcast together, in PyTorch's words; None where they can.

    >>> describe_mismatch([(2, 3), (2, 4)])
    'The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1'
    """
    ndim = max((len(shape) for shape in shapes), default=0)
    for d in reversed(range(ndim)):
        sizes = [shape[d - ndim] for shape in shapes if ndim - d <= len(shape)]
        wide = [n for n in sizes if n != 1]
        for n in wide:
            if n != wide[0]:
                return (
                    f"The size of tensor a ({wide[0]}) must match the size of tensor b ({n}) "
                    f"at non-singleton dimension {d}"
                )
    return None
