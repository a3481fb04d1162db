"""Writes over a tensor itself, where nothing is recorded: the values of the op out of place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch

WRITES: dict[str, Callable[..., Any]] = {
    "add_": lambda x, y: x.add_(y),
    "add_ scaled": lambda x, y: x.add_(y, alpha=0.5),
    "sub_ scaled": lambda x, y: x.sub_(y, alpha=2),
    "mul_ number": lambda x, y: x.mul_(3),
    "div_": lambda x, y: x.div_(y),
    "lerp_": lambda x, y: x.lerp_(y, 0.25),
    "addcmul_": lambda x, y: x.addcmul_(y, y, value=0.5),
    "addcdiv_": lambda x, y: x.addcdiv_(y, y + 5, value=-2),
    "clamp_": lambda x, y: x.clamp_(-0.5, 0.5),
    "clamp_ below": lambda x, y: x.clamp_(min=0),
    "exp_": lambda x, y: x.exp_(),
    "copy_": lambda x, y: x.copy_(y),
    "fill_": lambda x, y: x.fill_(2),
    "zero_": lambda x, y: x.zero_(),
}
LAYOUTS: dict[str, Callable[[int], tuple[Any, Any]]] = {
    "alike": lambda n: (torch.randn(n, 8), torch.randn(n, 8)),
    "a row": lambda n: (torch.randn(n, 8), torch.randn(8)),
    "one number": lambda n: (torch.randn(8 * n), torch.randn(1)),
    "transposed": lambda n: (torch.randn(8, n).t(), torch.randn(n, 8)),
    "overlapping": lambda n: (lambda a: (a[1:], a[:-1]))(torch.randn(8 * n)),
    "itself": lambda n: (lambda a: (a, a))(torch.randn(8 * n)),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("rows", [3, 5000, 20000])
def test_values_are_those_of_float64(write: str, layout: str, rows: int) -> None:
    torch.manual_seed(0)
    x, y = LAYOUTS[layout](rows)
    wanted = WRITES[write](x.double().clone(), y.double().clone()).numpy()
    before, version = x.data_ptr(), x._version
    assert WRITES[write](x, y) is x
    assert x.data_ptr() == before
    assert x._version > version
    np.testing.assert_allclose(x.numpy(), wanted, rtol=2e-6, atol=1e-6)


def test_a_write_that_is_recorded_has_its_gradient() -> None:
    x, y = torch.ones(3), torch.ones(3, requires_grad=True)
    (x.add_(y, alpha=2) * x).sum().backward()
    assert y.grad is not None
    assert y.grad.tolist() == [12, 12, 12]
    leaf = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf Variable"):
        leaf.mul_(2)
    with torch.no_grad():
        assert leaf.mul_(2).tolist() == [2, 2]


def test_a_saved_value_that_is_overwritten_is_noticed() -> None:
    x = torch.ones(3, requires_grad=True)
    factor = torch.ones(3)
    y = x * factor
    factor.add_(1)
    with pytest.raises(RuntimeError, match="add_"):
        y.sum().backward()


def test_what_does_not_fit_is_refused_and_changes_nothing() -> None:
    x = torch.ones(2)
    for write in (lambda: x.add_(torch.ones(3, 2)), lambda: x.lerp_(torch.ones(3, 2), 0.5)):
        with pytest.raises(RuntimeError):
            write()
    with pytest.raises(RuntimeError):
        torch.ones(1).expand(3).add_(1)
    assert x.tolist() == [1, 1]
