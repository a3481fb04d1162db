"""The diagonals and triangles of the last two dims: what the derivatives of the matrix factorizations are made of."""

from __future__ import annotations

from typing import Any

from ..autograd.primitive import primitive


@primitive
def diagonal_of(xp: Any, a: Any) -> Any:
    """``y[..., i] = a[..., i, i]``."""
    return a.diagonal(0, -2, -1)


@primitive
def as_diagonal(xp: Any, a: Any, *, n: int, m: int) -> Any:
    """Matrices ``(..., n, m)`` with ``a`` on the diagonal, 0 elsewhere."""
    y = xp.zeros((*a.shape[:-1], n, m), a.dtype)
    k = xp.arange(a.shape[-1])
    y[..., k, k] = a
    return y


diagonal_of.defvjp(a=lambda g, a_shape: as_diagonal(g, n=a_shape[-2], m=a_shape[-1]))
as_diagonal.defvjp(a=lambda g: diagonal_of(g))


@primitive
def lower_of(xp: Any, a: Any, *, k: int) -> Any:
    """``a`` on and below the ``k``-th diagonal, 0 above it."""
    return xp.tril(a, k)


@primitive
def upper_of(xp: Any, a: Any, *, k: int) -> Any:
    """``a`` on and above the ``k``-th diagonal, 0 below it."""
    return xp.triu(a, k)


lower_of.defvjp(a=lambda g, k: lower_of(g, k=k))
upper_of.defvjp(a=lambda g, k: upper_of(g, k=k))
