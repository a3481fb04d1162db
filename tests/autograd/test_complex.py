"""Complex numbers: the convention of their gradients, what is refused, parts, printing, steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.autograd.gradcheck import GradcheckError
from minitorch_dl.testing import assert_close

Z = [1 + 2j, 3 - 1j, 0.5j]


def leaf(values: Any = Z) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.complex128, requires_grad=True)


def test_the_gradient_holds_the_derivatives_by_both_parts() -> None:
    z = leaf()
    x, y = (part.clone().requires_grad_() for part in (z.detach().real, z.detach().imag))
    (z * z * (2 - 1j)).abs().sum().backward()
    w = torch.complex(x, y)
    (w * w * (2 - 1j)).abs().sum().backward()
    assert_close(z.grad, torch.complex(x.grad, y.grad))


def test_a_real_input_gets_a_real_gradient() -> None:
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    ((x * (1 + 1j)).imag * 3 + (x + 2j).abs() ** 2).sum().backward()
    assert x.grad.dtype is torch.float32
    assert_close(x.grad, 3 + 2 * x.detach())


def test_gradcheck_moves_both_parts() -> None:
    z = leaf()
    assert torch.autograd.gradcheck(lambda z: z * z.conj() / (z + 2), z)
    assert torch.autograd.gradgradcheck(lambda z: z.exp() * z.conj(), z)

    class NotConjugated(torch.autograd.Function):
        @staticmethod
        def forward(ctx, z):
            ctx.save_for_backward(z)
            return z * z

        @staticmethod
        def backward(ctx, g):
            (z,) = ctx.saved_tensors
            return g * 2 * z

    with pytest.raises(GradcheckError, match="Jacobian mismatch"):
        torch.autograd.gradcheck(NotConjugated.apply, z)


@pytest.mark.parametrize(
    "op",
    [
        torch.relu, torch.floor, torch.sign, torch.max, torch.sort, torch.median, torch.erf,
        torch.unique, torch.histc, torch.nansum, torch.lgamma,
        lambda z: z < z, lambda z: z % 2, lambda z: z.clamp(0, 1), lambda z: torch.atan2(z, z),
        lambda z: torch.softmax(z, 0), lambda z: torch.maximum(z, z),
        lambda z: torch.nn.functional.mse_loss(z, z), lambda z: torch.ones(3).mul_(z),
    ],
)  # fmt: skip
def test_what_complex_numbers_don_t_have_is_refused(op: Any) -> None:
    with pytest.raises(RuntimeError, match=r"not implemented for .Complex|can.t be cast"):
        op(torch.tensor(Z))


@pytest.mark.parametrize("factors", [torch.linalg.svd, torch.linalg.eigh, torch.linalg.eig])
def test_a_loss_that_depends_on_the_phase_is_refused(factors: Any) -> None:
    torch.manual_seed(0)
    a = torch.randn(3, 3, dtype=torch.complex128)
    a = (a + a.mH).requires_grad_()
    vectors = factors(a)[0 if factors is torch.linalg.svd else 1]
    with pytest.raises(RuntimeError, match="phase"):
        (vectors.real * torch.randn(3, 3, dtype=torch.float64)).sum().backward(retain_graph=True)
    vectors.abs().sum().backward()


def test_a_complex_loss_needs_its_gradient() -> None:
    z = leaf()
    with pytest.raises(RuntimeError, match="only for real scalar outputs"):
        (z * z).sum().backward()
    (z * z).sum().backward(torch.tensor(1 + 0j))
    assert_close(z.grad, 2 * z.detach().conj())


def test_halves_have_no_complex_numbers() -> None:
    with pytest.raises(RuntimeError, match="float16 parts"):
        torch.ones(2, dtype=torch.float16) * 1j


def test_losing_the_imaginary_part_warns() -> None:
    with pytest.warns(UserWarning, match="discards the imaginary part"):
        x = torch.tensor(Z).float()
    assert_close(x, torch.tensor([1.0, 3.0, 0.0]))


def test_parts_are_views() -> None:
    z = torch.tensor(Z)
    z.real[0] = 7
    z.imag.zero_()
    torch.view_as_real(z)[1, 1] = 5
    assert z.tolist() == [7, 3 + 5j, 0]
    pairs = torch.zeros(2, 2)
    torch.view_as_complex(pairs).fill_(1 - 2j)
    assert pairs.tolist() == [[1, -2], [1, -2]]


def test_printing() -> None:
    z = torch.tensor([[1 + 2j, -3.5], [0.25j, 4]], dtype=torch.complex128, requires_grad=True)
    assert repr(z) == (
        "tensor([[ 1.0000+2.0000j, -3.5000+0.0000j],\n"
        "        [ 0.0000+0.2500j,  4.0000+0.0000j]], dtype=torch.complex128,\n"
        "       requires_grad=True)"
    )
    assert repr(torch.tensor([1j, 2 - 1j])) == "tensor([0.+1.j, 2.-1.j])"


def test_random_parts_have_half_of_the_variance() -> None:
    torch.manual_seed(0)
    parts = torch.randn(20) / np.sqrt(2)
    torch.manual_seed(0)
    z = torch.randn(10, dtype=torch.complex64)
    assert_close(torch.view_as_real(z).flatten(), parts)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "NAdam"])
def test_complex_parameters_step_as_pairs(name: str) -> None:
    z = torch.nn.Parameter(torch.tensor(Z))
    pairs = torch.nn.Parameter(torch.view_as_real(torch.tensor(Z)))
    optimizers = [getattr(torch.optim, name)([p], lr=0.1) for p in (z, pairs)]
    for step in range(5):
        if step == 3:  # the state survives
            fresh = getattr(torch.optim, name)([z], lr=0.1)
            fresh.load_state_dict(optimizers[0].state_dict())
            optimizers[0] = fresh
        for p, optimizer in zip((z, pairs), optimizers):
            optimizer.zero_grad()
            w = p if p.is_complex() else torch.view_as_complex(p)
            ((w - 1j).abs() ** 2).sum().backward()
            optimizer.step()
    assert_close(torch.view_as_real(z), pairs)
