"""Running sums, products and extrema: the same as NumPy's, bit by bit."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_dl.backend.running import accumulate


@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.maximum, np.minimum])
@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "c8"])
@pytest.mark.parametrize(
    ("shape", "axis"),
    [((5, 300), 0), ((5, 300), 1), ((4, 7, 80), 1), ((1, 400), 0), ((0, 400), 0), ((6,), 0)],
)
def test_as_numpy(ufunc: np.ufunc, dtype: str, shape: tuple[int, ...], axis: int) -> None:
    a = (0.7 * np.random.default_rng(0).standard_normal(shape)).astype(dtype)
    if dtype == "f4":
        a.reshape(-1)[3::50] = np.nan
    given = a.copy()
    y = accumulate(ufunc, a, axis)
    assert y.dtype == a.dtype
    assert np.array_equal(y, ufunc.accumulate(a, axis), equal_nan=dtype == "f4")
    assert np.array_equal(a, given, equal_nan=dtype == "f4")


def test_wider_sums() -> None:
    a = np.full((3000, 300), 0.1, np.float16)
    y = accumulate(np.add, a, 0, np.float32)
    assert y.dtype == np.float32
    assert np.array_equal(y, np.add.accumulate(a, 0, np.float32))
