"""``addmm`` and its relatives with ``beta=0``: the input's values don't count, its history does."""

from __future__ import annotations

from typing import Any

import pytest

SHAPES = {
    "addmm": ((2, 2), (2, 3), (3, 2)),
    "addmv": ((2,), (2, 3), (3,)),
    "addr": ((2, 3), (2,), (3,)),
    "baddbmm": ((2, 2, 2), (2, 2, 3), (2, 3, 2)),
    "addbmm": ((2, 2), (2, 2, 3), (2, 3, 2)),
}


@pytest.mark.parametrize("op", SHAPES)
def test_an_input_that_does_not_count_has_a_zero_gradient(torch: Any, op: str) -> None:
    x, a, b = (torch.ones(shape) for shape in SHAPES[op])
    x.fill_(float("nan")).requires_grad_()
    y = getattr(torch, op)(x, a, b, beta=0)
    assert y.requires_grad
    assert torch.equal(y.detach(), getattr(torch, op)(x.detach(), a, b, beta=0))
    assert not y.isnan().any()
    y.sum().backward()
    assert torch.equal(x.grad, torch.zeros_like(x))


@pytest.mark.parametrize("op", SHAPES)
def test_the_factors_have_their_gradients_beside_it(torch: Any, op: str) -> None:
    x, a, b = (torch.ones(shape, requires_grad=True) for shape in SHAPES[op])
    getattr(torch, op)(x, a, b, beta=0, alpha=2).sum().backward()
    beside = [t.detach().requires_grad_() for t in (a, b)]
    getattr(torch, op)(x.detach(), *beside, beta=0, alpha=2).sum().backward()
    assert torch.equal(a.grad, beside[0].grad)
    assert torch.equal(b.grad, beside[1].grad)
