from __future__ import annotations

import numpy as np
import pytest

from minitorch_dl.backend.axpy import STEP, add_multiple
from minitorch_dl.backend.blas import library_function

SIZES = [0, 1, 3, STEP - 1, STEP, STEP + 1, 3 * STEP + 5, 20_000]


def vectors(n: int, dtype: type) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    return rng.standard_normal(n).astype(dtype), rng.standard_normal(n).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("n", SIZES)
def test_it_adds_a_multiple(n: int, dtype: type) -> None:
    y, x = vectors(n, dtype)
    expected = y + 0.3 * x.astype(np.float64)
    add_multiple(np, y, 0.3, x, np.empty_like(y))
    np.testing.assert_allclose(y, expected, rtol=0, atol=8 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", SIZES)
def test_bits_do_not_depend_on_where_an_element_lies(n: int, dtype: type) -> None:
    y, x = vectors(n, dtype)
    one_by_one = y.copy()
    for i in range(n):
        add_multiple(np, one_by_one[i : i + 1], 0.3, x[i : i + 1], np.empty(1, dtype))
    add_multiple(np, y, 0.3, x, np.empty_like(y))
    np.testing.assert_array_equal(y, one_by_one)


@pytest.mark.parametrize("n", [5, STEP, 10_000])
@pytest.mark.parametrize("a", [0.0, 1e-40])
def test_a_missing_number_is_found_by_any_factor(a: float, n: int) -> None:
    y, x = vectors(n, np.float32)
    x[1] = np.nan
    add_multiple(np, y, a, x, np.empty_like(y))
    assert np.isnan(y).nonzero()[0].tolist() == [1]


def test_operands_in_steps_read_only_and_of_other_dtypes() -> None:
    y, x = vectors(2 * STEP, np.float32)
    x.flags.writeable = False
    for other in (x, np.broadcast_to(x[:1], x.shape), x.astype(np.float64)):
        sum_, work = y.copy(), np.empty(other.shape, np.float32)
        add_multiple(np, sum_, 2.0, other, work if other.dtype == work.dtype else None)
        np.testing.assert_allclose(sum_, y + 2 * other, rtol=1e-6, atol=1e-6)
    spread = np.zeros((2 * STEP, 2), np.float32)
    add_multiple(np, spread[:, 0], 2.0, x, np.empty_like(x))
    np.testing.assert_array_equal(spread, np.stack([2 * x, 0 * x], 1))


def test_a_function_that_is_not_there() -> None:
    assert library_function("cblas_no_such_function") is None
