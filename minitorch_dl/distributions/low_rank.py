"""Normal distributions whose covariance is a diagonal and a few directions."""

from __future__ import annotations

import math
from typing import Any

from ..linalg import cholesky, solve_triangular
from ..ops import broadcast_tensors, diag_embed, eye, randn
from ..tensor import Tensor
from . import constraints
from .distribution import Distribution, lazy

__all__ = ["LowRankMultivariateNormal"]


class LowRankMultivariateNormal(Distribution):
    """The normal distribution with covariance ``W Wᵀ + diag(d)``, W being ``cov_factor`` (n, r) and
    d ``cov_diag`` (n).

    Determinant and inverse take a factorization of ``C = I + Wᵀ D⁻¹ W`` (r, r) only.
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc: Tensor,
        cov_factor: Tensor,
        cov_diag: Tensor,
        validate_args: bool | None = None,
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        n = loc.shape[-1]
        if cov_factor.dim() < 2 or cov_factor.shape[-2] != n:
            raise ValueError(
                f"cov_factor must be a batch of matrices with shape {n} x m, got "
                f"{tuple(cov_factor.shape)}"
            )
        if cov_diag.shape[-1:] != (n,):
            raise ValueError(
                f"cov_diag must be a batch of vectors with shape ({n},), got "
                f"{tuple(cov_diag.shape)}"
            )
        try:
            mean, self.cov_factor, diagonal = broadcast_tensors(
                loc.unsqueeze(-1), cov_factor, cov_diag.unsqueeze(-1)
            )
        except RuntimeError as error:
            raise ValueError(
                f"Incompatible batch shapes: loc {loc.shape}, cov_factor {cov_factor.shape}, "
                f"cov_diag {cov_diag.shape}"
            ) from error
        self.loc, self.cov_diag = mean[..., 0], diagonal[..., 0]
        super().__init__(self.loc.shape[:-1], (n,), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> LowRankMultivariateNormal:
        n, r = self.cov_factor.shape[-2:]
        return self._made_as(
            LowRankMultivariateNormal,
            self.loc.expand((*batch_shape, n)),
            self.cov_factor.expand((*batch_shape, n, r)),
            self.cov_diag.expand((*batch_shape, n)),
            validate_args=False,
        )

    @property
    def _scaled(self) -> Tensor:
        """``Wᵀ D⁻¹``."""
        return self.cov_factor.mT / self.cov_diag.unsqueeze(-2)

    @lazy
    def _capacitance_tril(self) -> Tensor:
        r = self.cov_factor.shape[-1]
        identity = eye(r, dtype=self.loc.dtype, device=self.loc.device)
        return cholesky(identity + self._scaled @ self.cov_factor)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @lazy
    def variance(self) -> Tensor:
        """The diagonal of the covariance."""
        return self.cov_factor.pow(2).sum(-1) + self.cov_diag

    @lazy
    def covariance_matrix(self) -> Tensor:
        """``W Wᵀ + diag(d)``."""
        return self.cov_factor @ self.cov_factor.mT + diag_embed(self.cov_diag)

    @lazy
    def scale_tril(self) -> Tensor:
        """The lower factor of the covariance."""
        root = self.cov_diag.sqrt().unsqueeze(-1)
        scaled = self.cov_factor / root
        identity = eye(self._event_shape[0], dtype=self.loc.dtype, device=self.loc.device)
        return root * cholesky(identity + scaled @ scaled.mT)

    @lazy
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance."""
        a = solve_triangular(self._capacitance_tril, self._scaled, upper=False)
        return diag_embed(self.cov_diag.reciprocal()) - a.mT @ a

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        made = {"dtype": self.loc.dtype, "device": self.loc.device}
        along = randn((*shape[:-1], self.cov_factor.shape[-1]), **made)
        each = randn(shape, **made)
        moved = (self.cov_factor @ along.unsqueeze(-1)).squeeze(-1)
        return self.loc + moved + self.cov_diag.sqrt() * each

    def _half_logdet(self) -> Tensor:
        small = self._capacitance_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        return small + 0.5 * self.cov_diag.log().sum(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        x = value - self.loc
        along = (self._scaled @ x.unsqueeze(-1)).expand((*x.shape[:-1], -1, 1))
        tril = self._capacitance_tril
        along = solve_triangular(tril.expand((*x.shape[:-1], *tril.shape[-2:])), along, upper=False)
        distance = (x.pow(2) / self.cov_diag).sum(-1) - along.squeeze(-1).pow(2).sum(-1)
        n = self._event_shape[0]
        return -0.5 * (n * math.log(2 * math.pi) + distance) - self._half_logdet()

    def entropy(self) -> Tensor:
        n = self._event_shape[0]
        return 0.5 * n * (1 + math.log(2 * math.pi)) + self._half_logdet()
