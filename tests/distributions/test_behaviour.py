"""Arguments, errors, and what holds whatever PyTorch says."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl import distributions as D
from minitorch_dl.distributions import implicit
from tests.distributions import cases


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: D.Normal(0.0, -1.0),
            r"Expected parameter scale \(Tensor of shape \(\)\) of distribution Normal\(loc: 0.0, "
            r"scale: -1.0\) to satisfy the constraint GreaterThan\(lower_bound=0.0\), but found "
            r"invalid values:\n-1.0",
        ),
        (lambda: D.Normal(math.nan, 1.0), r"parameter loc .* constraint Real\(\)"),
        (lambda: D.Bernoulli(torch.tensor([0.5, 1.5])), "parameter probs .* of shape .2,."),
        (lambda: D.Bernoulli(0.5, logits=0.0), "Either `probs` or `logits` must be specified"),
        (lambda: D.Bernoulli(), "Either `probs` or `logits` must be specified"),
        (lambda: D.Categorical(torch.tensor(0.5)), "must be at least one-dimensional"),
        (lambda: D.Categorical(torch.tensor([-0.5, 1.5])), r"constraint Simplex\(\)"),
        (lambda: D.Uniform(1.0, 0.0), "parameter low"),
        (lambda: D.HalfNormal(-1.0), "parameter scale"),
        (lambda: D.Chi2(-1.0), "parameter concentration"),
        (lambda: D.Geometric(0.0), "to be positive"),
        (lambda: D.Poisson(-1.0), r"GreaterThanEq\(lower_bound=0.0\)"),
        (lambda: D.Dirichlet(torch.tensor(1.0)), "at least one-dimensional"),
        (lambda: D.Beta(-1.0, 1.0), "parameter concentration"),
        (lambda: D.MultivariateNormal(torch.zeros(2)), "Exactly one of covariance_matrix"),
        (lambda: D.MultivariateNormal(torch.zeros(2), -torch.eye(2)), r"PositiveDefinite\(\)"),
        (
            lambda: D.MultivariateNormal(torch.zeros(2), scale_tril=torch.ones(2, 2)),
            r"LowerCholesky\(\)",
        ),
        (lambda: D.Independent(D.Normal(0.0, 1.0), 1), "reinterpreted_batch_ndims"),
        (lambda: D.Normal("x", 1.0), "must all be instances of Number"),
        (lambda: D.TransformedDistribution(D.Normal(0.0, 1.0), 3), "Transform or list of"),
    ],
)
def test_bad_parameters(make: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        make()


@pytest.mark.parametrize(
    ("d", "value", "text"),
    [
        (D.Normal(0.0, 1.0), "x", "must be a Tensor"),
        (D.Normal(torch.zeros(2), 1.0), torch.zeros(3), "not broadcastable .* vs torch.Size"),
        (D.Bernoulli(0.5), torch.tensor(2.0), r"within the support \(Boolean\(\)\)"),
        (D.Exponential(1.0), torch.tensor(-1.0), "invalid values:\n-1.0"),
        (D.Categorical(torch.ones(3)), torch.tensor(3), r"upper_bound=2\)"),
        (D.Dirichlet(torch.ones(3)), torch.ones(3), r"Simplex\(\)"),
        (D.MultivariateNormal(torch.zeros(2), torch.eye(2)), torch.zeros(3), "event_shape"),
        (D.Multinomial(2, torch.ones(3)), torch.tensor([3.0, 0.0, 0.0]), "Multinomial"),
        (D.Binomial(3, torch.tensor(0.5)), torch.tensor(1.5), "IntegerInterval"),
    ],
)
def test_bad_values(d: Any, value: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        d.log_prob(value)


def test_checks_can_be_left_out() -> None:
    assert math.isnan(D.Normal(0.0, -1.0, validate_args=False).log_prob(torch.tensor(0.0)).item())
    D.Distribution.set_default_validate_args(False)
    try:
        D.Bernoulli(2.0)
    finally:
        D.Distribution.set_default_validate_args(True)


# No formula for the moments, tails too heavy for a sample's mean to settle, or angles.
WITHOUT_MOMENTS = (
    "Relaxed",
    "LogisticNormal",
    "FisherSnedecor",
    "VonMises",
    "Transformed",
    "LogNormal",
    "StudentT",
    "InverseGamma",
    "Pareto",
    "Cauchy",
    "HalfCauchy",
    "LKJCholesky",
)


@pytest.mark.parametrize(
    "name", [n for n in cases.DISTRIBUTIONS if not n.startswith(WITHOUT_MOMENTS)]
)
def test_moments_are_those_of_samples(name: str) -> None:
    torch.manual_seed(0)
    d = cases.DISTRIBUTIONS[name](D, lambda v: torch.tensor(v, dtype=torch.float64))
    samples = d.sample((4000,)).double()
    if name.startswith("Categorical"):  # an index has no moments
        share = (samples == 2).double().mean(0)
        assert torch.allclose(share, d.probs[..., 2], atol=0.04)
        return
    error = (samples.mean(0) - d.mean) / (d.variance / 4000).sqrt()
    assert (error.abs() < 4.5).all()
    assert torch.allclose(samples.var(0), d.variance, rtol=0.5)


@pytest.mark.parametrize("name", ["Normal", "Gamma", "Beta", "Laplace", "StudentT", "Gumbel"])
def test_densities_integrate_to_one(name: str) -> None:
    d = cases.DISTRIBUTIONS[name](D, lambda v: torch.tensor(v, dtype=torch.float64))
    torch.manual_seed(0)
    u = torch.linspace(-12, 12, 20001, dtype=torch.float64)[:, None]
    x, slope = {
        "Gamma": (u.exp(), u.exp()),
        "Beta": (u.sigmoid(), u.sigmoid() * (-u).sigmoid()),
    }.get(name, (u.sinh(), u.cosh()))
    total = (d.log_prob(x).exp() * slope).sum(0) * (24 / 20000)
    # Long tails are cut off, and the sum is rough at a kink.
    limit = {"StudentT": 5e-2, "Gamma": 5e-2, "Beta": 5e-2, "Laplace": 1e-4}.get(name, 1e-6)
    assert ((total - 1).abs() < limit).all(), total


@pytest.mark.parametrize("parameter", [0.1, 0.4992, 0.5, 0.5008, 0.93])
def test_continuous_bernoulli_densities_integrate_to_one(parameter: float) -> None:
    d = D.ContinuousBernoulli(torch.tensor(parameter, dtype=torch.float64))
    x = (torch.arange(20000, dtype=torch.float64) + 0.5) / 20000
    density = d.log_prob(x).exp()
    assert density.mean().item() == pytest.approx(1, abs=1e-7)
    assert (density * x).mean().item() == pytest.approx(d.mean.item(), abs=1e-6)
    assert (density * (x - d.mean) ** 2).mean().item() == pytest.approx(d.variance.item(), abs=1e-6)
    assert torch.allclose(d.icdf(d.cdf(x)), x)
    assert -(density * density.log()).mean().item() == pytest.approx(d.entropy().item(), abs=1e-6)


@pytest.mark.parametrize("xi", [0.4, 0.0, -0.5, -1.0])
def test_generalized_pareto_by_its_definition(xi: float) -> None:
    d = D.GeneralizedPareto(*torch.tensor([1.0, 2.0, xi], dtype=torch.float64))
    x = torch.tensor([1.2, 2.0, 2.9], dtype=torch.float64, requires_grad=True)
    z = (x - 1) / 2
    rest = (-z).exp() if xi == 0 else (1 + xi * z) ** (-1 / xi)
    assert torch.allclose(d.cdf(x), 1 - rest)
    (density,) = torch.autograd.grad(d.cdf(x).sum(), x)
    assert torch.allclose(d.log_prob(x).exp(), density)
    assert torch.allclose(d.icdf(d.cdf(x)), x)
    assert D.GeneralizedPareto(0.0, 1.0, 2.0).mean.isnan()


@pytest.mark.parametrize("eta", [0.6, 1.0, 3.0])
def test_lkj_densities_integrate_to_one(eta: float) -> None:
    d = D.LKJCholesky(2, torch.tensor(eta, dtype=torch.float64))
    angle = (torch.arange(20000, dtype=torch.float64) + 0.5) * (math.pi / 20000)
    zero = torch.zeros_like(angle)
    rows = [torch.stack([zero + 1, zero], -1), torch.stack([angle.cos(), angle.sin()], -1)]
    density = d.log_prob(torch.stack(rows, -2)).exp() * angle.sin()
    assert (density.mean() * math.pi).item() == pytest.approx(1, abs=1e-4)


def test_wishart_has_gradients() -> None:
    df = torch.tensor(3.5, dtype=torch.float64, requires_grad=True)
    tril = torch.tensor([[1.5, 0.0], [0.4, 0.8]], dtype=torch.float64, requires_grad=True)
    value = torch.tensor([[2.0, 0.3], [0.3, 1.5]], dtype=torch.float64, requires_grad=True)

    def density(df: Any, tril: Any, value: Any) -> Any:
        d = D.Wishart(df, scale_tril=tril.tril(), validate_args=False)
        return d.log_prob(value), d.entropy()

    assert torch.autograd.gradcheck(density, (df, tril, value))

    def draw(tril: Any) -> Any:
        torch.manual_seed(0)
        return D.Wishart(df.detach(), scale_tril=tril.tril()).rsample((2,))

    assert torch.autograd.gradcheck(draw, (tril,))


def test_wishart_refuses_few_degrees_of_freedom() -> None:
    with pytest.raises(ValueError, match="greater than ndim - 1"):
        D.Wishart(1.0, torch.eye(2))
    with pytest.warns(UserWarning, match="Low df"):
        D.Wishart(1.5, torch.eye(2))
    with pytest.raises(ValueError, match="dim to be an integer"):
        D.LKJCholesky(1)


def test_categorical_needs_no_normalised_probabilities() -> None:
    d = D.Categorical(torch.tensor([1.0, 3.0]))
    assert d.probs.tolist() == [0.25, 0.75]
    assert d.expand((2,)).sample().shape == (2,)
    assert D.Categorical(logits=torch.zeros(2, 3)).sample((4,)).shape == (4, 2)


def test_gradients_of_lazy_parameters_survive_no_grad() -> None:
    logits = torch.zeros(3, requires_grad=True)
    d = D.Categorical(logits=logits)
    d.sample()
    d.probs.sum().backward()
    assert logits.grad is not None


def test_straight_through() -> None:
    logits = torch.zeros(3, requires_grad=True)
    y = D.OneHotCategoricalStraightThrough(logits=logits).rsample()
    assert sorted(y.round().tolist()) == [0.0, 0.0, 1.0]
    (y * torch.arange(3.0)).sum().backward()
    assert torch.allclose(logits.grad, torch.tensor([-1 / 3, 0.0, 1 / 3]))


def test_tanh_cache_keeps_saturated_samples() -> None:
    base = D.Normal(torch.tensor([30.0]), 0.1)
    d = D.TransformedDistribution(base, [D.TanhTransform(cache_size=1)])
    assert d.log_prob(d.rsample()).isfinite().all()


@pytest.mark.parametrize("a", [1e-3, 0.1, 1.0, 3.7, 50.0, 2000.0])
@pytest.mark.parametrize("p", [0.05, 0.5, 0.95])
def test_gamma_quadrature_agrees_with_itself(a: float, p: float) -> None:
    """F at the bisected quantile is p, and the quantile's slope is that of the quantile."""

    def quantile(a: float) -> float:
        low, high = -800.0, math.log(a + 40 * math.sqrt(a) + 40)
        for _ in range(70):
            middle = (low + high) / 2
            f = implicit.gamma_cdf(np, np.array([a]), np.array([math.exp(middle)]))[0]
            low, high = (middle, high) if f < p else (low, middle)
        return math.exp(low)

    x = quantile(a)
    if x < 1e-250:
        return
    h = a * 1e-3
    steps = (-2 * h, -h, h, 2 * h)
    m2, m1, p1, p2 = (math.log(quantile(a + step)) for step in steps)
    expected = x * (8 * (p1 - m1) - (p2 - m2)) / (12 * h)
    found = implicit.gamma_slope(np, np.array([a]), np.array([x]))[0]
    assert found == pytest.approx(expected, rel=1e-6)


