"""Words for operands in error messages. Called on the failure path only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def describe_one(x: Any) -> str:
    """``float32 (3, 4)`` for an array, the value for a number, the type's name for anything else."""
    if hasattr(x, "dtype") and hasattr(x, "shape"):
        owner = type(x).__module__.rpartition(".")[2]
        where = "" if owner == "numpy" else f" on {'cuda' if owner == 'cupy' else owner}"
        return f"{x.dtype} {tuple(x.shape)}{where}"
    if isinstance(x, (bool, int, float, type(None))):
        return repr(x)
    return type(x).__name__


def describe(operands: Iterable[Any]) -> str:
    """All operands of a call, comma-separated."""
    return ", ".join(describe_one(x) for x in operands)
