"""Masks of causal attention, ``torch.nn.attention.bias``."""

from __future__ import annotations

import enum
from typing import Any

from ..autograd.torch_function import DisableTorchFunctionSubclass
from ..backend import dtypes
from ..backend.warning import warn
from ..ops import ones
from ..tensor import Tensor
from .functional import scaled_dot_product_attention

__all__ = ["CausalBias", "CausalVariant", "causal_lower_right", "causal_upper_left"]


class CausalVariant(enum.IntEnum):
    """The corner of the mask in which its triangle ends."""

    UPPER_LEFT = 1
    LOWER_RIGHT = 2


class CausalBias(Tensor):
    """The mask ``(seq_len_q, seq_len_kv)`` of bools by which a query sees the keys that are not
    after it: a tensor that remembers how it was made."""

    variant: CausalVariant
    seq_len_q: int
    seq_len_kv: int

    def __new__(cls, variant: CausalVariant, seq_len_q: int, seq_len_kv: int) -> Any:
        later = seq_len_kv - seq_len_q if variant is CausalVariant.LOWER_RIGHT else 0
        return ones(seq_len_q, seq_len_kv, dtype=dtypes.bool).tril(later).as_subclass(cls)

    def __init__(self, variant: CausalVariant, seq_len_q: int, seq_len_kv: int) -> None:
        self.variant, self.seq_len_q, self.seq_len_kv = variant, seq_len_q, seq_len_kv
        if seq_len_q > seq_len_kv and variant is CausalVariant.LOWER_RIGHT:
            warn(
                "Lower right causal bias will produce NaNs in the output when seq_len_q > "
                "seq_len_kv!",
            )

    @classmethod
    def __torch_function__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Functions take it as the plain mask."""
        kwargs = kwargs or {}
        if func is scaled_dot_product_attention and kwargs.get("is_causal"):
            raise ValueError("CausalBias should not be used with causal=True")
        with DisableTorchFunctionSubclass():
            return func(*args, **kwargs)


def causal_upper_left(*size: int) -> CausalBias:
    """The mask by which query ``i`` sees the keys up to ``i``.

    >>> from minitorch_dl.nn.causal_bias import causal_upper_left
    >>> causal_upper_left(2, 3)
    tensor([[ True, False, False],
            [ True,  True, False]])
    """
    return CausalBias(CausalVariant.UPPER_LEFT, *size)


def causal_lower_right(*size: int) -> CausalBias:
    """The mask by which the last query sees all keys, the one before it all but one, and so on."""
    return CausalBias(CausalVariant.LOWER_RIGHT, *size)
