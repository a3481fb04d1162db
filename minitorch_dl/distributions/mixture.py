"""Mixtures of distributions of one family."""

from __future__ import annotations

from typing import Any

from ..autograd import no_grad
from ..tensor import Tensor
from . import constraints
from .categorical import Categorical
from .distribution import Distribution

__all__ = ["MixtureSameFamily"]


class MixtureSameFamily(Distribution):
    """``p(x) = Σ_k π_k p_k(x)``: the last batch dimension of ``component_distribution`` counts the
    components, of which ``mixture_distribution`` draws one.

    >>> import minitorch_dl as torch
    >>> D = torch.distributions
    >>> weights = D.Categorical(torch.tensor([0.5, 0.5]))
    >>> D.MixtureSameFamily(weights, D.Normal(torch.tensor([-1.0, 1.0]), 1.0)).mean
    tensor(0.)
    """

    arg_constraints: Any = {}

    def __init__(
        self,
        mixture_distribution: Categorical,
        component_distribution: Distribution,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(
                "The Mixture distribution needs to be an instance of "
                f"torch.distributions.Categorical, got {type(mixture_distribution).__name__}"
            )
        if not isinstance(component_distribution, Distribution):
            raise ValueError(
                "The Component distribution needs to be an instance of "
                f"torch.distributions.Distribution, got {type(component_distribution).__name__}"
            )
        weights = mixture_distribution.batch_shape
        *batch, count = component_distribution.batch_shape
        if any(n != m and 1 not in (n, m) for n, m in zip(reversed(weights), reversed(batch))):
            raise ValueError(
                f"`mixture_distribution.batch_shape` ({weights}) is not compatible with "
                f"`component_distribution.batch_shape`({tuple(batch)})"
            )
        if mixture_distribution.logits.shape[-1] != count:
            raise ValueError(
                f"`mixture_distribution component` ({mixture_distribution.logits.shape[-1]}) does "
                f"not equal `component_distribution.batch_shape[-1]` ({count})"
            )
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        super().__init__(batch, component_distribution.event_shape, validate_args=validate_args)

    @property
    def mixture_distribution(self) -> Categorical:
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Distribution:
        return self._component_distribution

    def expand(self, batch_shape: Any, _instance: Any = None) -> MixtureSameFamily:
        count = self._component_distribution.batch_shape[-1]
        return self._made_as(
            MixtureSameFamily,
            self._mixture_distribution.expand(batch_shape),
            self._component_distribution.expand((*batch_shape, count)),
            validate_args=self._validate_args,
        )

    @constraints.dependent_property
    def support(self) -> Any:
        return constraints.MixtureSameFamilyConstraint(self._component_distribution.support)

    def _averaged(self, values: Tensor) -> Tensor:
        """The components' values, weighted by how likely they are."""
        events = len(self._event_shape)
        weights = self._mixture_distribution.probs
        weights = weights.reshape(*weights.shape, *(1,) * events)
        return (weights * values).sum(-1 - events)

    def _beside_components(self, x: Tensor) -> Tensor:
        return x.unsqueeze(-1 - len(self._event_shape))

    @property
    def mean(self) -> Tensor:
        return self._averaged(self._component_distribution.mean)

    @property
    def variance(self) -> Tensor:
        components = self._component_distribution
        distance = components.mean - self._beside_components(self.mean)
        return self._averaged(components.variance) + self._averaged(distance.pow(2))

    def cdf(self, value: Tensor) -> Tensor:
        return self._averaged(self._component_distribution.cdf(self._beside_components(value)))

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        log_p = self._component_distribution.log_prob(self._beside_components(value))
        return (log_p + self._mixture_distribution.logits.log_softmax(-1)).logsumexp(-1)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with no_grad():
            dim = len(sample_shape) + len(self._batch_shape)
            which = self._mixture_distribution.sample(sample_shape)  # (*sample, *batch)
            values = self._component_distribution.sample(sample_shape)  # (..., K, *event)
            which = which.reshape(*which.shape, 1, *(1,) * len(self._event_shape))
            shape = (*values.shape[:dim], 1, *values.shape[dim + 1 :])
            return values.gather(dim, which.expand(shape)).squeeze(dim)

    def __repr__(self) -> str:
        parts = f"\n  {self._mixture_distribution},\n  {self._component_distribution}"
        return f"MixtureSameFamily({parts})"
