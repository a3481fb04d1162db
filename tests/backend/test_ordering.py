"""Positions in order, found by sorting numbers of 64 bits, against Python's own sort."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from minitorch_dl.backend import ordering

EDGES = [0.0, -0.0, math.inf, -math.inf, math.nan, 1e-40, -1e-40, 1.5, -1.5]


def elements(dtype: str) -> np.ndarray:
    rng = np.random.default_rng(0)
    if dtype == "int64 of many bits":
        return rng.integers(-(1 << 40), 1 << 40, (40, 70))
    a = rng.integers(-30, 30, (40, 70)).astype(dtype)  # many ties
    if a.dtype.kind == "f":
        a[rng.random(a.shape) < 0.3] = 0
        a[:, :9] = EDGES
        a[3, 20:24] = np.copysign(np.nan, -1)
    else:
        a[0, :2] = (1 << 31) - 1, -(1 << 31)
    return a


def in_order(row: np.ndarray, descending: bool) -> list[int]:
    """NaN as the largest, equal elements in their own order."""

    def key(i: int) -> tuple[bool, Any]:
        return (True, 0) if row[i] != row[i] else (False, row[i])

    n = len(row)
    if descending:
        return sorted(range(n - 1, -1, -1), key=key)[::-1]
    return sorted(range(n), key=key)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", "int32", "int64", "int64 of many bits"]
)
def test_order(dtype: str, descending: bool) -> None:
    a = elements(dtype)
    before = a.copy()
    expected = np.array([in_order(row, descending) for row in a])
    found = ordering.stable_order(np, a, 1, descending)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(a, before)
    across = ordering.stable_order(np, a.T.copy(), 0, descending)
    np.testing.assert_array_equal(across, expected.T)
    assert across.flags.c_contiguous
    for k in (1, 5, 69):
        first = ordering.first_in_order(np, a, k, descending)
        if first is not None:
            np.testing.assert_array_equal(first, expected[:, :k])
    has_keys = dtype not in ("float64", "int64 of many bits")
    assert (ordering.first_in_order(np, a, 5, descending) is not None) == has_keys


def test_few_elements_are_left_to_argsort() -> None:
    assert ordering.first_in_order(np, np.zeros((3, 20), "float32"), 4, False) is None
    assert ordering.first_in_order(np, np.zeros((1000, 4), "float32"), 2, False) is None
    assert ordering.first_in_order(np, np.zeros((2, 5000), "float32"), 2, False) is None
