"""Probability distributions: samples, densities, entropies and divergences."""

import sys as _sys

from ..compat.names import explain_missing as _explain_missing
from . import constraints as constraints, kl as kl, transforms as transforms
from .bounded import (
    Beta as Beta,
    Dirichlet as Dirichlet,
    Kumaraswamy as Kumaraswamy,
    Uniform as Uniform,
)
from .categorical import (
    Categorical as Categorical,
    Multinomial as Multinomial,
    OneHotCategorical as OneHotCategorical,
    OneHotCategoricalStraightThrough as OneHotCategoricalStraightThrough,
)
from .circular import VonMises as VonMises
from .constraint_registry import biject_to as biject_to, transform_to as transform_to
from .continuous_bernoulli import ContinuousBernoulli as ContinuousBernoulli
from .discrete import (
    Bernoulli as Bernoulli,
    Binomial as Binomial,
    Geometric as Geometric,
    NegativeBinomial as NegativeBinomial,
    Poisson as Poisson,
)
from .distribution import Distribution as Distribution, ExponentialFamily as ExponentialFamily
from .generalized_pareto import GeneralizedPareto as GeneralizedPareto
from .heavy_tailed import (
    Cauchy as Cauchy,
    Gumbel as Gumbel,
    HalfCauchy as HalfCauchy,
    Laplace as Laplace,
    StudentT as StudentT,
)
from .kl import kl_divergence as kl_divergence, register_kl as register_kl
from .low_rank import LowRankMultivariateNormal as LowRankMultivariateNormal
from .matrices import LKJCholesky as LKJCholesky, Wishart as Wishart
from .mixture import MixtureSameFamily as MixtureSameFamily
from .normal import (
    HalfNormal as HalfNormal,
    LogisticNormal as LogisticNormal,
    LogNormal as LogNormal,
    MultivariateNormal as MultivariateNormal,
    Normal as Normal,
)
from .positive import (
    Chi2 as Chi2,
    Exponential as Exponential,
    FisherSnedecor as FisherSnedecor,
    Gamma as Gamma,
    InverseGamma as InverseGamma,
    Pareto as Pareto,
    Weibull as Weibull,
)
from .relaxed import (
    RelaxedBernoulli as RelaxedBernoulli,
    RelaxedOneHotCategorical as RelaxedOneHotCategorical,
)
from .transformed import (
    Independent as Independent,
    TransformedDistribution as TransformedDistribution,
)
from .transforms import *

_explain_missing(_sys.modules[__name__])
