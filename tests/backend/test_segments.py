"""Sums of rows that belong together, against NumPy's own addition at indices."""

import numpy as np
import pytest

from minitorch_dl.backend.segments import add_rows


@pytest.mark.parametrize(
    ("count", "width", "rows"),
    [
        (0, 8, 3),
        (50, 1, 7),
        (50, 8, 7),  # few
        (600, 32, 500),  # about one of each
        (600, 32, 11),  # some of each
        (600, 32, 1),  # all of one
    ],
)
def test_rows_are_added_where_they_belong(count: int, width: int, rows: int) -> None:
    rng = np.random.default_rng(0)
    a, index = rng.normal(size=(count, width)), rng.integers(0, rows, count)
    expected = np.zeros((rows, width))
    np.add.at(expected, index, a)
    np.testing.assert_allclose(add_rows(np, a, index, rows), expected, atol=1e-12)


def test_rows_are_added_where_one_has_most() -> None:
    index = np.concatenate((np.zeros(300, int), np.arange(300)))
    a = np.random.default_rng(0).normal(size=(600, 4, 8))
    expected = np.zeros((300, 4, 8))
    np.add.at(expected, index, a)
    np.testing.assert_allclose(add_rows(np, a, index, 300), expected, atol=1e-12)
