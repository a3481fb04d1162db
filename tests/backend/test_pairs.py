"""Differences of every two rows against those taken one by one, and their transpose."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_dl.backend import pairs


@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_differences_and_their_transpose(n: int) -> None:
    rng = np.random.default_rng(n)
    a = rng.standard_normal((n, 3))
    y = pairs.differences(np, a)
    expected = [a[i] - a[j] for i in range(n) for j in range(i + 1, n)]
    assert np.array_equal(y, np.reshape(expected, (-1, 3)))
    g = rng.standard_normal(y.shape)
    assert np.vdot(pairs.from_differences(np, g, n), a) == pytest.approx(np.vdot(g, y))


def test_halves_are_added_up_in_float32() -> None:
    g = np.ones((100 * 99 // 2, 1), np.float16) / 30
    y = pairs.from_differences(np, g, 100)
    assert y.dtype == np.float16
    assert np.allclose(y[:, 0], np.arange(99, -100, -2) * float(g[0, 0]), atol=2e-3)
