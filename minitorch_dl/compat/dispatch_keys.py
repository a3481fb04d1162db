"""The names of PyTorch's dispatcher that libraries mention when they register ops; there is none
here, so they choose nothing."""

from __future__ import annotations

import enum
from contextlib import AbstractContextManager, nullcontext
from typing import Any

__all__ = ["DispatchKey", "DispatchKeySet", "ExcludeDispatchKeyGuard"]

DispatchKey = enum.Enum(
    "DispatchKey",
    "Undefined CPU CUDA XPU MPS Meta Autograd AutogradCPU AutogradCUDA Autocast AutocastCPU "
    "AutocastCUDA AutocastXPU CompositeExplicitAutograd CompositeImplicitAutograd",
)


class DispatchKeySet:
    """A set of keys, joined by ``|``."""

    def __init__(self, *keys: Any) -> None:
        self.keys = frozenset(keys)

    def __or__(self, other: DispatchKeySet) -> DispatchKeySet:
        return DispatchKeySet(*self.keys, *other.keys)

    def has(self, key: Any) -> bool:
        """Whether the key is in the set."""
        return key in self.keys


def ExcludeDispatchKeyGuard(keys: DispatchKeySet) -> AbstractContextManager[None]:
    """A context without effect."""
    return nullcontext()
