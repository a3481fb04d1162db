"""Gradients of gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minitorch_dl
from minitorch_dl.autograd.primitive import PRIMITIVES


def nth_derivative(torch, f, at: float, n: int) -> float:
    x = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    y = f(x)
    for _ in range(n):
        (y,) = torch.autograd.grad(y, x, create_graph=True)
    return y.item()


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_closed_forms(torch, n) -> None:
    at = 0.7
    assert math.isclose(
        nth_derivative(torch, lambda x: x.exp(), at, n), math.exp(at), rel_tol=1e-12
    )
    assert math.isclose(
        nth_derivative(torch, lambda x: x.sin(), at, n),
        math.sin(at + n * math.pi / 2),
        rel_tol=1e-12,
    )
    falling = math.prod(range(6, 6 - n, -1))
    assert math.isclose(
        nth_derivative(torch, lambda x: x**6, at, n), falling * at ** (6 - n), rel_tol=1e-12
    )
    log = (-1) ** (n + 1) * math.factorial(n - 1) / at**n
    assert math.isclose(nth_derivative(torch, lambda x: x.log(), at, n), log, rel_tol=1e-12)


def test_tanh_has_the_derivatives_of_tanh(torch) -> None:
    t = math.tanh(0.4)
    expected = [1 - t**2, -2 * t * (1 - t**2), (1 - t**2) * (6 * t**2 - 2)]
    for n, value in enumerate(expected, 1):
        assert math.isclose(nth_derivative(torch, lambda x: x.tanh(), 0.4, n), value, rel_tol=1e-12)


def test_mixed_second_derivatives(torch) -> None:
    x = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    w = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    y = x**3 * w**2
    gx, gw = torch.autograd.grad(y, [x, w], create_graph=True)
    assert torch.autograd.grad(gx, w, retain_graph=True)[0].item() == 6 * 4 * 3
    assert torch.autograd.grad(gw, x)[0].item() == 6 * 4 * 3


def test_backward_with_create_graph(torch, recwarn) -> None:
    x = torch.tensor(2.0, requires_grad=True)
    (x**3).backward(create_graph=True)
    assert x.grad.requires_grad
    g, x.grad = x.grad, None
    g.backward()
    assert x.grad.item() == 12
    x.grad = None


def test_create_graph_keeps_the_graph(torch) -> None:
    x = torch.tensor(2.0, requires_grad=True)
    y = x**3
    torch.autograd.grad(y, x, create_graph=True)
    (g,) = torch.autograd.grad(y, x)
    assert g.item() == 12
    assert not g.requires_grad


def test_the_penalty_of_a_gradient(torch) -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    w = torch.tensor([0.5, -0.5], requires_grad=True)
    (g,) = torch.autograd.grad(((x * w) ** 2).sum(), x, create_graph=True)  # 2 x w^2
    (g**2).sum().backward()  # 4 x^2 w^4
    assert np.allclose(w.grad.tolist(), [16 * 1 * 0.125, 16 * 4 * -0.125])
    assert np.allclose(x.grad.tolist(), [8 * 1 * 0.0625, 8 * 2 * 0.0625])


def test_a_gradient_computed_inside_no_grad_is_plain(torch) -> None:
    x = torch.tensor(2.0, requires_grad=True)
    y = x**3
    with torch.no_grad():
        (g,) = torch.autograd.grad(y, x, create_graph=True)
    assert g.item() == 12


@pytest.mark.parametrize("name", sorted(name for name, p in PRIMITIVES.items() if p.composite))
def test_every_fused_op_has_a_composite_and_a_backward(name) -> None:
    assert PRIMITIVES[name].backward is not None
    assert callable(PRIMITIVES[name].composite)


def test_second_derivatives_of_a_fused_op_are_those_of_its_composite() -> None:
    torch = minitorch_dl
    rng = np.random.default_rng(0)
    values = torch.tensor(rng.standard_normal((3, 4)))
    weight = torch.tensor(rng.standard_normal((3, 4)))

    def hessian_product(softmax):
        x = values.clone().requires_grad_()
        y = softmax(softmax(x))  # twice, so that one op's gradient flows through the other's
        (g,) = torch.autograd.grad((y * weight).sum(), x, create_graph=True)
        (h,) = torch.autograd.grad((g * weight).sum(), x)
        return g.detach().numpy(), h.numpy()

    def composite(x):
        e = (x - x.amax(1, keepdim=True).detach()).exp()
        return e / e.sum(1, keepdim=True)

    for fused, plain in zip(
        hessian_product(lambda x: torch.softmax(x, 1)), hessian_product(composite)
    ):
        np.testing.assert_allclose(fused, plain, rtol=1e-12, atol=1e-14)
