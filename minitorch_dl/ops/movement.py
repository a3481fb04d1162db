"""Moving tensors between devices, and copying them."""

from __future__ import annotations

from typing import Any

from ..autograd.primitive import primitive
from ..backend import device_of, move

__all__ = ["clone"]


@primitive
def transfer(xp: Any, a: Any, *, device: str) -> Any:
    """The same values on another device."""
    return move(a, device)


def _back(g: Any, a: Any, device: str) -> Any:
    return transfer(g, device=str(device_of(a if not hasattr(a, "array") else a.array)))


transfer.defvjp(a=_back)


@primitive(name="clone")
def _clone(xp: Any, a: Any) -> Any:
    return a.copy()


_clone.defvjp(a=lambda g: g)


def clone(input: Any, *, memory_format: Any = None) -> Any:
    """A copy of ``input`` that is part of the graph."""
    return _clone(input)
