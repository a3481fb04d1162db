"""The softmax of numbers of all sizes, side by side."""

from __future__ import annotations

import math

import numpy as np
import pytest

from minitorch_dl.backend import softmax as kernels

INF = math.inf
ROWS = {
    "moderate": [[0.0, 1.0, -3.0, 15.875], [-2.0, 0.5, 3.0, 3.0]],
    "a large one": [[0.0, 1.0, 2.0, 3.0], [1e4, 9999.0, 0.0, -1e4]],
    "a row of small ones": [[0.0, 1.0, 2.0, 3.0], [-200.0, -201.0, -1e4, -202.0]],
    "far apart": [[0.0, -87.0, -200.0, 10.0], [-80.0, -81.0, -3.0, -100.0]],
    "a mask": [[0.0, -INF, -INF, 3.0], [-INF, -INF, -5.0, -INF]],
    "nothing but a mask": [[0.0, 1.0, 2.0, 3.0], [-INF, -INF, -INF, -INF]],
    "infinite": [[0.0, 1.0, 2.0, 3.0], [INF, 0.0, 1.0, 2.0]],
    "not a number": [[0.0, 1.0, 2.0, 3.0], [math.nan, 0.0, 1.0, 2.0]],
}


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS.keys())
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_softmax_is_exact_whatever_lies_beside_a_row(rows: list[list[float]], dtype: str) -> None:
    a = np.array(rows, "longdouble")
    with np.errstate(invalid="ignore"):
        e = np.exp(a - a.max(axis=1, keepdims=True))
    exact = (e / e.sum(axis=1, keepdims=True)).astype(dtype)
    for axis, given, wanted in ((1, a, exact), (0, a.T, exact.T)):
        y = kernels.softmax(np, np.ascontiguousarray(given).astype(dtype), axis)
        error = {"rtol": 4 * np.finfo(dtype).eps, "atol": 2e-38}
        np.testing.assert_allclose(y, wanted, **error)


@pytest.mark.parametrize("shape", [(40, 64, 16), (64, 80, 700), (300, 7, 20), (4, 50, 5, 40)])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_softmax_along_any_axis_of_a_large_array(shape: tuple[int, ...], axis: int) -> None:
    rng = np.random.default_rng(0)
    a, g = (rng.normal(0, scale, shape).astype("float32") for scale in (5, 1))
    e = np.exp(a.astype(float))
    exact = e / e.sum(axis=axis, keepdims=True)
    y = kernels.softmax(np, a, axis)
    np.testing.assert_allclose(y, exact, rtol=1e-5)
    near = {"rtol": 1e-5, "atol": 4e-6}
    np.testing.assert_allclose(np.exp(kernels.log_softmax(np, a, axis)), exact, **near)
    gradient = exact * (g - (g * exact).sum(axis=axis, keepdims=True))
    np.testing.assert_allclose(kernels.softmax_backward(np, g, y, axis), gradient, **near)
