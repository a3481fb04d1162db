"""Transforms of numbers to triangular, definite and correlation matrices."""

from __future__ import annotations

import math
from typing import Any

from ..linalg import cholesky
from ..nn import functional as F
from ..ops import arange, eye, finfo, zeros
from ..tensor import Tensor
from . import constraints
from .transform_composition import Transform

__all__ = ["CorrCholeskyTransform", "LowerCholeskyTransform", "PositiveDefiniteTransform"]


def below_diagonal(x: Tensor, n: int) -> Tensor:
    """Matrices (..., n, n) with the entries of ``x`` below the diagonal, row by row, and else 0."""
    places = arange(n * n, device=x.device).reshape(n, n)
    flat = zeros((*x.shape[:-1], n * n), dtype=x.dtype, device=x.device)
    at = places[places % n < places // n]
    return flat.index_copy(-1, at, x).reshape(*x.shape[:-1], n, n)


class LowerCholeskyTransform(Transform):
    """A matrix to a lower triangular one with a positive diagonal."""

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.lower_cholesky

    def _call(self, x: Tensor) -> Tensor:
        return x.tril(-1) + x.diagonal(dim1=-2, dim2=-1).exp().diag_embed()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.tril(-1) + y.diagonal(dim1=-2, dim2=-1).log().diag_embed()


class PositiveDefiniteTransform(Transform):
    """A matrix to a positive definite one: ``L Lᵀ`` with the L of
    :class:`LowerCholeskyTransform`."""

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.positive_definite

    def _call(self, x: Tensor) -> Tensor:
        L = LowerCholeskyTransform()(x)
        return L @ L.mT

    def _inverse(self, y: Tensor) -> Tensor:
        return LowerCholeskyTransform().inv(cholesky(y))


class CorrCholeskyTransform(Transform):
    """``n (n - 1) / 2`` numbers to the Cholesky factor of a correlation matrix (n, n): the tanh of
    each is a share of the length that is left of its row, which ends at 1 on the diagonal."""

    domain, codomain = constraints.real_vector, constraints.corr_cholesky
    bijective = True

    def _call(self, x: Tensor) -> Tensor:
        eps = finfo(x.dtype).eps
        n = self.forward_shape(x.shape)[-1]
        shares = below_diagonal(x.tanh().clamp(min=-1 + eps, max=1 - eps), n)
        left = (1 - shares.square()).sqrt().cumprod(-1)
        whole = shares + eye(n, dtype=x.dtype, device=x.device)
        return whole * F.pad(left[..., :-1], (1, 0), value=1.0)

    def _inverse(self, y: Tensor) -> Tensor:
        left = F.pad((1 - y.square().cumsum(-1))[..., :-1], (1, 0), value=1.0)
        share = _below(y, -1) / _below(left, -1).sqrt()
        return (share.log1p() - (-share).log1p()) / 2

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        left = _below(1 - y.square().cumsum(-1), -2)
        slopes = x + F.softplus(-2 * x) - math.log(2.0)
        return 0.5 * left.log().sum(-1) - 2 * slopes.sum(-1)

    def forward_shape(self, shape: Any) -> Any:
        if len(shape) < 1:
            raise ValueError("Too few dimensions on input")
        count = shape[-1]
        n = round((0.25 + 2 * count) ** 0.5 + 0.5)
        if n * (n - 1) // 2 != count:
            raise ValueError(
                f"Input is not a flattened lower-diagonal number: {count} entries fill no triangle"
            )
        return (*shape[:-1], n, n)

    def inverse_shape(self, shape: Any) -> Any:
        if len(shape) < 2:
            raise ValueError("Too few dimensions on input")
        if shape[-2] != shape[-1]:
            raise ValueError("Input is not square")
        return (*shape[:-2], shape[-1] * (shape[-1] - 1) // 2)


def _below(x: Tensor, diagonal: int) -> Tensor:
    """The entries up to this diagonal, row by row."""
    n = x.shape[-1]
    places = arange(n * n, device=x.device)
    at = places[places % n <= places // n + diagonal]
    return x.reshape(*x.shape[:-2], n * n).index_select(-1, at)
