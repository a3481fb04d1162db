"""Steps that autograd records: ``differentiable=True``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch

CASES = {
    "SGD": ("SGD", {"weight_decay": 0.1}),
    "momentum": ("SGD", {"momentum": 0.9, "dampening": 0.2}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "Adam": ("Adam", {"weight_decay": 0.1, "maximize": True}),
    "amsgrad": ("Adam", {"amsgrad": True}),
    "AdamW": ("AdamW", {"weight_decay": 0.1}),
    "NAdam": ("NAdam", {}),
    "RAdam": ("RAdam", {}),
    "Adadelta": ("Adadelta", {}),
    "Adagrad": ("Adagrad", {"lr_decay": 0.1}),
    "Adamax": ("Adamax", {}),
    "ASGD": ("ASGD", {}),
    "RMSprop": ("RMSprop", {"momentum": 0.9}),
    "centered": ("RMSprop", {"centered": True}),
    "Rprop": ("Rprop", {}),
}
STEPS = 2


def trained(torch: Any, case: str, start: Any, slope: Any, lr: Any, steps: int = STEPS) -> Any:
    """A parameter after some steps, whose gradients are functions of ``slope``."""
    name, options = CASES[case]
    parameter = start * 1
    optimizer = getattr(torch.optim, name)([parameter], lr=lr, differentiable=True, **options)
    for n in range(steps):
        parameter.grad = slope.sin() * (n + 1) + 0.1
        optimizer.step()
    return parameter


def numbers(torch: Any) -> list[Any]:
    return [
        torch.tensor(values, dtype=torch.float64, requires_grad=True)
        for values in ([1.0, -2.0, 3.0], [0.5, 0.2, -0.7])
    ]


@pytest.mark.parametrize("case", CASES)
def test_the_step_is_the_one_that_is_not_recorded(case: str) -> None:
    start, slope = numbers(torch)
    name, options = CASES[case]
    found = trained(torch, case, start, slope, 0.1)
    parameter = start.detach().clone().requires_grad_()
    optimizer = getattr(torch.optim, name)([parameter], lr=0.1, **options)
    for n in range(STEPS):
        parameter.grad = slope.detach().sin() * (n + 1) + 0.1
        optimizer.step()
    torch.testing.assert_close(found.detach(), parameter.detach())
    assert found.requires_grad


@pytest.mark.parametrize("case", CASES)
def test_derivatives(case: str) -> None:
    start, slope = numbers(torch)
    assert torch.autograd.gradcheck(
        lambda start, slope: trained(torch, case, start, slope, 0.1), (start, slope)
    )


@pytest.mark.parametrize("case", [case for case in CASES if case != "Rprop"])
def test_the_derivative_by_the_learning_rate(case: str) -> None:
    start, slope = (x.detach() for x in numbers(torch))
    lr = torch.tensor(0.1, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda lr: trained(torch, case, start, slope, lr), (lr,))


def test_complex_parameters() -> None:
    start = torch.tensor([1 + 2j, -1j], dtype=torch.complex128, requires_grad=True)
    slope = torch.tensor([0.3j, 1 + 0j], dtype=torch.complex128)
    assert torch.autograd.gradcheck(
        lambda start: trained(torch, "amsgrad", start, slope, 0.1), (start,)
    )


def test_leaves_can_not_be_written() -> None:
    leaf = torch.ones(2, requires_grad=True)
    leaf.grad = torch.ones(2)
    optimizer = torch.optim.SGD([leaf], lr=0.1, differentiable=True)
    with pytest.raises(RuntimeError, match="leaf"):
        optimizer.step()
    with pytest.raises(RuntimeError, match="`fused` does not support `differentiable`"):
        torch.optim.SGD([leaf], lr=0.1, differentiable=True, fused=True)


@pytest.mark.parity
@pytest.mark.parametrize("case", [case for case in CASES if case not in ("momentum", "nesterov")])
def test_live(case: str) -> None:
    pytorch = pytest.importorskip("torch")
    found = []
    for library in (torch, pytorch):
        start, slope = numbers(library)
        end = trained(library, case, start, slope, 0.1, steps=1)
        grads = library.autograd.grad((end**2).sum(), (start, slope), allow_unused=True)
        found.append([end, *(0 * end if g is None else g for g in grads)])
    for a, b in zip(*found):
        # PyTorch counts the steps in float32, and computes the bias corrections from them in it.
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=2e-5, atol=1e-6)
