"""Every case of cases.py against PyTorch's results, stored and live."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_dl
from tests.distributions import cases

STORED = np.load(Path(__file__).parents[1] / "references" / "distributions.npz")

# Where PyTorch's own result is the rougher one.
ROUGH = {
    "rsample gradient 0": 5e-4,  # its derivative of gamma and beta draws is an approximation
    "rsample gradient 1": 5e-4,
    "cdf": 1e-6,  # of the gamma distribution
    "entropy": 1e-6,  # of the multinomial one: a term in float32
}


# PyTorch takes the logarithm of a Bessel function from a polynomial of eight digits.
ROUGH_CASES = {"VonMises": 1e-5}


def check(found: dict[str, Any], expected: dict[str, Any], name: str = "") -> None:
    assert list(found) == list(expected)
    for key, value in expected.items():
        assert found[key].dtype == value.dtype, key
        if key == "text":
            assert str(found[key]) == str(value)
            continue
        rough = max(
            ROUGH.get(key, 0), ROUGH_CASES.get(name, 0), 1e-5 if value.dtype == np.float32 else 1e-9
        )
        np.testing.assert_allclose(found[key], value, rtol=rough, atol=1e-12, err_msg=key)


def stored(name: str) -> dict[str, Any]:
    prefix = f"{name}/"
    return {k[len(prefix) :]: STORED[k] for k in STORED.files if k.startswith(prefix)}


@pytest.mark.parametrize("name", cases.DISTRIBUTIONS)
def test_stored(name: str) -> None:
    check(cases.run(minitorch_dl, name), stored(name), name)


@pytest.mark.parametrize("name", cases.KL)
def test_stored_divergence(name: str) -> None:
    check(cases.run_kl(minitorch_dl, name), stored(f"kl {name}"))


def test_nothing_stored_is_left_over() -> None:
    known = {*cases.DISTRIBUTIONS, *(f"kl {name}" for name in cases.KL)}
    assert {key.partition("/")[0] for key in STORED.files} == known


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore:Singular sample detected")  # said of every Wishart sample
@pytest.mark.parametrize("name", cases.DISTRIBUTIONS)
def test_live(name: str) -> None:
    torch = pytest.importorskip("torch")
    check(cases.run(minitorch_dl, name), cases.run(torch, name), name)


@pytest.mark.parity
@pytest.mark.parametrize("name", cases.KL)
def test_live_divergence(name: str) -> None:
    torch = pytest.importorskip("torch")
    check(cases.run_kl(minitorch_dl, name), cases.run_kl(torch, name))
