"""NumPy's functions on tensors compute what NumPy does, and give tensors."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch_dl as mt

VALUES = [0.5, 2.0, 3.0]


@pytest.mark.filterwarnings("ignore:__array_wrap__")  # of PyTorch's
@pytest.mark.parametrize("name", ["maximum", "fmin", "hypot", "logaddexp", "arctan2", "add"])
@pytest.mark.parametrize("number", [1.5, 2, np.float64(1.5), np.int64(2)])
@pytest.mark.parametrize("kind", ["float32", "float64", "int64"])
def test_functions_of_a_tensor_and_a_number(torch: Any, name: str, number: Any, kind: str) -> None:
    function = getattr(np, name)
    x = torch.tensor(VALUES).to(getattr(torch, kind))
    orders = [(x, number)]
    if name != "add" or not isinstance(number, np.generic):  # which is an operator's call, too
        orders.append((number, x))
    for a, b in orders:
        y = function(a, b)
        expected = function(*[v.numpy() if v is x else v for v in (a, b)])
        assert isinstance(y, torch.Tensor)
        assert y.numpy().dtype == expected.dtype
        assert (y.numpy() == expected).all()


@pytest.mark.parametrize(
    "function", [operator.add, operator.mul, operator.truediv, operator.lt, operator.eq]
)
def test_operators_of_numpys_numbers(torch: Any, function: Callable[..., Any]) -> None:
    for x in (torch.tensor(VALUES), torch.tensor([1, 2])):
        for number in (np.float64(2.0), np.int64(2)):
            left, right = function(number, x), function(x, number)
            assert (left.dtype, right.dtype) == (function(number.item(), x).dtype,) * 2
            assert left.tolist() == function(number.item(), x).tolist()


def test_derivatives_are_kept() -> None:
    x = mt.tensor(VALUES, requires_grad=True)
    y = np.tanh(x) + np.maximum(x, mt.ones(3))
    y.sum().backward()
    assert mt.equal(x.grad, 1 - x.detach().tanh() ** 2 + (x.detach() > 1))
