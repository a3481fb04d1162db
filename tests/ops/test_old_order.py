"""PyTorch's order of arguments until 1.5, in which the numbers that scale come by position."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import minitorch_dl

PAIRS = {
    "torch.add(x, 2, y)": "torch.add(x, y, alpha=2)",
    "torch.add(x, 2, y, out=z)": "torch.add(x, y, alpha=2)",
    "x.add_(-0.5, y)": "x.add_(y, alpha=-0.5)",
    "x.sub(2, y)": "x.sub(y, alpha=2)",
    "x.sub_(2, y)": "x.sub_(y, alpha=2)",
    "torch.addcmul(x, 2, y, z)": "torch.addcmul(x, y, z, value=2)",
    "x.addcmul_(2, y, z)": "x.addcmul_(y, z, value=2)",
    "x.addcdiv_(-0.1, y, z)": "x.addcdiv_(y, z, value=-0.1)",
    "torch.addmm(2, x, 3, m, n)": "torch.addmm(x, m, n, beta=2, alpha=3)",
    "torch.addmm(2, x, m, n)": "torch.addmm(x, m, n, beta=2)",
    "x.addmm_(2, 3, m, n)": "x.addmm_(m, n, beta=2, alpha=3)",
    "x.addmm(2, m, n)": "x.addmm(m, n, beta=2)",
    "torch.addmv(2, v, 3, n.T, w)": "torch.addmv(v, n.T, w, beta=2, alpha=3)",
    "torch.addr(2, x, 3, m[:, 0], v)": "torch.addr(x, m[:, 0], v, beta=2, alpha=3)",
    "torch.addbmm(2, x, 3, m[None], n[None])": "torch.addbmm(x, m[None], n[None], beta=2, alpha=3)",
    "x.add_(s, y)": "x.add_(y, alpha=2)",
    "x.addcdiv(s, y, z)": "x.addcdiv(y, z, value=2)",
    "torch.addmm(s, x, 3, m, n)": "torch.addmm(x, m, n, beta=2, alpha=3)",
    "torch.addmm(s, x, s, m, n)": "torch.addmm(x, m, n, beta=2, alpha=2)",
    "torch.baddbmm(2, x[None], m[None], n[None])":
        "torch.baddbmm(x[None], m[None], n[None], beta=2)",
}  # fmt: skip


def result(torch: Any, call: str) -> list[float]:
    values = {
        "x": torch.arange(6.0).view(2, 3) + 1, "y": torch.full((2, 3), 2.0),
        "z": torch.full((2, 3), 3.0), "m": torch.ones(2, 4), "n": torch.arange(12.0).view(4, 3),
        "v": torch.arange(3.0), "w": torch.arange(4.0), "s": torch.tensor(2.0),
    }  # fmt: skip
    return eval(call, {"torch": torch}, values).flatten().tolist()


@pytest.mark.parametrize("call", PAIRS)
def test_numbers_by_position(call: str) -> None:
    with pytest.warns(UserWarning, match=r"This overload of \w+ is deprecated"):
        got = result(minitorch_dl, call)
    assert got == result(minitorch_dl, PAIRS[call])


@pytest.mark.parametrize("call", PAIRS)
def test_numbers_by_position_in_pytorch(call: str) -> None:
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = result(torch, call)
        got = result(minitorch_dl, call)
    assert got == pytest.approx(expected)


@pytest.mark.parametrize(
    "call",
    ["torch.add(x, y, 2)", "x.add_(y, 2)", "x.addcmul_(y, z, 2)", "x.add(2, y, y)",
     "x.addmm(2, 3, m)", "x.add(1, 2, y)", "x.add(s.requires_grad_(), y)", "x.add(v, y)",
     "x.add(y, s)"],
)  # fmt: skip
def test_numbers_after_the_tensors_are_refused(call: str) -> None:
    with pytest.raises(TypeError, match="positional arguments but"):
        result(minitorch_dl, call)
