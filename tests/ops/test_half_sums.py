"""Sums of 16-bit floats that are longer than those could count: of gradients, of gathered rows."""

from __future__ import annotations

from typing import Any

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
