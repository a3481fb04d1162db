"""Probability distributions: samples, densities, entropies and divergences."""

from . import constraints, kl, transforms
from .bounded import Beta, Dirichlet, Uniform
from .categorical import (
    Categorical,
    Multinomial,
    OneHotCategorical,
    OneHotCategoricalStraightThrough,
)
from .discrete import Bernoulli, Binomial, Geometric, Poisson
from .distribution import Distribution, ExponentialFamily
from .heavy_tailed import Cauchy, Gumbel, HalfCauchy, Laplace, StudentT
from .kl import kl_divergence, register_kl
from .normal import HalfNormal, LogNormal, MultivariateNormal, Normal
from .positive import Chi2, Exponential, Gamma, InverseGamma, Pareto, Weibull
from .transformed import Independent, TransformedDistribution
from .transforms import *
