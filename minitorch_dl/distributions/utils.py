"""What authors of distributions use: broadcasting, conversions of parameters, triangles."""

from __future__ import annotations

from typing import Any

from ..ops import arange, log, log1p, normal, sigmoid, softmax, tril_indices, zeros
from ..tensor import Tensor
from .discrete import clamp_probs
from .distribution import broadcast_all, lazy as lazy_property, sum_rightmost

__all__ = [
    "broadcast_all", "clamp_probs", "euler_constant", "lazy_property", "logits_to_probs",
    "probs_to_logits", "tril_matrix_to_vec", "vec_to_tril_matrix",
]  # fmt: skip

_sum_rightmost = sum_rightmost
euler_constant = 0.57721566490153286060


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """``softmax(logits)`` along the last dim, of binary variables ``sigmoid(logits)``."""
    return sigmoid(logits) if is_binary else softmax(logits, dim=-1)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """``log(p)``, of binary variables ``log(p / (1 - p))``; 0 and 1 are moved inside by epsilon."""
    p = clamp_probs(probs)
    return log(p) - log1p(-p) if is_binary else log(p)


def tril_matrix_to_vec(mat: Tensor, diag: int = 0) -> Tensor:
    """The entries on and below a diagonal, row by row: ``(..., D, D)`` to ``(..., K)``.

    >>> import minitorch_dl as torch
    >>> torch.distributions.utils.tril_matrix_to_vec(torch.tensor([[1, 9], [2, 3]]))
    tensor([1, 2, 3])
    """
    n = mat.shape[-1]
    if not -n <= diag < n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    rows, columns = tril_indices(n, n, diag)
    return mat[..., rows, columns]


def vec_to_tril_matrix(vec: Tensor, diag: int = 0) -> Tensor:
    """The triangular matrices with these entries: the inverse of :func:`tril_matrix_to_vec`."""
    count = vec.shape[-1]
    for n in arange(max(1, abs(diag)), count + abs(diag) + 2).tolist():
        rows, columns = tril_indices(n, n, diag)
        if len(rows) >= count:
            break
    if len(rows) != count:
        raise ValueError(
            f"The size of last dimension is {count} which cannot be expressed as the lower "
            "triangular part of a square D x D matrix."
        )
    made = zeros(*vec.shape[:-1], n, n, dtype=vec.dtype, device=vec.device)
    made[..., rows, columns] = vec
    return made


def _standard_normal(shape: Any, dtype: Any, device: Any) -> Tensor:
    return normal(zeros(shape, dtype=dtype, device=device), 1.0)
