"""Infinities and NaN are results, also for a program that makes errors of warnings."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

import minitorch_dl as torch
from minitorch_dl.nn import functional as F

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

ZERO, MINUS, LARGE, INFINITE = 0.0, -1.0, 3e38, math.inf

CALLS: dict[str, tuple[Callable[..., Any], list[float], list[float]]] = {
    "log": (torch.log, [ZERO, 1.0], [-INFINITE, 0.0]),
    "reciprocal of a tensor": (lambda x: 1 / x, [ZERO, 2.0], [INFINITE, 0.5]),
    "division by a number": (lambda x: x / 0, [MINUS], [-INFINITE]),
    "sqrt": (torch.sqrt, [MINUS, 4.0], [math.nan, 2.0]),
    "exp": (torch.exp, [1e4], [INFINITE]),
    "pow": (lambda x: x**-1, [ZERO], [INFINITE]),
    "product": (lambda x: x * x, [LARGE], [INFINITE]),
    "softmax": (lambda x: F.softmax(x, 0), [INFINITE, 1.0], [math.nan, math.nan]),
    "sigmoid": (torch.sigmoid, [-1000.0, 0.0], [0.0, 0.5]),
    "silu": (F.silu, [-1000.0, 0.0], [0.0, 0.0]),
    "sum": (lambda x: x.sum(), [LARGE, LARGE], [INFINITE]),
    "cumsum": (lambda x: x.cumsum(0), [LARGE, LARGE], [LARGE, INFINITE]),
    "std": (lambda x: x.std(), [INFINITE, 1.0], [math.nan]),
    "fmod": (lambda x: torch.fmod(x, 0.0), [1.0], [math.nan]),
    "lgamma": (torch.lgamma, [ZERO], [INFINITE]),
    "to float16": (lambda x: x.half(), [1e6], [INFINITE]),
    "cat of products": (lambda x: torch.cat([x * 10, x]), [LARGE], [INFINITE, LARGE]),
    "bce": (
        lambda x: F.binary_cross_entropy(x, torch.ones(2), reduction="none"), [ZERO, 1.0],
        [100.0, 0.0],
    ),
    "log_": (lambda x: x.clone().log_(), [ZERO], [-INFINITE]),
    "div_": (lambda x: x.clone().div_(0), [1.0], [INFINITE]),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_forward(name: str) -> None:
    call, values, expected = CALLS[name]
    for recorded in (False, True):
        y = call(torch.tensor(values, requires_grad=recorded))
        torch.testing.assert_close(
            y.detach().reshape(-1).float(), torch.tensor(expected), equal_nan=True
        )


@pytest.mark.parametrize("create_graph", [False, True])
def test_backward(create_graph: bool) -> None:
    x = torch.tensor([0.0, 4.0], requires_grad=True)
    (g,) = torch.autograd.grad((x.sqrt() + x.clamp(min=0.25)).sum(), x, create_graph=create_graph)
    assert g.tolist() == [math.inf, 1.25]


def test_gradients_that_overflow_when_added() -> None:
    x = torch.tensor([3e38], requires_grad=True)
    ((x + 0) * 2e38 + (x + 0) * 2e38).backward()
    assert x.grad.tolist() == [math.inf]


def test_the_warnings_of_a_function_of_the_users_own() -> None:
    class Half(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 0.5

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            raise RuntimeWarning("look here")

    with pytest.raises(RuntimeWarning, match="look here"):
        Half.apply(torch.ones(1, requires_grad=True)).backward()


def test_optimizers_and_norms_of_huge_gradients() -> None:
    p = torch.nn.Parameter(torch.ones(3))
    for name in ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad"):
        p.grad = torch.full((3,), 1e30)
        getattr(torch.optim, name)([p], lr=1e-3).step()
    p.grad = torch.full((3,), 1e30)
    torch.nn.utils.clip_grad_norm_([p], 1.0)
    assert torch.allclose(torch.tensor([math.inf]), torch.tensor([math.inf]))
