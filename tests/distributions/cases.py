"""The distributions that are compared with PyTorch, and what is compared.

The stored outputs of PyTorch in tests/references/distributions.npz are made by
``python -m tests.references.make_distributions``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

T = Callable[[list[Any]], Any]
Make = Callable[[Any, T], Any]

POSITIVE = [0.3, 1.0, 2.5]
REAL = [-1.0, 0.0, 2.0]
PROBS = [0.2, 0.5, 0.9]
LOGITS = [-2.0, 0.0, 1.5]
SIMPLEX = [[0.2, 0.3, 0.5], [0.6, 0.1, 0.3]]
SCORES = [[0.1, -1.0, 2.0], [0.0, 0.0, 0.0]]
MATRIX = [[2.0, 0.5], [0.5, 1.0]]
LOWER = [[1.5, 0.0], [0.4, 0.8]]

DISTRIBUTIONS: dict[str, Make] = {
    "Normal": lambda D, t: D.Normal(t(REAL), t(POSITIVE)),
    "LogNormal": lambda D, t: D.LogNormal(t(REAL), t(POSITIVE)),
    "HalfNormal": lambda D, t: D.HalfNormal(t(POSITIVE)),
    "Uniform": lambda D, t: D.Uniform(t(REAL), t([0.5, 3.0, 2.25])),
    "Bernoulli": lambda D, t: D.Bernoulli(t(PROBS)),
    "Bernoulli logits": lambda D, t: D.Bernoulli(logits=t(LOGITS)),
    "Binomial": lambda D, t: D.Binomial(7, t(PROBS)),
    "Binomial logits": lambda D, t: D.Binomial(3, logits=t(LOGITS)),
    "ContinuousBernoulli": lambda D, t: D.ContinuousBernoulli(t([0.2, 0.4995, 0.9])),
    "ContinuousBernoulli logits": lambda D, t: D.ContinuousBernoulli(logits=t(LOGITS)),
    "Geometric": lambda D, t: D.Geometric(t(PROBS)),
    "Geometric logits": lambda D, t: D.Geometric(logits=t(LOGITS)),
    "Poisson": lambda D, t: D.Poisson(t([0.5, 3.0, 20.0])),
    "NegativeBinomial": lambda D, t: D.NegativeBinomial(t([0.5, 3.0, 7.0]), t(PROBS)),
    "NegativeBinomial logits": lambda D, t: D.NegativeBinomial(4, logits=t(LOGITS)),
    "RelaxedBernoulli": lambda D, t: D.RelaxedBernoulli(t(0.7), t(PROBS)),
    "RelaxedBernoulli logits": lambda D, t: D.RelaxedBernoulli(t(0.7), logits=t(LOGITS)),
    "RelaxedOneHotCategorical": lambda D, t: D.RelaxedOneHotCategorical(t(0.7), t(SIMPLEX)),
    "RelaxedOneHotCategorical logits": lambda D, t: D.RelaxedOneHotCategorical(
        t(1.5), logits=t(SCORES)
    ),
    "VonMises": lambda D, t: D.VonMises(t(REAL), t(POSITIVE)),
    "LogisticNormal": lambda D, t: D.LogisticNormal(t(REAL), t(POSITIVE)),
    "Kumaraswamy": lambda D, t: D.Kumaraswamy(t(POSITIVE), t([2.0, 0.5, 1.5])),
    "FisherSnedecor": lambda D, t: D.FisherSnedecor(t([0.7, 3.0, 5.0]), t([1.0, 3.0, 6.0])),
    "LowRankMultivariateNormal": lambda D, t: D.LowRankMultivariateNormal(
        t([[0.0, 1.0], [2.0, -1.0]]), t([[0.5], [1.0]]), t([0.4, 0.8])
    ),
    "MixtureSameFamily": lambda D, t: D.MixtureSameFamily(
        D.Categorical(t(SIMPLEX)), D.Normal(t([REAL, REAL]), t(POSITIVE))
    ),
    "MixtureSameFamily vectors": lambda D, t: D.MixtureSameFamily(
        D.Categorical(t([0.3, 0.7])), D.Independent(D.Normal(t(SCORES), t(POSITIVE)), 1)
    ),
    "Categorical": lambda D, t: D.Categorical(t(SIMPLEX)),
    "Categorical logits": lambda D, t: D.Categorical(logits=t(SCORES)),
    "OneHotCategorical": lambda D, t: D.OneHotCategorical(t(SIMPLEX)),
    "OneHotCategoricalStraightThrough": lambda D, t: D.OneHotCategoricalStraightThrough(t(SIMPLEX)),
    "Multinomial": lambda D, t: D.Multinomial(5, t(SIMPLEX)),
    "Multinomial logits": lambda D, t: D.Multinomial(2, logits=t(SCORES)),
    "Exponential": lambda D, t: D.Exponential(t(POSITIVE)),
    "Gamma": lambda D, t: D.Gamma(t(POSITIVE), t([2.0, 0.5, 1.0])),
    "Chi2": lambda D, t: D.Chi2(t(POSITIVE)),
    "InverseGamma": lambda D, t: D.InverseGamma(t([0.8, 1.5, 3.0]), t(POSITIVE)),
    "Weibull": lambda D, t: D.Weibull(t(POSITIVE), t([2.0, 1.5, 3.0])),
    "Pareto": lambda D, t: D.Pareto(t(POSITIVE), t([0.8, 1.5, 3.0])),
    "Beta": lambda D, t: D.Beta(t(POSITIVE), t([2.0, 0.5, 1.5])),
    "Dirichlet": lambda D, t: D.Dirichlet(t([[0.5, 1.0, 3.0], [2.0, 0.7, 1.1]])),
    "Laplace": lambda D, t: D.Laplace(t(REAL), t(POSITIVE)),
    "Cauchy": lambda D, t: D.Cauchy(t(REAL), t(POSITIVE)),
    "HalfCauchy": lambda D, t: D.HalfCauchy(t(POSITIVE)),
    "StudentT": lambda D, t: D.StudentT(t([0.7, 1.5, 4.0]), t(REAL), t(POSITIVE)),
    "Gumbel": lambda D, t: D.Gumbel(t(REAL), t(POSITIVE)),
    "MultivariateNormal": lambda D, t: D.MultivariateNormal(
        t([[0.0, 1.0], [2.0, -1.0]]), covariance_matrix=t(MATRIX)
    ),
    "MultivariateNormal precision": lambda D, t: D.MultivariateNormal(
        t([0.0, 1.0]), precision_matrix=t(MATRIX)
    ),
    "MultivariateNormal tril": lambda D, t: D.MultivariateNormal(
        t([0.0, 1.0]), scale_tril=t(LOWER)
    ),
    "GeneralizedPareto": lambda D, t: D.GeneralizedPareto(
        t(REAL),
        t(POSITIVE),
        t([0.4, -0.5, 0.0]).float(),  # PyTorch's log_prob takes no float64
    ),
    "LKJCholesky": lambda D, t: D.LKJCholesky(3, t(POSITIVE)),
    "LKJCholesky of one number": lambda D, t: D.LKJCholesky(2, t(1.5)),
    # PyTorch's samples of it have no gradients that can be asked for.
    "Wishart": lambda D, t: D.Wishart(t([3.5, 4.0]).detach(), t(MATRIX).detach()),
    "Wishart precision": lambda D, t: D.Wishart(
        t(2.5).detach(), precision_matrix=t(MATRIX).detach()
    ),
    "Wishart tril": lambda D, t: D.Wishart(t(4.0).detach(), scale_tril=t(LOWER).detach()),
    "Independent": lambda D, t: D.Independent(D.Normal(t(REAL), t(POSITIVE)), 1),
    "TransformedDistribution": lambda D, t: D.TransformedDistribution(
        D.Normal(t(REAL), t(POSITIVE)),
        [D.AffineTransform(0.5, t([-1.0, 0.5, 2.0])), D.SigmoidTransform()],
    ),
    "TransformedDistribution vector": lambda D, t: D.TransformedDistribution(
        D.Normal(t(REAL), t(POSITIVE)), [D.TanhTransform(), D.StickBreakingTransform()]
    ),
}


def _uniform(D: Any, t: Any) -> Any:
    return D.Uniform(t([0.2, -1.0, 0.0]), t([0.9, 2.0, 1.0]))


def _low_rank(D: Any, t: Any) -> Any:
    factor = t([[[1.0], [0.5], [0.0]], [[-0.3], [0.2], [2.0]]])
    return D.LowRankMultivariateNormal(t([0.1, -0.4, 2.0]), factor, t([0.5, 1.0, 0.3]))


def _full_rank(D: Any, t: Any) -> Any:
    factor = t([[1.0, 0.0, 0.0], [0.5, 0.8, 0.0], [-0.2, 0.1, 1.3]])
    return D.MultivariateNormal(t([0.0, 1.0, 1.0]), scale_tril=factor)


_CROSS: dict[str, Make] = {
    "Bernoulli": lambda D, t: D.Bernoulli(t([0.3, 0.9, 0.5])),
    "Beta": lambda D, t: D.Beta(t([2.0, 0.7, 1.0]), t([3.0, 1.5, 1.0])),
    "Exponential": lambda D, t: D.Exponential(t([0.5, 2.0, 1.0])),
    "Gamma": lambda D, t: D.Gamma(t([2.0, 0.5, 1.0]), t([1.5, 3.0, 1.0])),
    "Gumbel": lambda D, t: D.Gumbel(t([0.5, -1.0, 0.0]), t([2.0, 0.7, 1.0])),
    "Normal": lambda D, t: D.Normal(t([0.5, -1.0, 0.0]), t([2.0, 0.7, 1.0])),
    "Pareto": lambda D, t: D.Pareto(t([0.1, 0.5, 0.3]), t([3.0, 0.8, 1.5])),
    "Poisson": lambda D, t: D.Poisson(t([0.3, 2.0, 1.0])),
    "Uniform": _uniform,
    "LowRankMultivariateNormal": _low_rank,
    "MultivariateNormal": _full_rank,
}
_PAIRS = {
    "Bernoulli": "Poisson",
    "Beta": "Exponential Gamma Uniform",
    "Exponential": "Gumbel",
    "Gamma": "Gumbel",
    "Gumbel": "Normal",
    "Normal": "Gumbel",
    "Pareto": "Exponential Gamma Normal",
    "Uniform": "Beta Exponential Gamma Gumbel Pareto",
    "LowRankMultivariateNormal": "MultivariateNormal",
    "MultivariateNormal": "LowRankMultivariateNormal",
}

KL: dict[str, tuple[Make, Make]] = {
    "Normal": (lambda D, t: D.Normal(t(REAL), t(POSITIVE)), lambda D, t: D.Normal(0.5, t([2.0]))),
    "LogNormal": (
        lambda D, t: D.LogNormal(t(REAL), t(POSITIVE)),
        lambda D, t: D.LogNormal(t([0.5]), t([2.0])),
    ),
    "HalfNormal": (lambda D, t: D.HalfNormal(t(POSITIVE)), lambda D, t: D.HalfNormal(t([2.0]))),
    "Bernoulli": (
        lambda D, t: D.Bernoulli(t([0.0, 0.3, 0.9, 1.0])),
        lambda D, t: D.Bernoulli(t([0.5, 1.0, 0.2, 0.5])),
    ),
    "ContinuousBernoulli": (
        lambda D, t: D.ContinuousBernoulli(t(PROBS)), lambda D, t: D.ContinuousBernoulli(t([0.3]))
    ),
    "Beta to ContinuousBernoulli": (
        lambda D, t: D.Beta(t(POSITIVE), 2.0), lambda D, t: D.ContinuousBernoulli(t([0.3]))
    ),
    "Uniform to ContinuousBernoulli": (
        lambda D, t: D.Uniform(t([0.2, 0.1]), t([0.5, 1.5])),
        lambda D, t: D.ContinuousBernoulli(t([0.3])),
    ),
    "ContinuousBernoulli to Uniform": (
        lambda D, t: D.ContinuousBernoulli(t([0.3])),
        lambda D, t: D.Uniform(t([-0.2, 0.1]), t([1.5, 1.5])),
    ),
    "ContinuousBernoulli to Exponential": (
        lambda D, t: D.ContinuousBernoulli(t(PROBS)), lambda D, t: D.Exponential(t([0.5]))
    ),
    "ContinuousBernoulli to Normal": (
        lambda D, t: D.ContinuousBernoulli(t(PROBS)), lambda D, t: D.Normal(t([0.5]), 2.0)
    ),
    "Binomial": (lambda D, t: D.Binomial(5, t(PROBS)), lambda D, t: D.Binomial(5, t([0.4]))),
    "Categorical": (
        lambda D, t: D.Categorical(t([[0.0, 0.5, 0.5], [0.6, 0.1, 0.3]])),
        lambda D, t: D.Categorical(t([[0.2, 0.3, 0.5], [0.5, 0.0, 0.5]])),
    ),
    "OneHotCategorical": (
        lambda D, t: D.OneHotCategorical(t(SIMPLEX)),
        lambda D, t: D.OneHotCategorical(logits=t(SCORES)),
    ),
    "Geometric": (lambda D, t: D.Geometric(t(PROBS)), lambda D, t: D.Geometric(t([0.4]))),
    "Poisson": (lambda D, t: D.Poisson(t(POSITIVE)), lambda D, t: D.Poisson(t([1.4]))),
    "Exponential": (lambda D, t: D.Exponential(t(POSITIVE)), lambda D, t: D.Exponential(t([2.0]))),
    "Gamma": (lambda D, t: D.Gamma(t(POSITIVE), 2.0), lambda D, t: D.Gamma(t([1.5]), 0.5)),
    "Chi2": (lambda D, t: D.Chi2(t(POSITIVE)), lambda D, t: D.Chi2(t([1.5]))),
    "Beta": (lambda D, t: D.Beta(t(POSITIVE), 2.0), lambda D, t: D.Beta(t([1.5]), 0.5)),
    "Dirichlet": (
        lambda D, t: D.Dirichlet(t([[0.5, 1.0, 3.0]])),
        lambda D, t: D.Dirichlet(t([[2.0, 0.7, 1.1]])),
    ),
    "Laplace": (
        lambda D, t: D.Laplace(t(REAL), t(POSITIVE)), lambda D, t: D.Laplace(0.5, t([2.0]))
    ),
    "Cauchy": (lambda D, t: D.Cauchy(t(REAL), t(POSITIVE)), lambda D, t: D.Cauchy(0.5, t([2.0]))),
    "Gumbel": (lambda D, t: D.Gumbel(t(REAL), t(POSITIVE)), lambda D, t: D.Gumbel(0.5, t([2.0]))),
    "Pareto": (lambda D, t: D.Pareto(t(POSITIVE), 2.0), lambda D, t: D.Pareto(t([0.9]), 1.5)),
    "Uniform": (
        lambda D, t: D.Uniform(t(REAL), t([0.5, 3.0, 2.25])),
        lambda D, t: D.Uniform(t([-0.5]), t([2.5])),
    ),
    "MultivariateNormal": (
        lambda D, t: D.MultivariateNormal(t([0.0, 1.0]), t(MATRIX)),
        lambda D, t: D.MultivariateNormal(t([0.5, 0.0]), scale_tril=t(LOWER)),
    ),
    "Wishart": (
        lambda D, t: D.Wishart(t(3.5), t(MATRIX)),
        lambda D, t: D.Wishart(t(2.0), scale_tril=t(LOWER)),
    ),
    "Independent": (
        lambda D, t: D.Independent(D.Normal(t(REAL), t(POSITIVE)), 1),
        lambda D, t: D.Independent(D.Normal(t([0.0, 0.0, 0.0]), t(POSITIVE)), 1),
    ),
    "Exponential to Gamma": (
        lambda D, t: D.Exponential(t(POSITIVE)), lambda D, t: D.Gamma(t([1.5]), 0.5)
    ),
    "Gamma to Exponential": (
        lambda D, t: D.Gamma(t(POSITIVE), 2.0), lambda D, t: D.Exponential(t([0.5]))
    ),
    "Exponential to Normal": (
        lambda D, t: D.Exponential(t(POSITIVE)), lambda D, t: D.Normal(t([1.5]), 0.5)
    ),
    "Gamma to Normal": (
        lambda D, t: D.Gamma(t(POSITIVE), 2.0), lambda D, t: D.Normal(t([1.5]), 0.5)
    ),
    "Laplace to Normal": (
        lambda D, t: D.Laplace(t(REAL), t(POSITIVE)), lambda D, t: D.Normal(t([1.5]), 0.5)
    ),
    "Uniform to Normal": (
        lambda D, t: D.Uniform(t(REAL), 3.0), lambda D, t: D.Normal(t([1.5]), 0.5)
    ),
    "Beta to Normal": (
        lambda D, t: D.Beta(t(POSITIVE), 2.0), lambda D, t: D.Normal(t([1.5]), 0.5)
    ),
    "Normal to Laplace": (
        lambda D, t: D.Normal(t(REAL), t(POSITIVE)), lambda D, t: D.Laplace(t([0.25]), 0.5)
    ),
    "Normal to Gamma": (
        lambda D, t: D.Normal(t(REAL), t(POSITIVE)), lambda D, t: D.Gamma(t([0.25]), 0.5)
    ),
    "LowRankMultivariateNormal": (
        _low_rank,
        lambda D, t: D.LowRankMultivariateNormal(
            t([0.0, 0.0, 0.0]), t([[0.3], [1.0], [-1.0]]), t([1.0, 0.5, 2.0])
        ),
    ),
    **{
        f"{p} to {q}": (_CROSS[p], _CROSS[q])
        for p, others in _PAIRS.items()
        for q in others.split()
    },
}  # fmt: skip

PROPERTIES = ("mean", "mode", "variance", "stddev")


def run(torch: Any, name: str) -> dict[str, Any]:
    """Samples in float32 and everything else of them in float64, for one distribution."""
    D, make = torch.distributions, DISTRIBUTIONS[name]
    found: dict[str, Any] = {}
    torch.manual_seed(3)
    single = make(D, torch.tensor)
    found["float32 sample"] = single.sample()
    found["float32 samples"] = single.sample((2, 3))
    parameters: list[Any] = []

    def double(values: list[Any]) -> Any:
        parameters.append(torch.tensor(values, dtype=torch.float64, requires_grad=True))
        return parameters[-1]

    d = make(D, double)
    found["sample"] = value = d.sample((4,))
    if d.has_rsample:
        y = d.rsample((3,))
        weights = torch.arange(1.0, y.numel() + 1, dtype=torch.float64).reshape(y.shape)
        found["rsample"] = y
        found.update(gradients("rsample", (y * weights).sum(), parameters))
    for call in ("log_prob", "cdf", "icdf"):
        given = torch.full_like(value, 0.3) if call == "icdf" else value
        try:
            found[call] = getattr(d, call)(given)
        except NotImplementedError:
            continue
        if call == "log_prob":
            found.update(gradients(call, found[call].sum(), parameters))
    for call in (*PROPERTIES, "entropy"):
        try:
            got = getattr(d, call)
            found[call] = got() if callable(got) else got
        except (NotImplementedError, AttributeError):
            continue
    wide = d.expand((2, *d.batch_shape))
    found["expanded log_prob"] = wide.log_prob(value[:2])
    found["expanded sample"] = wide.sample()
    found["text"] = np.array(repr(d) + repr(wide.batch_shape) + repr(wide.event_shape))
    if d.has_enumerate_support:
        found["support"] = d.enumerate_support()
    return {k: v if isinstance(v, np.ndarray) else v.detach().numpy() for k, v in found.items()}


def gradients(of: str, y: Any, parameters: list[Any]) -> dict[str, Any]:
    if not y.requires_grad:
        return {}
    for p in parameters:
        p.grad = None
    y.backward(retain_graph=True)
    reached = [(i, p) for i, p in enumerate(parameters) if p.grad is not None]
    return {f"{of} gradient {i}": p.grad.clone() for i, p in reached}


def run_kl(torch: Any, name: str) -> dict[str, Any]:
    p, q = (make(torch.distributions, torch.tensor) for make in KL[name])
    return {"kl": torch.distributions.kl_divergence(p, q).detach().numpy()}
