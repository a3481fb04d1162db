"""Parts of a model recorded as graphs give what the parts give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl import nn
from minitorch_dl.nn import functional as F
from minitorch_dl.testing import fake_gpu

from .simulated_gpu import install
from .test_graphs import GPUS


@pytest.fixture(params=GPUS)
def gpu(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    if request.param == "real":
        yield None
        return
    monkeypatch.setattr(fake_gpu, "recorder", None)
    yield install(monkeypatch)
    assert fake_gpu.recorder is None, "a capture was not ended"


def draw(*shape: int, seed: int = 0) -> Any:
    values = np.random.default_rng(seed).normal(size=shape).astype("float32")
    return torch.from_numpy(values).to("cuda")


def losses(graphed: bool) -> tuple[list[float], list[Any]]:
    """Of a model of two parts with a loss that is not recorded; gradients add up over two
    batches."""
    torch.manual_seed(0)
    first = nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.GELU()).to("cuda")
    second = nn.Linear(8, 4).to("cuda")
    optimizer = torch.optim.SGD([*first.parameters(), *second.parameters()], lr=0.1, momentum=0.9)
    if graphed:
        sample = draw(5, 8).requires_grad_()
        first, second = torch.cuda.make_graphed_callables(
            (first, second), ((draw(5, 6),), (sample,))
        )
    found = []
    for step in range(4):
        optimizer.zero_grad(set_to_none=step % 2 == 0)
        for half in range(2):
            x, y = draw(5, 6, seed=2 * step + half), torch.arange(5, device="cuda") % 4
            loss = F.cross_entropy(second(first(x)), y)
            loss.backward()
            found.append(loss.item())
        optimizer.step()
    assert first(draw(5, 6)).shape == (5, 8)
    return found, [p.detach().cpu() for p in (*first.parameters(), *second.parameters())]


def test_training_goes_as_without(gpu: Any) -> None:
    expected, weights = losses(graphed=False)
    found, others = losses(graphed=True)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    for a, b in zip(others, weights):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


def test_a_function_of_nested_outputs(gpu: Any) -> None:
    def function(x: Any, y: Any) -> Any:
        return {"both": [x * y, (x > 0).float()], "one": x.sin()}

    x, y = draw(3).requires_grad_(), draw(3, seed=1)
    made = torch.cuda.make_graphed_callables(function, (x, y))
    a = draw(3, seed=2).requires_grad_()
    result = made(a, y)
    assert list(result) == ["both", "one"]
    assert not result["both"][1].requires_grad
    (result["both"][0].sum() + 2 * result["one"].sum()).backward()
    torch.testing.assert_close(a.grad, y + 2 * a.detach().cos())
    assert x.grad is None
    with pytest.raises(TypeError, match="2 tensors"):
        made(a)


def test_evaluation_is_left_alone(gpu: Any) -> None:
    module = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5)).to("cuda")
    x = draw(4, 3)
    made = torch.cuda.make_graphed_callables(module, (x,))
    assert made is module
    assert (module(x) == 0).any().item()
    assert not torch.equal(module(x).clone(), module(x))  # other elements are dropped
    module.eval()
    torch.testing.assert_close(module(x), F.linear(x, module[0].weight, module[0].bias))
    assert module(x[:2]).shape == (2, 3)


def test_what_can_not_be_recorded_is_said(gpu: Any) -> None:
    module = nn.Linear(2, 2).to("cuda")
    with pytest.raises(TypeError, match="tensors only, got a int"):
        torch.cuda.make_graphed_callables(module, (3,))
    inputs = (draw(2).requires_grad_(), draw(2).requires_grad_())
    with pytest.raises(RuntimeError, match="allow_unused"):
        torch.cuda.make_graphed_callables(lambda x, y: x * 2, inputs)
    made = torch.cuda.make_graphed_callables(
        lambda x, y: x * 2,
        (draw(2).requires_grad_(), draw(2).requires_grad_()),
        allow_unused_input=True,
    )
    a, b = draw(2).requires_grad_(), draw(2).requires_grad_()
    made(a, b).sum().backward()
    assert (a.grad.tolist(), b.grad) == ([2.0, 2.0], None)
    module.register_forward_hook(lambda *args: None)
    with pytest.raises(RuntimeError, match="must not have hooks"):
        torch.cuda.make_graphed_callables(module, (draw(2, 2),))
    other = nn.Linear(2, 2).to("cuda")
    other.register_buffer("table", draw(2).requires_grad_())
    with pytest.raises(RuntimeError, match="only parameters may be trainable"):
        torch.cuda.make_graphed_callables(other, (draw(2, 2),))
