"""The generalized Pareto distribution, for what lies beyond a threshold (Pickands, 1975)."""

from __future__ import annotations

import math
from typing import Any

from ..ops import isclose, rand, where, zeros_like
from ..tensor import Tensor
from . import constraints
from .distribution import Distribution, broadcast_all

__all__ = ["GeneralizedPareto"]


class GeneralizedPareto(Distribution):
    """``P(X > x) = (1 + ξ (x - μ) / σ)^(-1/ξ)`` with ``loc`` μ, ``scale`` σ > 0 and
    ``concentration`` ξ: exponential for ξ = 0, uniform for -1, with heavy tails above 0.

    >>> import minitorch_dl as torch
    >>> torch.distributions.GeneralizedPareto(0.0, 1.0, 0.0).log_prob(torch.tensor(2.0))
    tensor(-2.)
    """

    arg_constraints = {
        "loc": constraints.real,
        "scale": constraints.positive,
        "concentration": constraints.real,
    }
    has_rsample = True
    loc: Tensor
    scale: Tensor
    concentration: Tensor

    def __init__(
        self, loc: Any, scale: Any, concentration: Any, validate_args: bool | None = None
    ) -> None:
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        end = self.loc - self.scale / self.concentration
        return constraints.interval(self.loc, where(self.concentration < 0, end, math.inf))

    def _split(self) -> tuple[Tensor, Tensor]:
        """Where ξ is 0, and ξ with 1 there."""
        is_zero = isclose(self.concentration, zeros_like(self.concentration))
        return is_zero, self.concentration.masked_fill(is_zero, 1.0)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        return self.icdf(rand(shape, dtype=self.loc.dtype, device=self.loc.device))

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        z = (value - self.loc) / self.scale
        is_zero, xi = self._split()
        power = 1 / xi + 1
        tail = where(power == 0, 0.0, power * (xi * z).log1p())
        return -self.scale.log() - where(is_zero, z, tail)

    def log_survival_function(self, value: Tensor) -> Tensor:
        """``log P(X > value)``."""
        self._check_sample(value)
        z = (value - self.loc) / self.scale
        is_zero, xi = self._split()
        return where(is_zero, -z, -(xi * z).log1p() / xi)

    def log_cdf(self, value: Tensor) -> Tensor:
        """The logarithm of ``cdf``."""
        return (-self.log_survival_function(value).exp()).log1p()

    def cdf(self, value: Tensor) -> Tensor:
        return self.log_cdf(value).exp()

    def icdf(self, value: Tensor) -> Tensor:
        is_zero, xi = self._split()
        log_rest = (-value).log1p()
        return self.loc + self.scale * where(is_zero, -log_rest, (-xi * log_rest).expm1() / xi)

    @property
    def mean(self) -> Tensor:
        has_mean = self.concentration < 1
        mean = self.loc + self.scale / (1 - where(has_mean, self.concentration, 0.5))
        return where(has_mean, mean, math.nan)

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        has_variance = self.concentration < 0.5
        xi = where(has_variance, self.concentration, 0.25)
        variance = self.scale.square() / ((1 - xi).square() * (1 - 2 * xi))
        return where(has_variance, variance, math.nan)

    def entropy(self) -> Tensor:
        return self.scale.log() + self.concentration + 1
