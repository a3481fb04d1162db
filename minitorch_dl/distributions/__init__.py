"""Probability distributions: samples, densities, entropies and divergences."""

import sys as _sys

from ..compat.names import explain_missing as _explain_missing
from . import constraints, kl, transforms
from .bounded import Beta, Dirichlet, Kumaraswamy, Uniform
from .categorical import (
    Categorical,
    Multinomial,
    OneHotCategorical,
    OneHotCategoricalStraightThrough,
)
from .circular import VonMises
from .constraint_registry import biject_to, transform_to
from .continuous_bernoulli import ContinuousBernoulli
from .discrete import Bernoulli, Binomial, Geometric, NegativeBinomial, Poisson
from .distribution import Distribution, ExponentialFamily
from .generalized_pareto import GeneralizedPareto
from .heavy_tailed import Cauchy, Gumbel, HalfCauchy, Laplace, StudentT
from .kl import kl_divergence, register_kl
from .low_rank import LowRankMultivariateNormal
from .matrices import LKJCholesky, Wishart
from .mixture import MixtureSameFamily
from .normal import HalfNormal, LogisticNormal, LogNormal, MultivariateNormal, Normal
from .positive import (
    Chi2,
    Exponential,
    FisherSnedecor,
    Gamma,
    InverseGamma,
    Pareto,
    Weibull,
)
from .relaxed import RelaxedBernoulli, RelaxedOneHotCategorical
from .transformed import Independent, TransformedDistribution
from .transforms import *

_explain_missing(_sys.modules[__name__])
