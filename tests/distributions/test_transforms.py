"""What transforms of distributions say of themselves: the same here and in PyTorch."""

from __future__ import annotations

import math
from typing import Any

import pytest


def close(torch: Any, a: Any, b: Any) -> None:
    assert torch.allclose(torch.as_tensor(a), torch.as_tensor(b), rtol=1e-5), (a, b)


def test_composed_transforms(torch: Any) -> None:
    D = torch.distributions
    both = D.ComposeTransform([D.ExpTransform(), D.AffineTransform(0.0, -2.0)])
    assert both.bijective
    assert both.sign == -1
    assert both == D.ComposeTransform([D.ExpTransform(), D.AffineTransform(0.0, -2.0)])
    assert both != D.ExpTransform()
    assert repr(both).startswith("ComposeTransform(\n    ExpTransform(),\n    AffineTransform(")
    x = torch.tensor([0.5, 1.0])
    y = both(x)
    close(torch, y, -2 * x.exp())
    close(torch, both.log_abs_det_jacobian(x, y), x + torch.tensor(2.0).log())
    assert both.inv.bijective
    assert both.inv.inv is both
    assert both.inv.domain is not None
    close(torch, both.inv(y), x)


def test_composing_nothing(torch: Any) -> None:
    D = torch.distributions
    nothing = D.ComposeTransform([])
    x = torch.tensor([0.5, 1.0])
    assert nothing(x) is x
    assert nothing.domain is D.constraints.real
    assert nothing.codomain is D.constraints.real
    assert nothing.log_abs_det_jacobian(x, x).tolist() == [0.0, 0.0]


def test_events_of_independent_transforms(torch: Any) -> None:
    D = torch.distributions
    rows = D.IndependentTransform(D.ExpTransform(), 1)
    x = torch.tensor([[0.5, 1.0], [2.0, 0.1]])
    y = rows(x)
    close(torch, y, x.exp())
    close(torch, rows.inv(y), x)
    close(torch, rows.log_abs_det_jacobian(x, y), x.sum(1))
    assert rows.bijective
    assert rows.sign == 1
    assert rows.domain.event_dim == rows.codomain.event_dim == 1
    assert rows.forward_shape((3, 2)) == rows.inverse_shape((3, 2)) == (3, 2)


def test_shapes_of_reshaping(torch: Any) -> None:
    D = torch.distributions
    t = D.ReshapeTransform((2, 3), (6,))
    assert t.forward_shape((5, 2, 3)) == (5, 6)
    assert t.inverse_shape((5, 6)) == (5, 2, 3)
    assert (t.domain.event_dim, t.codomain.event_dim) == (2, 1)
    with pytest.raises(ValueError, match="Shape mismatch"):
        t.forward_shape((2, 4))
    with pytest.raises(ValueError, match="elements"):
        D.ReshapeTransform((2, 3), (5,))


def test_the_cache_of_a_transform(torch: Any) -> None:
    D = torch.distributions
    x = torch.tensor([0.5])
    t = D.ExpTransform(cache_size=1)
    assert t(x) is t(x)
    y = torch.tensor([2.0])
    assert t.inv(y) is t.inv(y)
    assert D.ExpTransform().with_cache(1)(x) is not None
    assert t.with_cache(1) is t
    assert t.with_cache(0) is not t
    with pytest.raises(ValueError, match="cache_size must be 0 or 1"):
        D.ExpTransform(cache_size=2)


def test_transforms_and_distributions_that_are_modules(torch: Any) -> None:
    D, nn = torch.distributions, torch.nn

    class Scale(D.Transform, nn.Module):
        domain = codomain = D.constraints.real
        bijective = True
        __hash__ = nn.Module.__hash__

        def __init__(self) -> None:
            super().__init__(cache_size=1)
            self.layer = nn.Linear(1, 1, bias=False)

        def _call(self, x: Any) -> Any:
            return self.layer(x)

    class Learned(D.Normal, nn.Module):
        def __init__(self) -> None:
            super().__init__(torch.zeros(1), torch.ones(1))
            self.weight = nn.Parameter(torch.ones(1))

    t, x = Scale(), torch.ones(2, 1)
    assert [name for name, _ in t.named_parameters()] == ["layer.weight"]
    y = t(x)
    assert t.inv(y) is x
    assert t._cached_x_y == (x, y)
    assert len(list(Learned().parameters())) == 1


def test_dimensions_of_events(torch: Any) -> None:
    D = torch.distributions
    assert D.ExpTransform().event_dim == 0
    with pytest.raises(ValueError, match=r"domain.event_dim or .codomain.event_dim"):
        _ = D.ReshapeTransform((2, 3), (6,)).event_dim


def test_transforms_as_text_and_equal(torch: Any) -> None:
    D = torch.distributions
    assert repr(D.ExpTransform()) == "ExpTransform()"
    inner = D.IndependentTransform(D.ExpTransform(), 1)
    assert repr(inner) == "IndependentTransform(ExpTransform(), 1)"
    assert repr(D.ExpTransform().inv) == "_InverseTransform(ExpTransform())"
    assert D.ExpTransform() == D.ExpTransform()
    assert D.ExpTransform().inv == D.ExpTransform().inv
    assert D.ExpTransform().inv != D.SigmoidTransform().inv


def test_transforms_of_parts(torch: Any) -> None:
    D = torch.distributions
    both = [D.ExpTransform(), D.identity_transform]
    t = D.CatTransform([D.CatTransform(both, -1, [1, 1]), D.StickBreakingTransform()], 0, [1, 1])
    assert t.length == 2
    assert not D.CatTransform([D.AbsTransform()]).bijective
    parts = D.CatTransform(both, dim=0, lengths=[1, 2], cache_size=1)
    x = torch.tensor([0.5, -1.0, 2.0])
    y = parts(x)
    assert parts.inv(y) is x
    assert parts.log_abs_det_jacobian(x, y).tolist() == [0.5, 0.0, 0.0]
    vectors = D.CatTransform([D.SoftmaxTransform(), D.StickBreakingTransform()], dim=0)
    assert vectors.event_dim == 1
    stacked = D.StackTransform(both, dim=0)
    z = torch.tensor([[0.5, -1.0], [2.0, 3.0]])
    assert stacked.log_abs_det_jacobian(z, stacked(z)).tolist() == [[0.5, -1.0], [0.0, 0.0]]
    assert stacked.domain.event_dim == stacked.codomain.event_dim == 0
    assert parts.codomain.check(y).all()
    affine = D.CatTransform([D.AffineTransform(0.0, 2.0, event_dim=1)] * 2, 0, [1, 2])
    assert abs(affine.log_abs_det_jacobian(x, affine(x)).item() - 3 * math.log(2)) < 1e-6
    uniform = D.CumulativeDistributionTransform(D.Normal(0.0, 1.0), cache_size=1)
    assert uniform.domain is D.constraints.real
    assert uniform.with_cache(0).distribution is uniform.distribution
