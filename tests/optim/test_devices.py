"""Optimizers on a GPU take the CPU's steps: on the strict stand-in device, and on a real one."""

from collections import Counter

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.testing import standin

from . import cases

NEEDS_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device and CuPy")
DEVICES = ["standin", pytest.param("cuda", marks=[pytest.mark.gpu, NEEDS_GPU])]
LAMB = ("LAMB", {"weight_decay": 0.1})
ids = [cases.case_id(*case) for case in [*cases.OPTIMIZERS, LAMB]]


@pytest.fixture(autouse=True)
def _register():
    standin.register()


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


@pytest.mark.parametrize(("name", "options"), [*cases.OPTIMIZERS, LAMB], ids=ids)
def test_steps_read_nothing_back(name, options):
    params = cases.start(torch, "float32", "standin")
    optimizer = cases.build(torch, name, options, params)
    for step in range(3):
        cases.give_gradients(torch, params, step)
        before = Counter(standin.counts)
        optimizer.step()
        assert standin.counts == before


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("options", cases.LBFGS, ids=str)
def test_lbfgs(options, device):
    expected = cases.run_lbfgs(torch, options)
    got = cases.run_lbfgs(torch, options, device=device)
    np.testing.assert_allclose(got, expected, rtol=1e-7, atol=1e-8)


def test_state_moves_with_the_state_dict():
    _, state = cases.run(torch, "Adam", {}, "float64")
    params = cases.start(torch, "float64", "standin")
    optimizer = cases.build(torch, "Adam", {}, params)
    optimizer.load_state_dict(state)
    assert optimizer.state[params[0]]["exp_avg"].device.type == "standin"
    cases.run_steps(torch, optimizer, params, range(cases.HALF, cases.HALF + 2))
    assert optimizer.state[params[0]]["step"].item() == state["state"][0]["step"].item() + 2
    assert optimizer.state[params[0]]["step"].device.type == "cpu"
