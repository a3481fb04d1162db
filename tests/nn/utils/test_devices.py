"""The tools for modules on a GPU: on the strict stand-in device, and on a real one."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import minitorch_dl as torch
from tests.devices import DEVICES

from . import cases


@pytest.mark.usefixtures("cpu_numbers")
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", cases.CASES)
def test_devices_agree(name: str, device: str) -> None:
    expected = cases.run(torch, name)
    torch.manual_seed(0)
    with torch.device(device), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        found = dict(cases.CASES[name](torch))
    assert list(found) == list(expected)
    for key, value in expected.items():
        assert found[key].device.type == device, key
        got = found[key].detach().cpu().numpy()
        np.testing.assert_allclose(got, value, rtol=2e-4, atol=2e-6, err_msg=key)
