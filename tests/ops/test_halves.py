"""16-bit floats: sums that are longer than those could count, and functions of several steps, which
are rounded once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
import minitorch_dl.nn.functional as F

N = 5000
AT = torch.zeros(N, dtype=torch.int64)

CASES: dict[str, Any] = {
    "a broadcast operand": ((N, 2), (2,), lambda x, b: x + b),
    "a matrix for a batch": ((N, 2, 2), (1, 2, 2), lambda x, a: a @ x),
    "einsum": ((2, N), (2, N), lambda x, y: torch.einsum("bi,bi->b", x, y)),
    "gather": ((2,), (1,), lambda x, b: torch.gather(x, 0, AT)),
    "index_select": ((2, 2), (1,), lambda x, b: torch.index_select(x, 0, AT)),
    "scatter_add": ((N,), (1,), lambda x, b: torch.zeros_like(x).scatter_add(0, AT, x)),
    "cumprod": ((N,), (1,), lambda x, b: torch.cumprod(x, 0)),
    "logcumsumexp": ((N,), (1,), lambda x, b: torch.logcumsumexp(x, 0)),
    "amax": ((N,), (1,), lambda x, b: torch.amax(x, 0)),
    "conv_transpose1d": (
        (1, 2, N),
        (2,),
        lambda x, b: F.conv_transpose1d(x, torch.ones(2, 2, 1, dtype=x.dtype), b),
    ),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("name", CASES)
def test_sums_keep_growing(name: str, dtype: Any) -> None:
    if dtype is torch.bfloat16:
        pytest.importorskip("ml_dtypes")
    *shapes, function = CASES[name]

    def results(dtype: Any) -> list[Any]:
        inputs = [torch.ones(shape, dtype=dtype, requires_grad=True) for shape in shapes]
        y = function(*inputs)
        grads = torch.autograd.grad(y.sum(), inputs, allow_unused=True)
        return [y.double(), *(g.double() for g in grads if g is not None)]

    for half, exact in zip(results(dtype), results(torch.float64)):
        torch.testing.assert_close(half, exact, rtol=2e-2, atol=2e-2)


ROUNDED_ONCE: dict[str, Any] = {
    "mish": F.mish,
    "softplus": F.softplus,
    "hardswish": F.hardswish,
    "hardsigmoid": F.hardsigmoid,
    "elu": F.elu,
    "tanh": torch.tanh,
    "erf": torch.erf,
    "glu": F.glu,
    "rsqrt": lambda x: torch.rsqrt(x.abs()),
    "quotient": lambda x: 0.3 / x,
    "addcmul": lambda x: torch.addcmul(x, x, x, value=0.3),
    "addcdiv": lambda x: torch.addcdiv(x, x, x, value=0.3),
    "lerp": lambda x: torch.lerp(x, x.flip(0), 0.3),
    "interpolate": lambda x: F.interpolate(x[None, None], size=(3, 5), mode="bilinear"),
    "adaptive_avg_pool2d": lambda x: F.adaptive_avg_pool2d(x[None], (3, 2)),
}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("name", ROUNDED_ONCE)
def test_a_function_is_rounded_once(name: str, dtype: Any) -> None:
    if dtype is torch.bfloat16:
        pytest.importorskip("ml_dtypes")
    function = ROUNDED_ONCE[name]
    torch.manual_seed(0)
    x = torch.randn(4, 6).to(dtype)

    def results(x: Any) -> tuple[Any, Any]:
        x = x.requires_grad_()
        y = function(x)
        return y, torch.autograd.grad(y, x, torch.ones_like(y))[0]

    y, g = results(x.clone())
    exact_y, exact_g = results(x.float())
    assert y.dtype is g.dtype is dtype
    assert torch.equal(y, exact_y.to(dtype))
    # Where x comes several times, so do rounded gradients.
    size = exact_g.abs().max().item()
    torch.testing.assert_close(g.float(), exact_g, rtol=0, atol=2 * size * torch.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_a_factor_keeps_its_digits_and_a_term_does_not(dtype: Any) -> None:
    if dtype is torch.bfloat16:
        pytest.importorskip("ml_dtypes")
    torch.manual_seed(0)
    x = torch.randn(500).to(dtype)
    assert torch.equal(x * 0.1, (x.float() * 0.1).to(dtype))
    tenth = torch.tensor(0.1).to(dtype).item()
    assert torch.equal(x + 0.1, (x.float() + tenth).to(dtype))


def test_every_float16_is_widened_right():
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    for a in (every, every[:20000], every.reshape(256, 256).T):
        x = torch.from_numpy(a).float().numpy()
        np.testing.assert_array_equal(x, a.astype(np.float32))
        np.testing.assert_array_equal(np.signbit(x), np.signbit(a))
