"""The continuous Bernoulli distribution, for numbers in [0, 1] such as the brightness of pixels
(Loaiza-Ganem and Cunningham, 2019)."""

from __future__ import annotations

import math
from typing import Any

from ..nn import functional as F
from ..ops import rand, where
from ..tensor import Tensor
from . import constraints
from .discrete import _Binary, clamp_probs
from .distribution import ExponentialFamily, broadcast_all, lazy

__all__ = ["ContinuousBernoulli"]


class ContinuousBernoulli(_Binary, ExponentialFamily):
    """``p(x) = C λ^x (1 - λ)^(1-x)`` for x in [0, 1], with ``probs`` λ, which is no probability
    here, or its ``logits``; ``C = 2 atanh(1 - 2λ) / (1 - 2λ)``.

    Args:
        lims: between these λ, near 1/2, where C is 0/0, Taylor series take over.

    >>> import minitorch_dl as torch
    >>> torch.distributions.ContinuousBernoulli(torch.tensor(0.5)).log_prob(torch.tensor(0.3))
    tensor(0.)
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(
        self,
        probs: Any = None,
        logits: Any = None,
        lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:
        self._set(probs, logits)
        self._lims = lims
        super().__init__(self.param_shape, validate_args=validate_args)
        if probs is not None:
            self.probs = clamp_probs(self.probs)

    @lazy
    def probs(self) -> Tensor:
        return clamp_probs(self.logits.sigmoid())

    def _far(self) -> Tensor:
        """Where λ is far enough from 1/2 for the formulas."""
        return (self.probs <= self._lims[0]) | (self.probs > self._lims[1])

    def _safe(self) -> Tensor:
        """λ, and a number near it where the formulas don't hold."""
        return where(self._far(), self.probs, self._lims[0])

    def _log_norm(self) -> Tensor:
        """``log C``."""
        p, x = self._safe(), (self.probs - 0.5).square()
        exact = ((-p).log1p() - p.log()).abs().log() - (1 - 2 * p).abs().log()
        taylor = math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * x) * x
        return where(self._far(), exact, taylor)

    @property
    def mean(self) -> Tensor:
        p, x = self._safe(), self.probs - 0.5
        exact = p / (2 * p - 1) + 1 / ((-p).log1p() - p.log())
        return where(self._far(), exact, 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * x.square()) * x)

    @property
    def variance(self) -> Tensor:
        p, x = self._safe(), (self.probs - 0.5).square()
        exact = p * (p - 1) / (1 - 2 * p).square() + 1 / ((-p).log1p() - p.log()).square()
        return where(self._far(), exact, 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * x) * x)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        return self.icdf(rand(shape, dtype=self.probs.dtype, device=self.probs.device))

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        logits, value = broadcast_all(self.logits, value)
        cross = F.binary_cross_entropy_with_logits(logits, value, reduction="none")
        return self._log_norm() - cross

    def cdf(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        p = self._safe()
        exact = (p**value * (1 - p) ** (1 - value) + p - 1) / (2 * p - 1)
        return (
            where(self._far(), exact, value).masked_fill(value <= 0, 0).masked_fill(value >= 1, 1)
        )

    def icdf(self, value: Tensor) -> Tensor:
        p = self._safe()
        exact = ((-p + value * (2 * p - 1)).log1p() - (-p).log1p()) / (p.log() - (-p).log1p())
        return where(self._far(), exact, value)

    def entropy(self) -> Tensor:
        zero, one = (-self.probs).log1p(), self.probs.log()
        return self.mean * (zero - one) - self._log_norm() - zero

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return (self.logits,)

    def _log_normalizer(self, theta: Tensor) -> Tensor:
        near = theta.abs() < 0.02
        safe = theta.masked_fill(near, 1.0)
        taylor = theta / 2 + theta.square() / 24 - theta.pow(4) / 2880
        return where(near, taylor, (safe.expm1() / safe).log())
