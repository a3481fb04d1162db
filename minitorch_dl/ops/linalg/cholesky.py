"""The Cholesky factorization, and what is computed from its factors, of the last two dims.

Derivative: I. Murray, "Differentiation of the Cholesky decomposition" (2016).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd.engine_ops import sum_to
from ...autograd.node_names import as_one
from ...autograd.primitive import primitive, write_out
from ...backend import anywhere, check_all
from ..deprecated import deprecated
from ..diagonals import diagonal, tril_p
from ..dims import also_named
from .solving import (
    LinAlgError,
    attempt,
    check_matrices,
    check_system,
    eye_like,
    mH,
    mul,
    solve_triangular_p,
)

__all__ = ["cholesky", "cholesky_inverse", "cholesky_solve"]


@primitive(complex=True)
def cholesky_p(xp: Any, a: Any, *, upper: bool) -> Any:
    why = (
        "The factorization could not be completed because the input is not positive-definite (the "
        "leading minor of order {order} is not positive-definite)"
    )
    a = mH(a) if upper else a  # NumPy reads the lower triangle
    y = attempt("linalg.cholesky", xp.linalg.cholesky, a, why=why, failing=_bad_minor)
    bad = ~xp.isfinite(xp.diagonal(y, axis1=-2, axis2=-1))  # of NaN; with CuPy of any failure
    if anywhere(bad):
        order = 1 + int(bad[bad.any(-1)][0].argmax())
        raise LinAlgError(f"linalg.cholesky: {why.format(order=order)}", order)
    return mH(y) if upper else y


def _bad_minor(a: Any) -> int:
    """The order of the first leading minor of a matrix that is not positive definite, 0 if all
    are."""
    low, high = 0, len(a) + 1  # the minor of order low is, that of order high is not
    while high - low > 1:
        order = (low + high) // 2
        try:
            np.linalg.cholesky(a[:order, :order])
            low = order
        except np.linalg.LinAlgError:
            high = order
    return high if high <= len(a) else 0


def _d_cholesky(g: Any, y: Any, upper: bool) -> Any:
    """``L^-H sym(L^H g) L^-1`` (Murray, 2016, with the lower triangle mirrored)."""
    if upper:
        g, y = mH(g), mH(y)
    p = mul(y, g, ta=True)
    s = (tril_p(p, diagonal=0) + mH(tril_p(p, diagonal=-1))) * 0.5
    half = solve_triangular_p(y, s, upper=False, adjoint=True, unit=False)  # L^-H s
    return mH(solve_triangular_p(y, mH(half), upper=False, adjoint=True, unit=False))


cholesky_p.defvjp(a=_d_cholesky)


@also_named(input="A")
@as_one("LinalgCholeskyExBackward0")
def linalg_cholesky(A: Any, upper: bool = False, *, out: Any = None) -> Any:
    """``L`` of ``A = L L^H``, lower triangular (or ``U`` of ``U^H U``), for symmetric (Hermitian)
    positive-definite ``A`` ``(..., N, N)``.

    >>> import minitorch_dl as torch
    >>> torch.linalg.cholesky(torch.tensor([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 0.],
            [1., 2.]])

    Raises:
        LinAlgError: ``A`` is not positive definite.
    """
    check_matrices("linalg.cholesky", square=True, A=A)
    y = cholesky_p(A, upper=upper)
    return y if out is None else write_out("linalg.cholesky", out, y, exact=True)


def cholesky(input: Any, upper: bool = False, *, out: Any = None) -> Any:
    """``linalg.cholesky``, by an older name."""
    deprecated("cholesky", "linalg.cholesky", "cholesky(A, upper=True) write cholesky(A).mH")
    return linalg_cholesky(input, upper, out=out)


@primitive(complex=True)
def cholesky_solve_p(xp: Any, b: Any, factor: Any, *, upper: bool) -> Any:
    half = solve_triangular_p(factor, b, upper=upper, adjoint=upper, unit=False)
    return solve_triangular_p(factor, half, upper=upper, adjoint=not upper, unit=False)


def _d_cholesky_factor(g: Any, y: Any, factor: Any, upper: bool) -> Any:
    """``-(A^-1 g y^H + its adjoint) L``: as if the whole of L were read, as PyTorch has it."""
    p = mul(cholesky_solve_p(g, factor, upper=upper), y, tb=True)
    p = sum_to(p + mH(p), shape=factor.shape)
    return -mul(factor, p) if upper else -mul(p, factor)


cholesky_solve_p.defvjp(
    b=lambda g, b_shape, factor, upper: sum_to(
        cholesky_solve_p(g, factor, upper=upper), shape=b_shape
    ),
    factor=_d_cholesky_factor,
)


@also_named(input="B", input2="L")
@as_one("CholeskySolveBackward0")
def cholesky_solve(B: Any, L: Any, upper: bool = False, *, out: Any = None) -> Any:
    """``X`` of ``A X = B``, given the Cholesky factor ``L`` of ``A``."""
    check_matrices("cholesky_solve", square=True, L=L)
    check_matrices("cholesky_solve", B=B)
    check_system("cholesky_solve", L, B)
    y = cholesky_solve_p(B, L, upper=upper)
    return y if out is None else write_out("cholesky_solve", out, y)


@also_named(input="L")
@as_one("CholeskyInverseBackward0")
def cholesky_inverse(L: Any, upper: bool = False, *, out: Any = None) -> Any:
    """The inverse of ``A``, given its Cholesky factor ``L``."""
    check_matrices("cholesky_inverse", square=True, L=L)
    check_all(
        diagonal(L, dim1=-2, dim2=-1).array != 0,
        LinAlgError,
        "cholesky_inverse: an element of the diagonal is zero, the inversion could not be "
        "completed because the input matrix is singular",
    )
    y = cholesky_solve(eye_like(L, n=L.shape[-1]), L, upper)
    return y if out is None else write_out("cholesky_inverse", out, y)
