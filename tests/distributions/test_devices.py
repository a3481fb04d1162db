"""Distributions on a GPU give the CPU's numbers: on the strict stand-in device and a real one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from tests.devices import DEVICES

from . import cases

D = torch.distributions


def results(name: str, device: str) -> list[np.ndarray]:
    """A sample, its density, the gradients of both, moments and entropy; all on the device."""
    torch.manual_seed(0)
    parameters = []

    def double(values: Any) -> Any:
        made = torch.tensor(values, dtype=torch.float64, device=device, requires_grad=True)
        parameters.append(made)
        return made

    d = cases.DISTRIBUTIONS[name](D, double)
    x = d.rsample((3,)) if d.has_rsample else d.sample((3,))
    density = d.log_prob(x.detach())
    loss = density.sum()
    if x.requires_grad:
        loss = loss + (x * x).sum()
    if loss.requires_grad:
        loss.backward()
    found = [x, density, *(p.grad for p in parameters if p.grad is not None)]
    for quantity in (lambda: d.mean, lambda: d.variance, lambda: d.mode, d.entropy):
        try:
            found.append(quantity())
        except NotImplementedError:
            continue
    assert all(t.device.type == device for t in found)
    return [t.detach().cpu().numpy() for t in found]


@pytest.mark.usefixtures("cpu_numbers")
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", cases.DISTRIBUTIONS)
def test_devices_agree(name: str, device: str) -> None:
    expected, found = results(name, "cpu"), results(name, device)
    assert len(found) == len(expected)
    for a, b in zip(found, expected):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", cases.KL)
def test_divergences_agree(name: str, device: str) -> None:
    p, q = (make(D, lambda v: torch.tensor(v, device=device)) for make in cases.KL[name])
    found = D.kl_divergence(p, q)
    assert found.device.type == device
    expected = cases.run_kl(torch, name)["kl"]
    np.testing.assert_allclose(found.cpu().numpy(), expected, rtol=1e-5)
