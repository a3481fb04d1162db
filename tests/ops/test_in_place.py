"""In-place methods of which nothing is recorded: computed in the tensor's memory, with the values
of the ops out of place."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.backend.blocks import BLOCK

SIZES = (7, 2 * BLOCK + 5)
"""Computed at once, and in parts."""


def operands(n: int) -> tuple[Any, ...]:
    torch.manual_seed(0)
    return torch.rand(n) + 0.5, torch.rand(n) + 0.5, torch.rand(n) + 0.5


CASES: list[tuple[str, Any, dict[str, Any]]] = [
    ("add", lambda y, z: (y,), {}),
    ("add", lambda y, z: (y,), {"alpha": -0.3}),
    ("add", lambda y, z: (2,), {}),
    ("sub", lambda y, z: (y,), {"alpha": 0.3}),
    ("mul", lambda y, z: (y,), {}),
    ("mul", lambda y, z: (y[:1],), {}),
    ("div", lambda y, z: (3.0,), {}),
    ("div", lambda y, z: (y,), {"rounding_mode": "floor"}),
    ("lerp", lambda y, z: (y, 0.3), {}),
    ("lerp", lambda y, z: (y, z), {}),
    ("addcmul", lambda y, z: (y, z), {"value": -0.7}),
    ("addcmul", lambda y, z: (y, y), {}),
    ("addcdiv", lambda y, z: (y, z), {"value": 0.7}),
    ("clamp", lambda y, z: (0.7, 1), {}),
    ("clamp", lambda y, z: (), {"max": 0.9}),
    ("sqrt", lambda y, z: (), {}),
    ("exp", lambda y, z: (), {}),
    ("pow", lambda y, z: (2,), {}),
    ("eq", lambda y, z: (y,), {}),
]


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize(("name", "others", "numbers"), CASES)
def test_the_values_are_those_of_the_op(name: str, others: Any, numbers: Any, n: int) -> None:
    x, y, z = operands(n)
    wanted = getattr(torch, name)(x, *others(y, z), **numbers).to(x.dtype).numpy().copy()
    if "alpha" in numbers:  # rounded once, as PyTorch rounds it, or product and sum apart
        step = np.float64(np.float32(numbers["alpha"])) * (-1 if name == "sub" else 1)
        once = (x.double().numpy() + step * y.double().numpy()).astype(np.float32)
    else:
        once = wanted
    memory = x.numpy()
    assert getattr(x, f"{name}_")(*others(y, z), **numbers) is x
    assert ((x.numpy() == wanted) | (x.numpy() == once)).all()
    assert x.numpy() is memory or np.shares_memory(x.numpy(), memory)
    assert x._version == 1


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", ["add", "addcmul", "lerp", "copy"])
def test_operands_that_lie_in_the_same_memory(name: str, n: int) -> None:
    (whole, *_) = operands(n + 1)
    x, y = whole[1:], whole[:-1]
    before, other = x.clone(), y.clone()
    if name == "add":
        x.add_(y, alpha=2.0)
        wanted = before + 2.0 * other
    elif name == "addcmul":
        x.addcmul_(y, x)
        wanted = before + other * before
    elif name == "lerp":
        x.lerp_(y, 0.25)
        wanted = before + 0.25 * (other - before)
    else:
        x.copy_(y)
        wanted = other
    assert torch.equal(x, wanted)


def test_values_of_other_dtypes_are_converted() -> None:
    x = torch.ones(4)
    x.copy_(torch.arange(4, dtype=torch.float64) / 3)
    assert torch.equal(x, (torch.arange(4, dtype=torch.float64) / 3).float())
    assert torch.equal(x.copy_(torch.arange(4)), torch.arange(4.0))
    x += torch.full((4,), 0.5, dtype=torch.float64)
    assert torch.equal(x, torch.arange(4.0) + 0.5)


def test_no_second_array_is_made() -> None:
    x, y, _ = operands(SIZES[1])
    for write in (
        lambda: x.mul_(0.5),
        lambda: x.add_(y),
        lambda: x.sqrt_(),
        lambda: x.zero_(),
        lambda: x.fill_(2.0),
        lambda: x.copy_(y),
        lambda: x.clamp_(0.2, 0.8),
    ):
        write()
        tracemalloc.start()
        write()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < x.nbytes / 8


def test_what_is_recorded_still_is() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf Variable"):
        x.mul_(2.0)
    with torch.no_grad():
        x.mul_(2.0)
    y = torch.ones(2)
    y.mul_(x).add_(x, alpha=3.0)
    (y * y).sum().backward()
    assert torch.equal(x.grad, 2 * 4.0 * (4.0 * x.detach()))
    z = torch.zeros(2, 2)
    z[0].copy_(x)
    assert z.requires_grad


def test_a_write_that_fails_changes_nothing() -> None:
    for shape in ((4,), (3, 3)):
        x = torch.ones(3)
        with pytest.raises(RuntimeError):
            x.add_(torch.ones(shape))
        assert x._version == 0
        assert torch.equal(x, torch.ones(3))
    for x in (torch.ones(1).expand(3), torch.ones(3).as_strided((3,), (0,))):
        for write in (x.neg_, lambda x=x: x.mul_(2.0), lambda x=x: x.copy_(torch.ones(3))):
            with pytest.raises(RuntimeError, match="single memory location"):
                write()
        assert x.fill_(2).tolist() == [2, 2, 2]


def test_a_stale_value_is_noticed() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    w = torch.ones(2)
    for write in (lambda: w.mul_(2.0), w.zero_, lambda: w.copy_(torch.ones(2)), lambda: w.fill_(3)):
        y = (x * w).sum()
        write()
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            y.backward()
