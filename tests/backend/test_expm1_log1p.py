"""``log1p`` and ``expm1`` of float32 against float64's."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_dl.backend import expm1_log1p

RNG = np.random.default_rng(0)
SMALL = 10.0 ** RNG.uniform(-12, 0, 4000)
LARGE = 10.0 ** RNG.uniform(0, 30, 4000)


def units_off(y: np.ndarray, exact: np.ndarray) -> float:
    return float((np.abs(y - exact) / np.spacing(np.abs(exact).astype("f4"))).max())


@pytest.mark.parametrize("a", [SMALL, -0.999 * SMALL, LARGE], ids=["small", "negative", "large"])
def test_log1p(a: np.ndarray) -> None:
    a = a.astype("f4")
    assert units_off(expm1_log1p.log1p(np, a), np.log1p(a.astype("f8"))) < 4


@pytest.mark.parametrize("a", [SMALL / 2, -SMALL, -20 * SMALL], ids=["positive", "small", "large"])
def test_expm1(a: np.ndarray) -> None:
    a = a.astype("f4")
    assert units_off(expm1_log1p.expm1(np, a), np.expm1(a.astype("f8"))) < 4


@pytest.mark.parametrize("value", [-1, -2, np.inf, -np.inf, np.nan, 0.6, 88, 0.0, 1e-37])
@pytest.mark.parametrize("name", ["log1p", "expm1"])
def test_what_the_formulas_do_not_hold_for(name: str, value: float) -> None:
    a = np.full(2000, 0.25, "f4")
    a[7] = value
    with np.errstate(all="ignore"):
        found = getattr(expm1_log1p, name)(np, a)
        np.testing.assert_allclose(found, getattr(np, name)(a), rtol=4e-7)
