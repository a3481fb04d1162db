"""Every case of cases.py against PyTorch's outputs, stored and live."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_dl
from tests.nn.utils import cases

STORED = np.load(Path(__file__).parents[2] / "references" / "nn_utils.npz")


def check(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert list(found) == list(expected)
    for key, value in expected.items():
        assert found[key].dtype == value.dtype
        np.testing.assert_allclose(found[key], value, rtol=2e-4, atol=2e-6, err_msg=key)


@pytest.mark.parametrize("name", cases.CASES)
def test_stored(name: str) -> None:
    prefix = f"{name}/"
    expected = {k[len(prefix) :]: STORED[k] for k in STORED.files if k.startswith(prefix)}
    check(cases.run(minitorch_dl, name), expected)


def test_nothing_stored_is_left_over() -> None:
    assert {key.partition("/")[0] for key in STORED.files} == set(cases.CASES)


@pytest.mark.parity
@pytest.mark.parametrize("name", cases.CASES)
def test_live(name: str) -> None:
    torch = pytest.importorskip("torch")
    check(cases.run(minitorch_dl, name), cases.run(torch, name))