def test_the_gamma_cdf_is_exact_where_it_has_a_formula() -> None:
    x = np.array([0.0, 1e-8, 0.1, 1.0, 5.0, 40.0, np.inf])
    found = implicit.gamma_cdf(np, np.ones(7), x)
    np.testing.assert_allclose(found, -np.expm1(-x), rtol=1e-10)
    found = implicit.gamma_cdf(np, np.full(7, 2.0), x)
    poisson = 1 - np.exp(-x[2:6]) * (1 + x[2:6])
    np.testing.assert_allclose(found[2:6], poisson, rtol=1e-9)
    assert np.isnan(implicit.gamma_cdf(np, np.ones(1), np.array([np.nan])))


def test_beta_slope_where_it_has_a_formula() -> None:
    x = np.array([0.01, 0.3, 0.8, 0.999])  # F = x^a, so x = p^(1/a) and dx/da = -x log(x) / a
    for a in (0.2, 1.0, 6.0):
        found = implicit.beta_slope(np, np.full(4, a), np.full(4, a + 1), x) * (1 - x)
        np.testing.assert_allclose(found, -x * np.log(x) / a, rtol=1e-9)


def test_draws_have_no_second_derivative() -> None:
    a = torch.tensor(2.0, requires_grad=True)
    x = D.Gamma(a, 1.0).rsample()
    (g,) = torch.autograd.grad(x, a, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        g.backward()


def test_divergences_of_batches_of_wishart_are_those_of_the_entries() -> None:
    p = D.Wishart(torch.tensor(3.5), torch.tensor([[2.0, 0.5], [0.5, 1.0]]))
    freedom, scales = torch.tensor([4.0, 3.0]), torch.tensor([[[3.0, -0.5], [-0.5, 1.0]]] * 2)
    entries = [D.kl_divergence(p, D.Wishart(f, s)) for f, s in zip(freedom, scales)]
    torch.testing.assert_close(D.kl_divergence(p, D.Wishart(freedom, scales)), torch.stack(entries))


def test_divergences_are_found_by_class() -> None:
    class Mine(D.Normal):
        pass

    p = Mine(0.0, 1.0)
    assert D.kl_divergence(p, D.Normal(1.0, 1.0)).item() == 0.5
    with pytest.raises(NotImplementedError, match="p type Mine and q type Bernoulli"):
        D.kl_divergence(p, D.Bernoulli(0.5))
    with pytest.raises(TypeError, match="Distribution subclass"):
        D.register_kl(3, D.Normal)  # type: ignore[arg-type]
    rule = D.register_kl(Mine, D.Bernoulli)(lambda p, q: torch.tensor(7.0))
    try:
        assert D.kl_divergence(p, D.Bernoulli(0.5)) == rule(None, None)
    finally:
        del D.kl._RULES[Mine, D.Bernoulli]


@pytest.mark.parametrize(
    "transform",
    [
        D.ExpTransform(),
        D.PowerTransform(2.0),
        D.SigmoidTransform(),
        D.SoftplusTransform(),
        D.TanhTransform(),
        D.AffineTransform(1.0, torch.tensor([-2.0, 0.5, 3.0]).double()),
        D.ComposeTransform([D.ExpTransform(), D.AffineTransform(0.0, 2.0)]),
        D.StickBreakingTransform(),
        D.ReshapeTransform((3,), (3, 1)),
        D.CatTransform([D.ExpTransform(), D.SigmoidTransform()], -1, [1, 2]),
        D.StackTransform([D.ExpTransform(), D.TanhTransform(), D.identity_transform], -1),
        D.CumulativeDistributionTransform(D.Normal(0.5, 2.0)),
    ],
    ids=lambda t: type(t).__name__,
)
def test_transforms_invert_and_know_their_jacobian(transform: Any) -> None:
    x = torch.tensor([0.3, 1.1, 0.7], dtype=torch.float64)
    y = transform(x)
    assert torch.allclose(transform.inv(y), x)
    assert transform.inv.inv is transform
    J = torch.autograd.functional.jacobian(transform, x)
    J = J.reshape(-1, 3)[:3]  # of a point of the simplex the last entry follows
    change = transform.log_abs_det_jacobian(x, y).sum()
    assert torch.allclose(change, J.det().abs().log())
    assert transform.inv.log_abs_det_jacobian(y, x).sum() == -change


def test_correlations_from_numbers() -> None:
    transform = D.CorrCholeskyTransform()
    x = torch.tensor([0.3, -1.1, 0.7], dtype=torch.float64)
    y = transform(x)
    assert D.constraints.corr_cholesky.check(y)
    assert torch.allclose(transform.inv(y), x)
    J = torch.autograd.functional.jacobian(lambda x: transform(x)[[1, 2, 2], [0, 0, 1]], x)
    assert torch.allclose(transform.log_abs_det_jacobian(x, y), J.det().abs().log())
    assert transform.forward_shape((5, 3)) == (5, 3, 3)
    assert transform.inverse_shape((5, 3, 3)) == (5, 3)
    with pytest.raises(ValueError, match="flattened lower-diagonal"):
        transform.forward_shape((4,))
    with pytest.raises(ValueError, match="not square"):
        transform.inverse_shape((2, 3))


def test_constraints_of_matrices() -> None:
    c = D.constraints
    definite = torch.tensor([[2.0, 0.5], [0.5, 1.0]])
    assert c.square.check(definite)
    assert not c.square.check(definite[:1])
    assert c.symmetric.check(definite)
    assert not c.symmetric.check(definite.tril())
    assert c.positive_semidefinite.check(torch.ones(2, 2) + 1e-6 * torch.eye(2))
    assert not c.positive_semidefinite.check(-definite)
    assert not c.positive_definite.check(definite[:1])
    for constraint in (c.positive_definite, c.positive_semidefinite):
        made = D.transform_to(constraint)(torch.randn(3, 2, 2))
        assert constraint.check(made).all()
        there = D.PositiveDefiniteTransform()
        assert torch.allclose(there(there.inv(made)), made, atol=1e-5)


@pytest.mark.parametrize("registry", [D.transform_to, D.biject_to])
def test_constraints_of_parts(registry: Any) -> None:
    c, x = D.constraints, torch.tensor([[-2.0, 0.5, 0.3], [1.0, 0.1, -0.2]])
    parts = c.cat([c.positive, c.unit_interval], -1, [1, 2])
    assert parts.check(registry(parts)(x)).all()
    assert parts.check(x).tolist() == [[False, True, True], [True, True, False]]
    rows = c.stack([c.positive, c.less_than(-3.0)], 0)
    assert rows.check(registry(rows)(x)).all()
    assert (rows.event_dim, rows.is_discrete, parts.is_discrete) == (0, False, False)
    corr = registry(c.corr_cholesky)(x)
    assert c.corr_cholesky.check(corr).all()
    for made in (c.cat, c.stack):
        with pytest.raises(AssertionError, match="Constraint instances"):
            made([1.0])
    with pytest.raises(AssertionError, match="must match"):
        c.cat([c.real], 0, [1, 2])
    with pytest.raises(AssertionError, match="must match"):
        D.CatTransform([D.ExpTransform()], 0, [1, 2])
    with pytest.raises(AssertionError, match="expected size 3"):
        D.CatTransform([D.ExpTransform()], 0, [3])(x)
    with pytest.raises(AssertionError, match="Transform instances"):
        D.StackTransform([1.0])


def test_transforms_reach_what_a_constraint_allows() -> None:
    c, x = D.constraints, torch.tensor([[-2.0, 0.5], [1.0, 0.1]])
    for constraint in (
        c.real, c.positive, c.nonnegative, c.greater_than(2.0), c.less_than(-1.0), c.unit_interval,
        c.interval(-1.0, 3.0), c.half_open_interval(0.0, 2.0), c.simplex,
        c.independent(c.positive, 1),
    ):  # fmt: skip
        assert constraint.check(D.transform_to(constraint)(x)).all()
        there = D.biject_to(constraint)
        torch.testing.assert_close(there.inv(there(x)), x)
    assert c.lower_cholesky.check(D.transform_to(c.lower_cholesky)(x)).all()
    with pytest.raises(NotImplementedError, match="Cannot transform _Boolean constraints"):
        D.biject_to(c.boolean)


def test_a_mixture_needs_matching_parts() -> None:
    t = torch.tensor
    with pytest.raises(ValueError, match="instance of torch"):
        D.MixtureSameFamily(D.Normal(0.0, 1.0), D.Normal(t([0.0, 1.0]), 1.0))
    with pytest.raises(ValueError, match=r"component` \(3\) does not equal .* \(2\)"):
        D.MixtureSameFamily(D.Categorical(t([1.0, 1.0, 1.0])), D.Normal(t([0.0, 1.0]), 1.0))


def test_the_angles_of_von_mises() -> None:
    torch.manual_seed(0)
    for k in (1e-7, 0.5, 3.0, 50.0):
        d = D.VonMises(torch.tensor(1.0, dtype=torch.float64), torch.tensor(k))
        x = d.sample((4000,))
        assert ((x >= -math.pi) & (x < math.pi)).all()
        resultant = (x - 1.0).cos().mean()  # its expectation is 1 - the circular variance
        assert abs(resultant - (1 - d.variance)) < 4.5 * (0.5 / 4000) ** 0.5


def test_the_ratios_of_fisher_and_snedecor() -> None:
    torch.manual_seed(0)
    d = D.FisherSnedecor(torch.tensor(5.0), torch.tensor(30.0))
    x = d.sample((4000,))
    assert abs(x.mean() - d.mean) < 4.5 * (d.variance / 4000).sqrt()
    assert x.var() == pytest.approx(d.variance.item(), rel=0.2)


def test_the_old_name_of_several_samples(torch: Any) -> None:
    with pytest.warns(FutureWarning, match="deprecated"):
        assert torch.distributions.Normal(torch.zeros(2), 1.0).sample_n(3).shape == (3, 2)


def test_an_expanded_subclass_keeps_its_class() -> None:
    one = torch.tensor(1.0)
    for kind, arguments in {
        D.Gumbel: (one, one),
        D.Weibull: (one, one),
        D.Pareto: (one, one),
        D.Kumaraswamy: (one, one),
        D.Independent: (D.Normal(torch.zeros(2), 1.0), 1),
        D.LowRankMultivariateNormal: (torch.zeros(2), torch.ones(2, 1), torch.ones(2)),
    }.items():
        mine = type("Mine", (kind,), {})
        found = mine(*arguments).expand((3,))
        assert type(found) is mine
        assert found.batch_shape == (3,)


def test_the_inverse_of_several_transforms() -> None:
    both = D.ComposeTransform([D.AffineTransform(1.0, 2.0), D.ExpTransform()])
    assert isinstance(both.inv, D.ComposeTransform)
    assert both.inv.inv is both
    assert both.inv(both(torch.tensor(0.3))).item() == pytest.approx(0.3)
    assert D.transforms.identity_transform == D.transforms.identity_transform.inv
    assert pickle.loads(pickle.dumps(both)) == both


def test_gamma_takes_numbers() -> None:
    assert D.Gamma(1.0, 1.0).log_prob(0).item() == 0.0


def test_supports_of_classes() -> None:
    for kind in (D.Independent, D.TransformedDistribution):
        assert isinstance(kind.support, D.constraints.Constraint)


def test_expanding_a_class_of_ones_own() -> None:
    class Own(D.Normal):
        def expand(self, batch_shape, _instance=None):  # type: ignore[no-untyped-def]
            new = self._get_checked_instance(Own, _instance)
            new.loc = self.loc.expand(batch_shape)
            new.scale = self.scale.expand(batch_shape)
            D.Distribution.__init__(new, torch.Size(batch_shape), validate_args=False)
            return new

    assert Own(torch.zeros(2), torch.ones(2)).expand((3, 2)).sample().shape == (3, 2)

    class Other(Own):
        def __init__(self) -> None:
            super().__init__(torch.zeros(2), torch.ones(2))

    with pytest.raises(NotImplementedError, match=r"must also define a custom .expand\(\)"):
        Other().expand((3, 2))


def test_what_a_class_leaves_out_is_warned_of(torch: Any) -> None:
    class Point(torch.distributions.Distribution):
        pass

    with pytest.warns(UserWarning, match="does not define `arg_constraints`"):
        point = Point(validate_args=True)
    with pytest.warns(UserWarning, match="does not define `support`"):
        point._validate_sample(torch.zeros(2))


@pytest.mark.parametrize("name", ["Independent", "MixtureSameFamily", "TransformedDistribution"])
def test_a_support_that_depends_on_the_instance(torch: Any, name: str) -> None:
    with pytest.raises(NotImplementedError):
        _ = getattr(torch.distributions, name).support.event_dim


@pytest.mark.parametrize("name", ["standard_gamma", "sample_dirichlet"])
def test_draws_by_the_names_of_functions(name: str) -> None:
    a = torch.tensor([0.5, 2.0, 3.0], requires_grad=True)
    x = getattr(torch, f"_{name}")(a, torch.Generator().manual_seed(5))
    torch.manual_seed(5)
    y = (D.Dirichlet(a) if "dirichlet" in name else D.Gamma(a, torch.ones(3))).rsample()
    weights = torch.tensor([1.0, 2.0, -1.0])
    slopes = [torch.autograd.grad((weights * draw).sum(), a)[0] for draw in (x, y)]
    assert torch.equal(x, y)
    assert torch.equal(*slopes)


class Rate(D.ExponentialFamily):
    """The exponential distribution by what makes it one of an exponential family."""

    arg_constraints = {"rate": D.constraints.positive}
    support = D.constraints.nonnegative
    _mean_carrier_measure = 0

    def __init__(self, rate: torch.Tensor) -> None:
        self.rate = rate
        super().__init__(rate.shape)

    @property
    def _natural_params(self) -> tuple[torch.Tensor]:
        return (-self.rate,)

    def _log_normalizer(self, theta: torch.Tensor) -> torch.Tensor:
        return -(-theta).log()


def test_an_exponential_family_has_entropy_and_divergence() -> None:
    p, q = torch.tensor([0.5, 2.0]), torch.tensor([1.5, 0.3])
    assert torch.allclose(Rate(p).entropy(), D.Exponential(p).entropy())
    expected = D.kl_divergence(D.Exponential(p), D.Exponential(q))
    assert torch.allclose(D.kl_divergence(Rate(p), Rate(q)), expected)
    with pytest.raises(NotImplementedError, match="between different exponential families"):
        D.kl_divergence(Rate(p), D.Gamma(p, q))
    with pytest.raises(NotImplementedError, match="Poisson does not define"):
        D.Poisson(p).entropy()


@pytest.mark.parametrize(
    "of",
    [
        lambda: D.Normal(torch.tensor([0.5, -1.0]), torch.tensor([0.7, 2.0])),
        lambda: D.Exponential(torch.tensor([0.5, 2.0])),
        lambda: D.Gamma(torch.tensor([0.5, 2.0]), torch.tensor([3.0, 0.4])),
        lambda: D.Chi2(torch.tensor([0.5, 3.0])),
        lambda: D.Bernoulli(torch.tensor([0.3, 0.9])),
        lambda: D.ContinuousBernoulli(torch.tensor([0.3, 0.4995, 0.5, 0.9])),
        lambda: D.Wishart(torch.tensor([3.0, 4.5]), torch.tensor([[2.0, 0.5], [0.5, 1.0]])),
    ],
)
def test_entropies_follow_from_the_log_normalizer(of: Any) -> None:
    family = of()
    entropy = D.ExponentialFamily.entropy(family)
    assert torch.allclose(entropy, family.entropy(), rtol=1e-5, atol=1e-5)


def test_log_normalizers_are_what_the_densities_are_divided_by() -> None:
    def normalizer(family: Any) -> torch.Tensor:
        return family._log_normalizer(*family._natural_params)

    x, a, b = torch.tensor(0.3), torch.tensor(2.0), torch.tensor(3.5)
    expected = (a - 1) * x.log() + (b - 1) * (1 - x).log() - D.Beta(a, b).log_prob(x)
    assert torch.allclose(normalizer(D.Beta(a, b)), expected)
    assert torch.allclose(normalizer(D.Dirichlet(torch.stack([a, b]))), expected)
    assert torch.allclose(normalizer(D.Poisson(a)), -D.Poisson(a).log_prob(torch.tensor(0.0)))


def test_caches_of_transforms_hold_one_pair() -> None:
    with pytest.raises(ValueError, match="cache_size must be 0 or 1"):
        D.transforms.ExpTransform().with_cache(2)
