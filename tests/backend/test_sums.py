"""Sums over any axes of small arrays and of some that are large enough for BLAS and einsum."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from minitorch_dl.backend.sums import dot_over, sum_over

SHAPES = [(3, 4, 5), (1, 5, 1), (2, 3, 4, 1), (4, 1, 1, 7), (0, 3), (3, 0, 2), (40, 50, 60)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_sums_over_all_axes(shape: tuple[int, ...]) -> None:
    a, b = np.random.default_rng(0).standard_normal((2, *shape)).astype("float32")
    near: Any = {"rtol": 1e-5, "atol": 1e-3}
    for count in range(1, len(shape) + 1):
        for axes in itertools.combinations(range(len(shape)), count):
            for found, terms in ((sum_over(np, a, axes), a), (dot_over(np, a, b, axes), a * b)):
                wanted = terms.sum(axes, np.float64, keepdims=True)
                np.testing.assert_allclose(found, wanted, **near)
                assert found.dtype == a.dtype
            backwards = dot_over(np, a, b, axes[::-1])
            np.testing.assert_allclose(backwards, dot_over(np, a, b, axes), **near)
