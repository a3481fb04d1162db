"""Normalization in half precision."""

from __future__ import annotations

import pytest

import minitorch_dl as torch


def test_the_usual_eps_of_rms_norm_is_that_of_float32() -> None:
    pytest.importorskip("ml_dtypes")
    x = torch.tensor([[0.01, 0.02, 0.03, 0.04]])
    exact = torch.nn.functional.rms_norm(x, (4,))
    for dtype in (torch.float16, torch.bfloat16):
        y = torch.nn.functional.rms_norm(x.to(dtype), (4,))
        torch.testing.assert_close(y.float(), exact, rtol=0.01, atol=0.0)


@pytest.mark.parametrize("norm", ["rms_norm", "layer_norm"])
def test_gradients_of_numbers_whose_squares_are_no_float16(norm: str) -> None:
    values = [[300.0, -500.0, 700.0, 20.0]]
    slopes = []
    for dtype in (torch.float32, torch.float16):
        x = torch.tensor(values, dtype=dtype, requires_grad=True)
        y = getattr(torch.nn.functional, norm)(x, (4,))
        (dx,) = torch.autograd.grad(y, x, torch.tensor([[1.0, 2.0, 5.0, -3.0]], dtype=dtype))
        slopes.append(dx.float())
    torch.testing.assert_close(slopes[1], slopes[0], rtol=2e-3, atol=1e-6)
