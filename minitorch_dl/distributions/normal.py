"""The normal distribution and those made from it."""

from __future__ import annotations

import math
from typing import Any

from ..autograd import no_grad
from ..linalg import cholesky, solve_triangular
from ..ops import broadcast_shapes, erf, erfinv, eye, normal, randn
from ..tensor import Tensor
from . import constraints
from .distribution import Distribution, ExponentialFamily, lazy
from .location_scale import Half, LocScale
from .transformed import TransformedDistribution, of_base
from .transforms import AbsTransform, ExpTransform, StickBreakingTransform

__all__ = ["HalfNormal", "LogNormal", "LogisticNormal", "MultivariateNormal", "Normal"]


class Normal(LocScale, ExponentialFamily):
    """``p(x) = exp(-(x - μ)² / 2σ²) / (σ √2π)`` with ``loc`` μ and ``scale`` σ > 0.

    >>> import minitorch_dl as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.distributions.Normal(0.0, 1.0).sample()
    tensor(1.5410)
    """

    _mean_carrier_measure = 0

    @property
    def stddev(self) -> Tensor:
        return self.scale

    @property
    def variance(self) -> Tensor:
        return self.stddev.pow(2)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return normal(self.loc.expand(shape), self.scale.expand(shape))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        eps = randn(shape, dtype=self.loc.dtype, device=self.loc.device)
        return self.loc + eps * self.scale

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        square = (value - self.loc) ** 2 / (2 * self.scale**2)
        return -square - self.scale.log() - math.log(math.sqrt(2 * math.pi))

    def cdf(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        return 0.5 * (1 + erf((value - self.loc) * self.scale.reciprocal() / math.sqrt(2)))

    def icdf(self, value: Tensor) -> Tensor:
        return self.loc + self.scale * erfinv(2 * value - 1) * math.sqrt(2)

    def entropy(self) -> Tensor:
        return 0.5 + 0.5 * math.log(2 * math.pi) + self.scale.log()

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return (self.loc / self.variance, -0.5 / self.variance)

    def _log_normalizer(self, of_value: Tensor, of_square: Tensor) -> Tensor:
        return -0.25 * of_value.square() / of_square + 0.5 * (-math.pi / of_square).log()


class LogNormal(TransformedDistribution):
    """``exp(X)`` of a normal X with ``loc`` and ``scale``."""

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.positive
    has_rsample = True
    loc, scale = of_base("loc"), of_base("scale")

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        base = Normal(loc, scale, validate_args=validate_args)
        super().__init__(base, ExpTransform(), validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return (self.loc + self.scale.pow(2) / 2).exp()

    @property
    def mode(self) -> Tensor:
        return (self.loc - self.scale.square()).exp()

    @property
    def variance(self) -> Tensor:
        square = self.scale.pow(2)
        return square.expm1() * (2 * self.loc + square).exp()

    def entropy(self) -> Tensor:
        return self.base_dist.entropy() + self.loc


class HalfNormal(Half):
    """``|X|`` of a normal X with mean 0 and ``scale``."""

    has_rsample = True

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        base = Normal(0, scale, validate_args=False)
        super().__init__(base, AbsTransform(), validate_args=validate_args)
        if self._validate_args:
            Normal(0, scale, validate_args=True)

    @property
    def mean(self) -> Tensor:
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def variance(self) -> Tensor:
        return self.scale.pow(2) * (1 - 2 / math.pi)


def _solved(L: Tensor, b: Tensor) -> Tensor:
    """``L⁻¹ b`` for vectors b, ``(..., n)``."""
    return solve_triangular(L, b.unsqueeze(-1), upper=False).squeeze(-1)


class LogisticNormal(TransformedDistribution):
    """A vector of the simplex broken off, piece by piece, in shares that are the sigmoids of normal
    numbers."""

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.simplex

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        base = Normal(loc, scale, validate_args=validate_args)
        if not base.batch_shape:
            base = base.expand((1,))
        super().__init__(base, StickBreakingTransform(), validate_args=validate_args)

    @property
    def loc(self) -> Tensor:
        return self.base_dist.base_dist.loc

    @property
    def scale(self) -> Tensor:
        return self.base_dist.base_dist.scale


class _Covariance(Distribution):
    """Given by one of three matrices; the others are computed from its Cholesky factor when they
    are asked for."""

    _matrices = {
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    _unbroadcasted_scale_tril: Tensor

    @staticmethod
    def _one_given(covariance: Any, precision: Any, tril: Any) -> tuple[str, Tensor]:
        """The name of the matrix that is given, and the matrix."""
        matrices = {
            "scale_tril": tril,
            "covariance_matrix": covariance,
            "precision_matrix": precision,
        }
        given = [(name, matrix) for name, matrix in matrices.items() if matrix is not None]
        if len(given) != 1:
            raise ValueError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be "
                "specified."
            )
        name, matrix = given[0]
        if matrix.ndim < 2:
            raise ValueError(
                f"{name} must be at least two-dimensional, with optional leading batch dimensions"
            )
        return name, matrix

    def _keep_matrix(self, name: str, matrix: Tensor, batch: Any) -> None:
        self.__dict__[name] = matrix.expand((*batch, *matrix.shape[-2:]))

    def _factorize(self, name: str, matrix: Tensor) -> None:
        if name == "covariance_matrix":
            self._unbroadcasted_scale_tril = cholesky(matrix)
        elif name == "precision_matrix":
            self._unbroadcasted_scale_tril = _cholesky_of_inverse(matrix)
        else:
            self._unbroadcasted_scale_tril = matrix

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        tril = self.__dict__.pop("_unbroadcasted_scale_tril")  # may stay smaller than the batch
        try:
            new = super().expand(batch_shape)
        finally:
            self._unbroadcasted_scale_tril = tril
        new._unbroadcasted_scale_tril = tril
        return new

    def _full(self, matrix: Tensor) -> Tensor:
        return matrix.expand((*self._batch_shape, *matrix.shape[-2:]))

    @lazy
    def scale_tril(self) -> Tensor:
        return self._full(self._unbroadcasted_scale_tril)

    @lazy
    def covariance_matrix(self) -> Tensor:
        return self._full(self._unbroadcasted_scale_tril @ self._unbroadcasted_scale_tril.mT)

    @lazy
    def precision_matrix(self) -> Tensor:
        L = self._unbroadcasted_scale_tril
        identity = eye(L.shape[-1], dtype=L.dtype, device=L.device)
        inverse = solve_triangular(L, identity, upper=False)
        return self._full(inverse.mT @ inverse)

    def _half_logdet(self) -> Tensor:
        return self._unbroadcasted_scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def _cholesky_of_inverse(P: Tensor) -> Tensor:
    """The lower factor of ``P⁻¹``, without computing the inverse."""
    flipped = cholesky(P.flip(-2, -1))
    L = flipped.flip(-2, -1).mT  # upper times lower: P = Lᵀ' L'
    identity = eye(P.shape[-1], dtype=P.dtype, device=P.device)
    return solve_triangular(L, identity, upper=False)


class MultivariateNormal(_Covariance):
    """Normal vectors ``(..., n)`` with mean ``loc`` and one of three matrices.

    Args:
        covariance_matrix: Σ, positive definite.
        precision_matrix: Σ⁻¹.
        scale_tril: the lower triangular L with ``Σ = L Lᵀ``; the quickest.
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        **_Covariance._matrices,
    }
    support = constraints.real_vector
    has_rsample = True
    loc: Tensor

    def __init__(
        self,
        loc: Tensor,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.ndim < 1:
            raise ValueError("loc must be at least one-dimensional.")
        name, matrix = self._one_given(covariance_matrix, precision_matrix, scale_tril)
        batch = broadcast_shapes(tuple(matrix.shape[:-2]), tuple(loc.shape[:-1]))
        n = loc.shape[-1]
        self.loc = loc.expand((*batch, n))
        self._keep_matrix(name, matrix, batch)
        super().__init__(batch, (n,), validate_args=validate_args)
        self._factorize(name, matrix)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return (
            self._unbroadcasted_scale_tril.pow(2)
            .sum(-1)
            .expand((*self._batch_shape, *self._event_shape))
        )

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        eps = randn(shape, dtype=self.loc.dtype, device=self.loc.device)
        return self.loc + (self._unbroadcasted_scale_tril @ eps.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        difference = value - self.loc
        distance = _solved(self._unbroadcasted_scale_tril, difference).pow(2).sum(-1)
        return (
            -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + distance) - self._half_logdet()
        )

    def entropy(self) -> Tensor:
        n = self._event_shape[0]
        entropy = 0.5 * n * (1 + math.log(2 * math.pi)) + self._half_logdet()
        return entropy.expand(self._batch_shape)
