"""Quotients and remainders by way of float64 are those of NumPy's own loops, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_dl.backend import remainders

N = 2 * remainders._FEW
rng = np.random.default_rng(0)
DRAWN = rng.standard_normal((2, N))
WIDE = DRAWN * 10.0 ** rng.uniform(-30, 30, (2, N))
EIGHTHS = (np.round(DRAWN * 30) / 8)[0], np.where(DRAWN[1] < 0, -1, 1) * rng.integers(1, 9, N) / 8
PAIRS = {
    "near": DRAWN,
    "wide": WIDE,
    "exact": EIGHTHS,
    "large quotients": (WIDE[0], DRAWN[1] * 1e-20),
    "small quotients": (DRAWN[0] * 1e-30, DRAWN[1]),
    "infinite divisor": (DRAWN[0], np.where(DRAWN[1] > 1, np.inf, DRAWN[1])),
    "zero divisor": (DRAWN[0], np.where(DRAWN[1] > 1, 0, DRAWN[1])),
    "missing": (np.where(DRAWN[0] > 1, np.nan, DRAWN[0]), DRAWN[1]),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", remainders.__all__)
@pytest.mark.parametrize("pair", PAIRS)
def test_every_bit_is_numpys(name: str, pair: str) -> None:
    a, b = (np.asarray(x, np.float32) for x in PAIRS[pair])
    found, expected = getattr(remainders, name), getattr(np, name)
    for x, y in ((a, b), (a, 0.3), (-2.5, b), (a.reshape(2, -1), b[: N // 2])):
        got, wanted = found(np, x, y), expected(x, y)
        assert got.dtype == wanted.dtype == np.float32
        np.testing.assert_array_equal(got.view("i4"), wanted.view("i4"))
