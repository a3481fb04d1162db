"""LAPACK's LU factorization: the matrices that its factors and swaps give back."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.backend.lapack import lu_factors
from minitorch_dl.ops.linalg import lu


@pytest.mark.parametrize("dtype", ["f4", "f8", "c8", "c16"])
@pytest.mark.parametrize("shape", [(70, 70), (3, 5, 4), (2, 2, 4, 5)])
def test_factors_give_the_matrix_back(dtype: str, shape: tuple[int, ...]) -> None:
    a = np.random.default_rng(0).standard_normal((2, *shape)).astype(dtype)
    a = a[0] + 1j * a[1] if np.dtype(dtype).kind == "c" else a[0]
    A = torch.from_numpy(a)
    LU, pivots, info = torch.linalg.lu_factor_ex(A)
    P, L, U = torch.lu_unpack(LU, pivots)
    assert not info.any()
    assert (L.abs() <= 2**0.5 + 1e-6).all()  # by the parts' sum complex pivots are the largest
    assert np.allclose((P @ L @ U).numpy(), a, atol=100 * float(np.finfo(dtype).eps))


def test_both_ways_choose_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    a = np.random.default_rng(1).standard_normal((3, 9, 7))
    a[0, :, 2] = a[0, :, 1]  # a pivot of zero, or nearly
    a[1] = 0
    ours = lu._eliminate(np, a, pivot=True)
    monkeypatch.setattr(lu, "lu_factors", lambda a: None)
    factors, pivots = lu._eliminate(np, a, pivot=True)
    assert np.array_equal(ours[1][1:], pivots[1:])
    assert np.allclose(ours[0], factors, atol=1e-12)


def test_without_pivoting_rows_stay_where_they_are() -> None:
    a = np.array([[1.0, 2.0], [3.0, 4.0]])
    factors, pivots = lu._eliminate(np, a, pivot=False)
    assert np.allclose(factors, [[1, 2], [3, -2]])
    assert pivots.tolist() == [0, 1]


@pytest.mark.parametrize("a", [np.zeros((0, 3, 3)), np.zeros((3, 0)), np.ones((2, 2), "i8")])
def test_nothing_to_factorize(a: np.ndarray) -> None:
    assert lu_factors(a) is None
