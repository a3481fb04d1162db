"""What a NaN does to the reductions of segments."""

from __future__ import annotations

import math

import pytest

import minitorch_dl as torch

NAN = math.nan
EXPECTED = {
    "max": ([1.0, NAN, 5.0], [1.0, 1.0, 0.0, 0.0, 0.5, 0.5]),
    "min": ([1.0, NAN, 4.0], [1.0, 1.0, 0.0, 1.0, 0.0, 0.0]),
    "prod": ([1.0, NAN, 100.0], [1.0, 3.0, NAN, 25.0, 20.0, 20.0]),
    "sum": ([1.0, NAN, 14.0], [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
}


@pytest.mark.parametrize("reduce", EXPECTED)
def test_nan_is_the_extremum_and_the_factor(reduce: str) -> None:
    values, gradient = map(torch.tensor, EXPECTED[reduce])
    x = torch.tensor([1.0, NAN, 3.0, 4.0, 5.0, 5.0], requires_grad=True)
    y = torch.segment_reduce(x, reduce, lengths=torch.tensor([1, 2, 3]))
    y.sum().backward()
    torch.testing.assert_close(y, values, equal_nan=True)
    torch.testing.assert_close(x.grad, gradient, equal_nan=True)
