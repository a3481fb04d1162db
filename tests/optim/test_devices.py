"""Optimizers on a GPU take the CPU's steps: on the strict stand-in device, and on a real one."""

import inspect

import numpy as np
import pytest

import minitorch_dl as torch
from tests.devices import DEVICES, nothing_waits

from . import cases

LAMB = ("LAMB", {"weight_decay": 0.1})
ids = [cases.case_id(*case) for case in [*cases.OPTIMIZERS, LAMB]]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("name", "options"), [*cases.OPTIMIZERS, LAMB], ids=ids)
def test_devices_agree(name, options, device):
    expected, state = cases.run(torch, name, options, "float64")
    got, device_state = cases.run(torch, name, options, "float64", device)
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)
    for number, fields in state["state"].items():
        for field, tensor in fields.items():
            other = device_state["state"][number][field]
            on_host = field in ("step", "eta", "mu", "mu_product")
            assert other.device.type == ("cpu" if on_host else device)
            np.testing.assert_allclose(other.cpu().numpy(), tensor.numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("name", "options"), [*cases.OPTIMIZERS, LAMB], ids=ids)
def test_steps_read_nothing_back(name, options, device):
    params = cases.start(torch, "float32", device)
    optimizer = cases.build(torch, name, options, params)
    for step in range(3):
        cases.give_gradients(torch, params, step)
        with nothing_waits(device):
            optimizer.step()


CAPTURABLE = [
    case
    for case in [*cases.OPTIMIZERS, LAMB]
    if "capturable" in inspect.signature(getattr(torch.optim, case[0])).parameters
]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize(
    ("name", "options"), CAPTURABLE, ids=[cases.case_id(*case) for case in CAPTURABLE]
)
def test_steps_counted_on_the_device_are_the_same(name, options, half, device):
    dtype = "bfloat16" if half else "float64"
    # 16-bit floats are rounded at other places on the CPU
    expected, _ = cases.run(torch, name, options, dtype, device if half else "cpu")
    got, state = cases.run(torch, name, {**options, "capturable": True}, dtype, device)
    tolerance = 2e-2 if half else 2e-6  # the count and what comes of it are float32
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)
    assert state["state"][0]["step"].device.type == device
    params = cases.start(torch, dtype, device)
    optimizer = cases.build(torch, name, {**options, "capturable": True}, params)
    for step in range(3):
        cases.give_gradients(torch, params, step)
        with nothing_waits(device):
            optimizer.step()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("options", cases.LBFGS, ids=str)
def test_lbfgs(options, device):
    expected = cases.run_lbfgs(torch, options)
    got = cases.run_lbfgs(torch, options, device=device)
    np.testing.assert_allclose(got, expected, rtol=1e-7, atol=1e-8)


def test_state_moves_with_the_state_dict():
    _, state = cases.run(torch, "Adam", {}, "float64")
    params = cases.start(torch, "float64", "fakegpu")
    optimizer = cases.build(torch, "Adam", {}, params)
    optimizer.load_state_dict(state)
    assert optimizer.state[params[0]]["exp_avg"].device.type == "fakegpu"
    cases.run_steps(torch, optimizer, params, range(cases.HALF, cases.HALF + 2))
    assert optimizer.state[params[0]]["step"].item() == state["state"][0]["step"].item() + 2
    assert optimizer.state[params[0]]["step"].device.type == "cpu"
