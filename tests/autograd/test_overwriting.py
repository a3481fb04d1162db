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


I, ROWS = torch.tensor, torch.tensor([3, 0, 3])
WRITES_AT_PLACES: dict[str, Callable[..., Any]] = {
    "index_add": lambda f, x: f("index_add", 0, ROWS, x.new_ones(3, 6)),
    "index_add scaled": lambda f, x: f("index_add", -2, ROWS, x.new_ones(3, 6), alpha=2),
    "index_add columns": lambda f, x: f("index_add", 1, I([5, 5]), x.new_ones(5, 2)),
    "index_add of itself": lambda f, x: f("index_add", 0, ROWS, x[1:4]),
    "index_copy": lambda f, x: f("index_copy", 1, I([4, 0]), x.new_ones(5, 2)),
    "index_copy of itself": lambda f, x: f("index_copy", 0, I([0, 1]), x[1:3]),
    "index_fill": lambda f, x: f("index_fill", 1, I([-1, 2]), 3),
    "index_fill tensor": lambda f, x: f("index_fill", 0, ROWS, x.new_ones(())),
    "masked_fill": lambda f, x: f("masked_fill", x > 0, -2),
    "masked_fill a column": lambda f, x: f("masked_fill", x[:, :1] > 0, 2.0),
    "masked_scatter": lambda f, x: f("masked_scatter", x > 0, x.new_ones(30)),
    "masked_scatter of itself": lambda f, x: f("masked_scatter", x > 0, x.flatten()),
    "put": lambda f, x: f("put", I([[-1, 3]]), x.new_ones(2)),
    "put sums": lambda f, x: f("put", I([2, 2]), x.new_ones(2), accumulate=True),
    "scatter": lambda f, x: f("scatter", 1, I([[0, 3], [5, 2]]), x.new_ones(3, 2)),
    "scatter number": lambda f, x: f("scatter", -1, I([[2], [0]]), 7),
    "scatter value": lambda f, x: f("scatter", 0, I([[2, 0]]), value=7),
    "scatter product": lambda f, x: f("scatter", 0, I([[2, 0]]), x.new_ones(1, 2), reduce="add"),
    "scatter of itself": lambda f, x: f("scatter", 0, I([[1] * 6]), x[2:3]),
    "scatter_add": lambda f, x: f("scatter_add", 1, I([[0, 0], [5, 0]]), x.new_ones(3, 2)),
    "scatter_add rows": lambda f, x: f(
        "scatter_add", 0, ROWS[:, None].expand(-1, 6), x.new_ones(3, 6)
    ),
}


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8", "float16"])
@pytest.mark.parametrize("layout", ["rows", "columns", "part"])
@pytest.mark.parametrize("write", WRITES_AT_PLACES)
def test_values_at_places_are_those_of_the_op_out_of_place(
    write: str, layout: str, dtype: str
) -> None:
    torch.manual_seed(0)
    x = (torch.randn(7, 6) * 3).to(getattr(torch, dtype))
    x = {"rows": x[:5].clone(), "columns": x[:5].t().contiguous().t(), "part": x[1:6]}[layout]
    call, before, version = WRITES_AT_PLACES[write], x.clone(), x._version
    wanted = call(lambda name, *args, **named: getattr(before, name)(*args, **named), before)
    y = call(lambda name, *args, **named: getattr(x, f"{name}_")(*args, **named), x)
    assert y is x
    assert x._version > version
    assert x.tolist() == wanted.tolist()


def test_many_rows_are_added_in_place() -> None:
    x, index = torch.zeros(10, 32), torch.arange(1000) % 7
    assert x.index_add_(0, index, torch.ones(1000, 32))[:, 5].tolist() == [143] * 6 + [142, 0, 0, 0]


def test_a_place_that_does_not_exist_is_refused_and_nothing_changes() -> None:
    x = torch.zeros(2, 2)
    for write in (
        lambda: x.index_add_(0, I([0, 2]), torch.ones(2, 2)),
        lambda: x.index_copy_(0, I([0, -1]), torch.ones(2, 2)),
        lambda: x.index_fill_(0, I([0, 2]), 1),
        lambda: x.put_(I([0, 4]), torch.ones(2)),
        lambda: x.scatter_(0, I([[0, 2]]), 1.0),
        lambda: x.scatter_add_(0, I([[0, -1]]), torch.ones(1, 2)),
    ):
        with pytest.raises((IndexError, RuntimeError)):
            write()
    for refused in (
        lambda: x.index_add_(0, I([0]), torch.ones(1, 2, dtype=torch.float64)),
        lambda: x.masked_fill_(x, 1.0),
        lambda: x.masked_scatter_(x == 0, torch.ones(3)),
        lambda: x.scatter_(0, I([[0, 1]]), torch.ones(1, 1)),
    ):
        with pytest.raises(RuntimeError):
            refused()
    assert x.tolist() == [[0, 0], [0, 0]]


def test_writes_at_places_that_are_recorded_have_their_gradients() -> None:
    x, y = torch.zeros(3), torch.ones(2, requires_grad=True)
    (x.index_add_(0, I([2, 2]), y * 3) * 2).sum().backward()
    assert y.grad is not None
    assert y.grad.tolist() == [6, 6]
