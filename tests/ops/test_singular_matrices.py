"""What linear algebra says of matrices that can't be inverted or factorized, and where."""

from __future__ import annotations

import math

import pytest

import minitorch_dl as torch

L = torch.linalg


def batch() -> torch.Tensor:
    A = torch.eye(3).repeat(2, 1, 1)
    A[1, 2, 2] = 0
    return A


def test_the_place_of_the_failure_is_told() -> None:
    with pytest.raises(L.LinAlgError, match=r"\(Batch element 1\): The diagonal element 3 is zero"):
        L.inv(batch())
    with pytest.raises(L.LinAlgError, match=r"\(Batch element 1\): The solver failed"):
        L.solve(batch(), torch.ones(2, 3))
    with pytest.raises(L.LinAlgError, match="leading minor of order 2 is not positive-definite"):
        L.cholesky(torch.tensor([[1.0, 2.0], [2.0, 1.0]]))
    assert L.inv_ex(batch()).info.tolist() == [0, 3]
    assert L.cholesky_ex(batch()).info.tolist() == [0, 3]


def test_only_the_singular_ones_have_an_infinite_condition() -> None:
    assert L.cond(batch(), 1).tolist() == [1.0, math.inf]
    assert L.cond(torch.zeros(2, 2), "fro").item() == math.inf
    assert L.cond(batch(), "nuc").tolist() == pytest.approx([9.0, math.inf])


def test_triangular_systems_are_solved_past_a_zero() -> None:
    A = torch.tensor([[1.0, 2.0], [0.0, 0.0]])
    x = L.solve_triangular(A, torch.ones(2, 1), upper=True)
    assert x.tolist() == [[-math.inf], [math.inf]]
    x = L.solve_triangular(A.mT, torch.tensor([[1.0], [2.0]]), upper=False)
    assert x[0].item() == 1
    assert math.isnan(x[1].item())


def test_singular_matrices_of_more_rows_than_columns_have_factors() -> None:
    A = torch.tensor([[1.0, 2.0], [0.0, 0.0], [2.0, 4.0]])
    P, lower, upper = L.lu(A)
    torch.testing.assert_close(P @ lower @ upper, A)
    assert L.lu_factor_ex(A).info.item() == 2


def test_products_of_int16_and_norms_of_nan() -> None:
    ones = torch.ones(3, 3, dtype=torch.int16)
    assert (ones @ ones).tolist() == [[3] * 3] * 3
    assert L.vector_norm(torch.tensor([math.inf, math.nan, 0.0]), 0).item() == 2
    mixed = torch.addr(torch.ones(2, 2).double(), torch.ones(2), torch.ones(2).int())
    torch.testing.assert_close(mixed, torch.full((2, 2), 2.0, dtype=torch.float64))
    for factor, text in ((True, "Boolean beta only supported"), (1j, "complex")):
        with pytest.raises((RuntimeError, TypeError), match=text):
            torch.addr(torch.ones(2, 2), torch.ones(2), torch.ones(2), beta=factor)


def test_what_is_not_finite_is_refused() -> None:
    nan = torch.eye(3).repeat(2, 1, 1)
    nan[1, 1, 1] = math.nan
    with pytest.raises(L.LinAlgError, match="leading minor of order 2 is not positive-definite"):
        L.cholesky(nan)
    assert L.cholesky_ex(nan).info.tolist() == [0, 2]
    with pytest.raises(RuntimeError, match=r"linalg\.eig: input tensor should not contain infs"):
        L.eig(nan)
    for op in (L.svd, L.svdvals, L.pinv, L.matrix_rank, L.cond):
        with pytest.raises(L.LinAlgError, match="contained non-finite values"):
            op(nan)


def test_the_gradient_of_an_infinite_logarithm() -> None:
    x = torch.ones(2, 2, requires_grad=True)
    torch.logdet(x).backward()
    assert x.grad.tolist() == [[math.inf, -math.inf], [-math.inf, math.inf]]


@pytest.mark.parametrize("unit", [False, True])
@pytest.mark.parametrize("upper", [False, True])
def test_large_triangular_systems_are_solved_by_blocks(upper: bool, unit: bool) -> None:
    torch.manual_seed(0)
    A = torch.randn(2, 150, 150, dtype=torch.float64) / 150 + torch.eye(150)
    triangle = A.triu() if upper else A.tril()
    if unit:
        triangle.diagonal(dim1=-2, dim2=-1).fill_(1)
    B = torch.randn(3, 1, 150, 2, dtype=torch.float64)
    x = L.solve_triangular(A, B, upper=upper, unitriangular=unit)
    assert x.shape == (3, 2, 150, 2)
    torch.testing.assert_close(triangle @ x, B.expand(3, 2, 150, 2))
    x = L.solve_triangular(A, B.mT, upper=upper, left=False, unitriangular=unit)
    torch.testing.assert_close(x @ triangle, B.mT.expand(3, 2, 2, 150))


def test_rows_after_a_zero_on_the_diagonal_are_not_finite() -> None:
    A = torch.ones(130, 130).tril()
    A[100, 100] = 0
    x = L.solve_triangular(A, torch.arange(130.0)[:, None], upper=False)
    assert x.isfinite().sum() == 100
