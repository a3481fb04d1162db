"""Distances and similarities of vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.primitive import TensorBase
from ..autograd.structural import cast
from ..backend import array_module, dtypes
from .dims import normalize_dims
from .indexing import getitem
from .norms import vector_norm
from .reductions import _sum
from .shape import expand

__all__ = ["cosine_similarity", "pairwise_distance", "pdist"]


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """``x1 . x2 / (max(||x1||, eps) max(||x2||, eps))`` along ``dim``; the shapes broadcast.

    >>> import minitorch_dl as torch
    >>> torch.cosine_similarity(torch.tensor([1.0, 0.0]), torch.tensor([1.0, 1.0]), dim=0)
    tensor(0.7071)
    """
    dtype = dtypes.result_type(x1.array, x2.array)
    if not dtype.is_floating_point:
        raise RuntimeError(
            "cosine_similarity: expected common dtype to be floating point, yet common dtype is "
            f"{dtype}"
        )
    x1, x2 = (x if x.array.dtype == dtype.numpy else cast(x, dtype=dtype.name) for x in (x1, x2))
    shape = np.broadcast_shapes(x1.array.shape, x2.array.shape)
    x1, x2 = (x if x.array.shape == shape else expand(x, shape) for x in (x1, x2))
    dims = normalize_dims(dim, len(shape))
    return _sum((x1 / _norm(x1, dims, eps)) * (x2 / _norm(x2, dims, eps)), dims=dims, keepdim=False)


def _norm(x: Any, dims: tuple[int, ...], eps: float) -> Any:
    """The norm over ``dims``, at least ``eps``, with the norm's own gradient."""
    n = vector_norm(x, 2, dims or None, True)
    a = n.array
    return n + TensorBase.wrap((array_module(a).maximum(a, eps) - a).astype(a.dtype))


def pairwise_distance(
    x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Any:
    """``||x1 - x2 + eps||_p`` along the last axis; the shapes broadcast."""
    return vector_norm(x1 - x2 + eps, p, -1, keepdim)


def pdist(input: Any, p: float = 2.0) -> Any:
    """The p-norm distances of every two of the rows of (N, M): (N (N - 1) / 2)."""
    a = input.array
    if a.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {a.ndim}D")
    if p < 0:
        raise RuntimeError(f"pdist only supports non-negative p values, got {p}")
    xp = array_module(a)
    first, second = (TensorBase.wrap(xp.asarray(i)) for i in np.triu_indices(len(a), 1))
    return vector_norm(getitem(input, first) - getitem(input, second), p, -1)
