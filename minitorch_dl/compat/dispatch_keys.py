"""The names of PyTorch's dispatcher and compiler that libraries mention when they register ops;
there is neither here, so they choose nothing."""

from __future__ import annotations

import enum
from contextlib import AbstractContextManager, nullcontext
from typing import Any

__all__ = ["DispatchKey", "DispatchKeySet", "ExcludeDispatchKeyGuard", "Tag"]

DispatchKey = enum.Enum(
    "DispatchKey",
    "Undefined CPU CUDA XPU MPS Meta Autograd AutogradCPU AutogradCUDA Autocast AutocastCPU "
    "AutocastCUDA AutocastXPU CompositeExplicitAutograd CompositeImplicitAutograd",
)


Tag = enum.IntEnum(
    "Tag",
    "core cudagraph_unsafe data_dependent_output dynamic_output_shape flexible_layout generated "
    "inplace inplace_view maybe_aliasing_or_mutating needs_contiguous_strides needs_exact_strides "
    "needs_fixed_stride_order nondeterministic_bitwise nondeterministic_seeded out out_variant "
    "pointwise pt2_compliant_tag reduction view_copy",
    start=0,
)
"""What an op that a program registers (``library.custom_op(tags=...)``) may say of itself."""


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
