"""Tensors of which two in four elements are zero, whose products NVIDIA's tensor cores speed up:
names only, since there are no such kernels here."""

from __future__ import annotations

from typing import Any, NoReturn

from ..tensor import Tensor

__all__ = ["SparseSemiStructuredTensor", "to_sparse_semi_structured"]


class SparseSemiStructuredTensor(Tensor):
    """A class to compare with: no tensor is of it."""

    _FORCE_CUTLASS = False

    def __new__(cls, *args: Any, **options: Any) -> NoReturn:
        raise _refusal("SparseSemiStructuredTensor")


def to_sparse_semi_structured(original_tensor: Tensor, transposed: bool = False) -> NoReturn:
    """Refused: the dense tensor gives the same products."""
    raise _refusal("to_sparse_semi_structured")


def _refusal(name: str) -> NotImplementedError:
    return NotImplementedError(
        f"{name}(): there are no kernels for semi-structured (2:4) sparsity. Keep the dense tensor "
        "with its zeros, which gives the same products"
    )
