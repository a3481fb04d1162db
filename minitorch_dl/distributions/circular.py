"""Distributions of angles."""

from __future__ import annotations

import math
from typing import Any

from ..autograd import no_grad
from ..ops import rand, where
from ..special import i0e, i1e
from ..tensor import Tensor
from . import constraints
from .distribution import Distribution, broadcast_all, lazy

__all__ = ["VonMises"]


class VonMises(Distribution):
    """``p(x) = exp(κ cos(x - μ)) / (2π I₀(κ))`` for angles x, with ``loc`` μ and ``concentration``
    κ > 0. Samples by rejection (Best and Fisher, 1979).

    >>> import minitorch_dl as torch
    >>> torch.distributions.VonMises(torch.tensor(0.0), torch.tensor(1.0)).mean
    tensor(0.)
    """

    arg_constraints = {"loc": constraints.real, "concentration": constraints.positive}
    support = constraints.real
    loc: Tensor
    concentration: Tensor

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @lazy
    def variance(self) -> Tensor:
        """The circular variance, ``1 - I₁(κ) / I₀(κ)``."""
        return 1 - i1e(self.concentration) / i0e(self.concentration)

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        k = self.concentration
        return k * (value - self.loc).cos() - math.log(2 * math.pi) - (i0e(k).log() + k)

    @lazy
    def _proposal_r(self) -> Tensor:
        k = self.concentration.double()
        tau = 1 + (1 + 4 * k**2).sqrt()
        rho = (tau - (2 * tau).sqrt()) / (2 * k)
        return where(k < 1e-5, 1 / k + k, (1 + rho**2) / (2 * rho))

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with no_grad():
            shape = self._extended_shape(sample_shape)
            loc, k = self.loc.double(), self.concentration.double().expand(shape)
            r = self._proposal_r.expand(shape)
            x = loc.new_zeros(shape)
            done = x != 0
            while not done.all():
                u1, u2, u3 = rand((3, *shape), dtype=x.dtype, device=x.device).unbind()
                z = (math.pi * u1).cos()
                f = (1 + r * z) / (r + z)
                c = k * (r - f)
                accept = (c * (2 - c) > u2) | ((c / u2).log() + 1 - c >= 0)
                x = where(accept, (u3 - 0.5).sign() * f.acos(), x)
                done = done | accept
            return ((x + math.pi + loc) % (2 * math.pi) - math.pi).to(self.loc.dtype)
