"""Mixed precision: which ops run in which dtype, and how the loss scale moves."""

from __future__ import annotations

import math

import pytest

import minitorch_dl as torch
from minitorch_dl import nn


def test_products_run_in_half_and_the_rest_where_it_was() -> None:
    x, layer = torch.randn(3, 4), nn.Linear(4, 2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = layer(x)
        loss = nn.functional.mse_loss(y.float(), torch.zeros(3, 2))
        assert y.dtype is torch.bfloat16
        assert y.prod().dtype is torch.float32
        assert y.softmax(1).dtype is torch.bfloat16
        assert (x + 1).dtype is torch.float32
    assert layer(x).dtype is torch.float32
    loss.backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad.dtype is torch.float32
    exact = nn.functional.mse_loss(layer(x), torch.zeros(3, 2))
    (g,) = torch.autograd.grad(exact, layer.weight)
    assert (layer.weight.grad - g).abs().max().item() < 0.05 * g.abs().max().item()


def test_a_disabled_block_switches_an_outer_one_off() -> None:
    x = torch.ones(2, 2)
    with torch.autocast("cpu"):
        assert torch.amp.is_autocast_enabled("cpu")
        with torch.autocast("cpu", enabled=False):
            assert not torch.amp.is_autocast_enabled("cpu")
            assert (x @ x).dtype is torch.float32
        assert (x @ x).dtype is torch.bfloat16
    assert (x @ x).dtype is torch.float32


def test_as_a_decorator() -> None:
    @torch.autocast(device_type="cpu")
    def product(x: torch.Tensor) -> torch.Tensor:
        return x @ x

    assert product(torch.ones(2, 2)).dtype is torch.bfloat16
    assert product(torch.ones(2, 2).double()).dtype is torch.float64


def test_a_block_that_raises_is_left() -> None:
    with pytest.raises(RuntimeError), torch.autocast("cpu"):
        torch.ones(2) @ torch.ones(3)
    assert not torch.amp.is_autocast_enabled("cpu")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [(("tpu",), RuntimeError), ((3,), ValueError), (("cpu", 1), TypeError)],
)
def test_bad_arguments_of_autocast(arguments: tuple, error: type[Exception]) -> None:
    with pytest.raises(error):
        torch.autocast(*arguments)


def _scaled_step(scaler: torch.amp.GradScaler, w: torch.Tensor, factor: float) -> None:
    optimizer = torch.optim.SGD([w], lr=1.0)
    optimizer.zero_grad()
    scaler.scale((w * factor).sum()).backward()
    scaler.step(optimizer)
    scaler.update()


def test_the_scale_grows_after_good_steps_and_falls_after_overflow() -> None:
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0, growth_interval=2)
    w = torch.zeros(1, requires_grad=True)
    scales = []
    for factor in (1.0, 1.0, math.inf, 1.0):
        _scaled_step(scaler, w, factor)
        scales.append(scaler.get_scale())
    assert scales == [4.0, 8.0, 4.0, 4.0]
    assert w.item() == -3.0  # the step that overflowed was skipped


def test_unscaling_once_then_clipping() -> None:
    scaler = torch.amp.GradScaler("cpu", init_scale=16.0)
    w = torch.ones(1, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=1.0)
    scaler.scale((3 * w).sum()).backward()
    scaler.unscale_(optimizer)
    assert w.grad.item() == 3.0
    with pytest.raises(RuntimeError, match="already been called"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    with pytest.raises(RuntimeError, match="already been called"):
        scaler.step(optimizer)
    assert w.item() == -2.0


def test_the_state_is_restored() -> None:
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0, growth_interval=2)
    _scaled_step(scaler, torch.zeros(1, requires_grad=True), 1.0)
    other = torch.amp.GradScaler("cpu")
    other.load_state_dict(scaler.state_dict())
    assert other.state_dict() == scaler.state_dict()


def test_without_a_gpu_the_historic_names_do_nothing() -> None:
    if torch.cuda.is_available():
        return
    with (
        pytest.warns(UserWarning, match="CUDA is not available"),
        pytest.warns(FutureWarning, match="`torch.cuda.amp.GradScaler"),
    ):
        scaler = torch.cuda.amp.GradScaler()
    loss = torch.ones(1)
    assert not scaler.is_enabled()
    assert scaler.scale(loss) is loss
    with pytest.warns(FutureWarning, match="`torch.cuda.amp.autocast"):
        block = torch.cuda.amp.autocast(enabled=False)
    with block:
        assert (loss * 2).dtype is torch.float32


def test_the_historic_names_for_the_cpu() -> None:
    with pytest.warns(FutureWarning, match="torch.amp.GradScaler\\('cpu'"):
        scaler = torch.cpu.amp.GradScaler(init_scale=2.0)
    assert scaler.get_scale() == 2.0
    with pytest.warns(FutureWarning, match="torch.amp.autocast\\('cpu'"):
        block = torch.cpu.amp.autocast()
    with block:
        assert (torch.ones(1, 1) @ torch.ones(1, 1)).dtype is torch.bfloat16


@pytest.mark.parity
def test_the_scale_moves_as_pytorchs() -> None:
    theirs_torch = pytest.importorskip("torch")
    factors = [1.0, 1.0, math.inf, 1.0, math.nan, 1.0, 1.0, 1.0]
    traces = []
    for lib in (torch, theirs_torch):
        scaler = lib.amp.GradScaler("cpu", init_scale=4.0, growth_interval=2)
        w = lib.zeros(1, requires_grad=True)
        trace = []
        for factor in factors:
            optimizer = lib.optim.SGD([w], lr=1.0)
            scaler.scale((w * factor).sum()).backward()
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad()
            trace.append((scaler.get_scale(), w.item()))
        traces.append(trace)
    assert traces[0] == traces[1]


def test_a_new_scale_is_one_number() -> None:
    scaler = torch.amp.GradScaler("cpu")
    scaler.scale(torch.ones(1))
    for wrong in (torch.ones(2), torch.ones(1, requires_grad=True)):
        with pytest.raises(AssertionError, match="new_scale should be"):
            scaler.update(wrong)
    scaler.update(torch.tensor([8.0]))
    assert scaler.get_scale() == 8.0
