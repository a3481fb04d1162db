"""Shapes that broadcast to nothing: the error names the op, the operands and the dim."""

from __future__ import annotations

import pytest

import minitorch_dl as torch

A, B = torch.ones(2, 3), torch.ones(4)


@pytest.mark.parametrize(
    "call",
    [
        lambda: A + B,
        lambda: torch.maximum(A, B),
        lambda: torch.where(A > 0, A, B),
        lambda: A.masked_fill(B > 0, 1.0),
        lambda: torch.masked_select(A, B > 0),
        lambda: torch.normal(A, B),
        lambda: torch.cosine_similarity(A, B),
        lambda: torch.nn.functional.mse_loss(A, torch.ones(2, 4)),
        lambda: A.clone().add_(B),
    ],
)
@pytest.mark.filterwarnings("ignore:Using a target size")
def test_broadcasting_errors_name_the_dim(call) -> None:
    words = r"tensor a \(3\) must match the size of tensor b \(4\) at non-singleton dimension 1"
    with pytest.raises(RuntimeError, match=words):
        call()


def test_pointwise_errors_name_the_operands() -> None:
    with pytest.raises(RuntimeError, match=r"add\(a=float32 \(2, 3\), b=float32 \(4,\)\)"):
        A + B
