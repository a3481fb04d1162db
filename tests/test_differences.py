"""What ``docs/differences.md`` says of the differences from PyTorch."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl import nn
from minitorch_dl.autograd.gradcheck import GradcheckError
from minitorch_dl.testing import assert_close, standin

TABLE = Path(__file__).resolve().parents[1] / "docs" / "differences.md"


def test_the_table_and_the_tests_agree() -> None:
    named = re.findall(r"`(test_\w+)` \|$", TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    here = {name for name in globals() if name.startswith("test_")}
    assert sorted(named) == sorted(here - {"test_the_table_and_the_tests_agree"})


@pytest.mark.parametrize(
    ("name", "kind"),
    [("complex32", "complex"), ("sparse", "sparse"), ("quantize_per_tensor", "quantized")],
)
def test_kinds_of_tensors_left_out(name: str, kind: str) -> None:
    with pytest.raises(AttributeError, match=f"{kind} .* not supported"):
        getattr(torch, name)


def test_conjugates_are_copies() -> None:
    z = torch.tensor([1 + 2j, 3 - 1j])
    conjugates = z.conj()
    assert not conjugates.is_conj()
    conjugates[0] = 0
    assert z[0].item() == 1 + 2j


def test_lbfgs_takes_real_parameters() -> None:
    with pytest.raises(NotImplementedError, match="LBFGS"):
        torch.optim.LBFGS([torch.tensor([1j], requires_grad=True)])


def test_compiling_returns_the_function() -> None:
    def f(x: torch.Tensor) -> torch.Tensor:
        return x + 1

    assert torch.compile(f) is f
    assert torch.jit.script(f) is f


def test_jvp_by_double_backward() -> None:
    x, v = torch.tensor([0.5, 1.0]).double(), torch.tensor([2.0, -1.0]).double()
    y, slope = torch.func.jvp(torch.sin, (x,), (v,))
    assert_close(y, torch.sin(x))
    assert_close(slope, torch.cos(x) * v)


def test_an_overwritten_output() -> None:
    x = torch.tensor([0.5, -1.0], dtype=torch.float64, requires_grad=True)
    y = x.clone().sigmoid_()
    y.mul_(2)
    y.sum().backward()
    s = 1 / (1 + np.exp(-x.detach().numpy()))
    np.testing.assert_allclose(x.grad.numpy(), 2 * s * (1 - s))


@pytest.mark.parametrize("device", ["cpu", "standin"])
def test_indices_out_of_range_raise_on_every_device(device: str) -> None:
    standin.register()
    x = torch.ones(3, device=device)
    with pytest.raises(IndexError, match="out of"):
        x[torch.tensor([5], device=device)].sum().item()
    with pytest.raises((IndexError, RuntimeError), match="out of"):
        weight = torch.ones(3, 2, device=device)
        nn.functional.embedding(torch.tensor([5], device=device), weight).sum().item()


def test_sync_batch_norm_trains_on_the_cpu() -> None:
    x = torch.randn(4, 3, 2)
    assert_close(nn.SyncBatchNorm(3)(x), nn.BatchNorm1d(3)(x))


def test_negative_tolerances() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        assert_close(1.0, 1.0, rtol=-1.0, atol=0.0)


def test_a_bool_and_a_number() -> None:
    with pytest.raises(TypeError, match="No comparison pair"):
        assert_close(True, 1)


class WrongSquare(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: torch.Tensor) -> torch.Tensor:
        return x * x

    @staticmethod
    def backward(ctx: object, g: torch.Tensor) -> torch.Tensor:
        return g * 3


def test_gradcheck_explains() -> None:
    x = torch.tensor([1.5, 0.2], dtype=torch.float64, requires_grad=True)
    with pytest.raises(GradcheckError) as caught:
        torch.autograd.gradcheck(WrongSquare.apply, x)
    assert "at output index (1,) and input index (1,)" in str(caught.value)
    assert "probably wrong" in str(caught.value)


def test_gradcheck_of_a_large_function() -> None:
    x = torch.linspace(-1, 1, 3000, dtype=torch.float64).requires_grad_()
    calls = []

    def f(x: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        return x.tanh()

    assert torch.autograd.gradcheck(f, x)
    assert len(calls) < 100
