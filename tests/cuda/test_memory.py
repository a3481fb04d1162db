"""Memory of a device is given back at once: after a step, and after a step that failed."""

from __future__ import annotations

import gc
from typing import Any

import pytest

import minitorch_dl as torch
from minitorch_dl import nn
from minitorch_dl.testing import fake_gpu
from tests.devices import DEVICES


def in_use(device: str) -> int:
    """Bytes of arrays on the device."""
    if device == "cuda":
        return torch.cuda.memory_allocated()
    arrays = (a for a in gc.get_objects() if type(a) is fake_gpu.FakeGPUArray)
    return sum(a._array.nbytes for a in arrays if a.base is None)


class Failing(nn.Module):
    """Fails in the forward pass, or in the backward pass."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(64, 64), nn.Linear(64, 64)
        self.where = where

    def forward(self, x: Any) -> Any:
        y = self.first(x).relu()
        if self.where == "backward":
            y.register_hook(lambda g: 1 / 0)
        y = self.second(y)
        if self.where == "forward":
            y = y @ torch.ones(3, 3, device=y.device)
        return y.square().mean()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("where", ["nowhere", "forward", "backward"])
def test_nothing_stays_behind(where: str, device: str) -> None:
    model = Failing(where).to(device)
    x = torch.ones(128, 64, device=device)

    def step() -> None:
        try:
            model(x).backward()
        except (RuntimeError, ZeroDivisionError):
            assert where != "nowhere"
        model.zero_grad()

    step()  # makes what is kept
    gc.collect()
    before = in_use(device)
    gc.disable()
    try:
        for _ in range(3):
            step()
        assert in_use(device) == before
    finally:
        gc.enable()


@pytest.mark.parametrize("device", DEVICES)
def test_mixed_devices_are_told_apart(device: str) -> None:
    here, there = torch.ones(2), torch.ones(2, device=device)
    with pytest.raises(RuntimeError, match=r"same device.*Move them with \.to"):
        here + there
    with pytest.raises(RuntimeError, match="same device"):
        nn.Linear(2, 2)(there)
