"""The workloads for peers with an API of their own: here on a library that is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from benchmarks import peers, workloads
from benchmarks.__main__ import PEERS, main


def axes(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, axis, keepdims=False: function(x, dim=axis, keepdim=keepdims)


class Ours(peers.Library):
    """This engine under NumPy's names."""

    np = SimpleNamespace(
        **{name: getattr(torch, name) for name in ("exp", "log", "sqrt", "tanh", "matmul")},
        sum=lambda x, axis=None, keepdims=False: x.sum(dim=axis, keepdim=keepdims),
        mean=axes(torch.mean),
        max=axes(torch.amax),
        maximum=lambda x, bound: x.clamp(min=bound),
        swapaxes=torch.transpose,
    )

    def __init__(self, threads: int = 1) -> None:
        self.losses: list[float] = []

    def constant(self, array: Any) -> Any:
        return torch.from_numpy(array)

    def erf(self, x: Any) -> Any:
        return torch.erf(x)

    def step(self, function: Any, arrays: Sequence[Any]) -> Any:
        given = [torch.from_numpy(a).requires_grad_() for a in arrays]
        y = function(*given)
        return lambda: torch.autograd.grad(y, given, torch.ones_like(y))

    def training(self, loss: Any, params: Sequence[Any]) -> Any:
        adam = peers._Adam(params)

        def step() -> None:
            given = [torch.from_numpy(p).requires_grad_() for p in params]
            value = loss(*given)
            adam.step([g.numpy() for g in torch.autograd.grad(value, given)])
            self.losses.append(value.item())

        return step


def test_they_are_workloads_of_the_suite() -> None:
    assert set(peers.WORKLOADS) <= set(workloads.WORKLOADS)


@pytest.mark.parametrize("name", [n for n in peers.WORKLOADS if "large" not in n])
def test_they_run(name: str) -> None:
    peers.WORKLOADS[name](Ours())()


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        ("softmax", lambda x: torch.softmax(x, -1)),
        ("layer_norm", lambda x: torch.nn.functional.layer_norm(x, x.shape[-1:])),
        ("gelu", torch.nn.functional.gelu),
        ("relu", torch.relu),
    ],
)
def test_their_formulas(op: str, expected: Any) -> None:
    x = torch.randn(3, 5)
    torch.testing.assert_close(getattr(Ours(), op)(x), expected(x))


def test_their_training_steps_are_adams() -> None:
    lib = Ours()
    start = [np.ones((8, 6), np.float32), np.zeros(6, np.float32)]
    model = torch.nn.Linear(8, 6)
    with torch.no_grad():
        model.weight.fill_(1)
        model.bias.zero_()
    x, labels = torch.randn(5, 8), np.array([0, 2, 1, 5, 3])
    step = lib.training(lambda w, b: lib.cross_entropy(x @ w + b, labels), start)
    optimizer, losses = torch.optim.Adam(model.parameters()), []
    for _ in range(3):
        step()
        loss = torch.nn.functional.cross_entropy(model(x), torch.from_numpy(labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    np.testing.assert_allclose(lib.losses, losses, rtol=1e-5)


def test_what_is_not_installed_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.__main__.PEERS", (*PEERS, "no_such_library"))
    options = ["--peers", "no_such_library", "--rounds", "1", "--seconds", "0.01"]
    assert main(["inference", *options]) == 0
    out, err = capfd.readouterr()
    assert "left out: no_such_library" in err
    assert "inference/MLP one sample" in out
