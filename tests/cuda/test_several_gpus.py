"""Each op computes on the GPU of its operands, whichever is the current one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import minitorch_dl as torch
from minitorch_dl import nn
from minitorch_dl.autograd import public_functions
from minitorch_dl.backend import devices
from minitorch_dl.testing import fake_gpu

from .simulated_gpu import install


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """``device="cuda"`` has two GPUs, whose arrays are refused while the other is current."""
    install(monkeypatch)

    @contextmanager
    def select(d: Any) -> Iterator[None]:
        before = fake_gpu.current
        fake_gpu.current = before if d.index is None else d.index
        try:
            yield
        finally:
            fake_gpu.current = before

    backend = devices._BACKENDS["cuda"]
    monkeypatch.setattr(backend, "count", 2)
    monkeypatch.setattr(backend, "device_of", lambda a: torch.device("cuda", a.index))
    monkeypatch.setattr(backend, "select", select)
    monkeypatch.setattr(devices, "several", True)
    public_functions.follow_gpus(True)
    yield
    public_functions.follow_gpus(False)


def test_results_stay_on_their_gpu(two: None) -> None:
    x = torch.ones(3, device="cuda:1", requires_grad=True)
    y = (x * 2 + 1).exp().sum()
    assert x.device == y.device == torch.device("cuda:1")
    y.backward()
    assert x.grad.device == torch.device("cuda:1")
    assert torch.ones(1, device="cuda").device == torch.device("cuda:0")


def test_training_on_the_other_gpu_is_training(two: None) -> None:
    def weights(device: str) -> Any:
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Conv1d(2, 4, 3, bias=False),
            nn.BatchNorm1d(4),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(16, 3),
        )
        model = model.to(device).double()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.1, amsgrad=True)
        x, y = (
            torch.linspace(-1, 1, 36).reshape(3, 2, 6).double().to(device),
            torch.arange(3).to(device),
        )
        for _ in range(3):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        return [p.detach().cpu() for p in model.parameters()]

    for a, b in zip(weights("cuda:1"), weights("cpu")):
        torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-10)


def test_a_model_over_both(two: None) -> None:
    first, second = nn.Linear(2, 3).to("cuda:0"), nn.Linear(3, 2).to("cuda:1")
    x = torch.ones(4, 2, device="cuda:0", requires_grad=True)
    h = first(x).to("cuda:1")
    (second(h).sum() + h.sum()).backward()
    assert x.grad.device == first.weight.grad.device == torch.device("cuda:0")
    assert second.weight.grad.device == torch.device("cuda:1")


def test_moving_between_gpus_passes_by_no_host(two: None) -> None:
    x = torch.arange(3.0, device="cuda:0")
    before = fake_gpu.counts.copy()
    y = x.to("cuda:1")
    assert fake_gpu.counts == before
    assert y.device == torch.device("cuda:1")
    assert y.tolist() == [0.0, 1.0, 2.0]


def test_writes_in_place_go_to_their_gpu(two: None) -> None:
    x = torch.zeros(2, 2, device="cuda:1")
    x += 1
    x[0] = 5
    x.mul_(2).fill_diagonal_(7)
    assert x.tolist() == [[7.0, 10.0], [2.0, 7.0]]
    x.normal_()
    assert x.clone().device == torch.device("cuda:1")


def test_operands_of_two_gpus_are_told_apart(two: None) -> None:
    x, y = torch.ones(2, device="cuda:0"), torch.ones(2, device="cuda:1")
    with pytest.raises(RuntimeError, match="same device"):
        x + y
