"""LU factorization with partial pivoting, and the ``_ex`` forms that report failure by a
number.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from ...autograd.node_names import as_one
from ...autograd.primitive import TensorBase, primitive, write_out
from ...backend import anywhere, array_module, check_all
from ...backend.lapack import lu_factors
from .. import return_types
from ..deprecated import deprecated
from ..diagonals import tril_p, triu_p
from ..gathering import take_along_dim
from ..joining import cat
from ..shape import contiguous
from .cholesky import linalg_cholesky
from .solving import (
    LinAlgError,
    as_diagonal,
    check_matrices,
    check_system,
    eye_like,
    inv,
    mH,
    mul,
    solve,
    solve_triangular,
    solve_triangular_p,
)

__all__ = ["lu", "lu_solve", "lu_unpack"]


def _eliminate(xp: Any, a: Any, pivot: bool) -> tuple[Any, Any]:
    """``L`` (without its diagonal of ones) and ``U`` in one matrix, and the rows ``p[k] >= k`` that
    each step swapped with row k.
    """
    m, n = a.shape[-2:]
    done = lu_factors(a)
    if done is not None and (pivot or (done[1] == xp.arange(min(m, n))).all()):
        return done
    a = a.copy()
    flat = a.reshape(prod(a.shape[:-2]), m, n)
    pivots = xp.empty((flat.shape[0], min(m, n)), dtype="int64")
    batch = xp.arange(flat.shape[0])
    for k in range(min(m, n)):
        row = k + _size(flat[:, k:, k]).argmax(axis=1) if pivot else xp.full_like(batch, k)
        pivots[:, k] = row
        top = flat[:, k].copy()
        flat[:, k] = flat[batch, row]
        flat[batch, row] = top
        divisor = flat[:, k, k][:, None]
        flat[:, k + 1 :, k] /= xp.where(divisor == 0, 1, divisor)
        flat[:, k + 1 :, k + 1 :] -= flat[:, k + 1 :, k, None] * flat[:, k, None, k + 1 :]
    return flat.reshape(a.shape), pivots.reshape(*a.shape[:-2], min(m, n))


def _size(a: Any) -> Any:
    """By what LAPACK compares pivots: of complex numbers the sum of the parts' absolute values."""
    return abs(a.real) + abs(a.imag) if a.dtype.kind == "c" else abs(a)


@primitive(complex=True)
def lu_square(xp: Any, a: Any) -> Any:
    """``L - I + U`` of square matrices that need no pivoting."""
    return _eliminate(xp, a, pivot=False)[0]


def _d_lu_square(g: Any, y: Any) -> Any:
    """``L^-H (tril(L^H g, -1) + triu(g U^H)) U^-H``."""
    lower = tril_p(y, diagonal=-1) + eye_like(y, n=y.shape[-1])
    upper = triu_p(y, diagonal=0)
    middle = tril_p(mul(lower, g, ta=True), diagonal=-1)
    middle = middle + triu_p(mul(g, upper, tb=True), diagonal=0)
    left = solve_triangular_p(lower, middle, upper=False, adjoint=True, unit=True)
    return mH(solve_triangular_p(upper, mH(left), upper=True, adjoint=False, unit=False))


lu_square.defvjp(a=_d_lu_square)


def _order(xp: Any, pivots: Any, m: int) -> Any:
    """The order of rows that the swaps ``pivots`` (from 0) lead to."""
    flat = pivots.reshape(prod(pivots.shape[:-1]), pivots.shape[-1])
    if xp is np and len(flat) < _FEW:
        orders = [_swapped(list(range(m)), swaps) for swaps in flat.tolist()]
        return np.array(orders, np.int64).reshape(*pivots.shape[:-1], m)
    order = xp.tile(xp.arange(m), (flat.shape[0], 1))
    batch = xp.arange(flat.shape[0])
    for k in range(flat.shape[1]):
        first = order[:, k].copy()
        order[:, k] = order[batch, flat[:, k]]
        order[batch, flat[:, k]] = first
    return order.reshape(*pivots.shape[:-1], m)


_FEW = 64
"""Matrices up to which a swap in each takes longer by arrays than in lists."""


def _swapped(rows: list[int], swaps: list[int]) -> list[int]:
    for k, row in enumerate(swaps):
        rows[k], rows[row] = rows[row], rows[k]
    return rows


@as_one("LinalgLuFactorExBackward0")
def lu_factor_ex(
    A: Any, *, pivot: bool = True, check_errors: bool = False, out: Any = None
) -> return_types.linalg_lu_factor_ex:
    """``lu_factor``, and ``info``: 0, or the place of the first zero on the diagonal of ``U``."""
    check_matrices("torch.linalg.lu_factor_ex", A=A)
    a = A.array
    xp = array_module(a)
    factors, pivots = _eliminate(xp, a, pivot)
    m, n = a.shape[-2:]
    k = min(m, n)
    zero = xp.diagonal(factors, axis1=-2, axis2=-1) == 0
    info = xp.where(zero.any(-1), zero.argmax(-1) + 1 if k else 0, 0).astype("int32")
    if check_errors and (info > 0).any():
        raise LinAlgError(
            f"torch.linalg.lu_factor_ex: U[{int(info.max())},{int(info.max())}] is zero and using "
            "it on lu_solve would result in a division by zero"
        )
    rows = take_along_dim(A, TensorBase.wrap(_order(xp, pivots, m)[..., None]), -2)
    LU = lu_square(rows[..., :k, :k])
    if m > n:
        # under a pivot of 0 all is 0 already
        U = LU + as_diagonal(TensorBase.wrap(zero.astype(a.dtype))) if anywhere(zero) else LU
        rest = solve_triangular(U, rows[..., k:, :], upper=True, left=False)
        LU = cat([LU, rest], -2)
    elif n > m:
        rest = solve_triangular(LU, rows[..., k:], upper=False, unitriangular=True)
        LU = cat([LU, rest], -1)
    y = (LU, TensorBase.wrap((pivots + 1).astype("int32")), TensorBase.wrap(info))
    return return_types.linalg_lu_factor_ex(
        *(y if out is None else write_out("linalg.lu_factor_ex", out, y, exact=True))
    )


def lu_factor(A: Any, *, pivot: bool = True, out: Any = None) -> return_types.linalg_lu_factor:
    """``(LU, pivots)`` of ``A = P L U`` ``(..., M, N)``: ``L`` below and ``U`` from the diagonal
    on; step k swapped the rows k and ``pivots[k]``, counted from 1.

    >>> import minitorch_dl as torch
    >>> torch.linalg.lu_factor(torch.tensor([[1.0, 2.0], [2.0, 2.0]])).LU
    tensor([[2.0000, 2.0000],
            [0.5000, 1.0000]])

    Raises:
        RuntimeError: ``U`` has a zero on its diagonal.
    """
    LU, pivots, info = lu_factor_ex(A, pivot=pivot)
    check_all(
        info.array == 0,
        RuntimeError,
        "torch.linalg.lu_factor: an element of the diagonal of U is zero and using it on lu_solve "
        "would result in a division by zero. If you still want to perform the factorization, "
        "consider calling linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)",
    )
    y = LU, pivots
    return return_types.linalg_lu_factor(
        *(y if out is None else write_out("linalg.lu_factor", out, y, exact=True))
    )


@as_one("LuUnpackBackward0")
def lu_unpack(
    LU_data: Any,
    LU_pivots: Any,
    unpack_data: bool = True,
    unpack_pivots: bool = True,
    *,
    out: Any = None,
) -> return_types.lu_unpack:
    """``(P, L, U)`` from what ``lu_factor`` gave; an empty tensor for what is not unpacked."""
    a = LU_data.array
    xp = array_module(a)
    m, n = a.shape[-2:]
    k = min(m, n)
    P = L = U = TensorBase.wrap(xp.empty(0, a.dtype))
    if unpack_pivots:
        if LU_pivots.array.dtype != "int32":
            raise RuntimeError(
                "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 "
                f"dtype, got {LU_pivots.dtype}"
            )
        order = _order(xp, LU_pivots.array.astype("int64") - 1, m)
        # P[i, j] = 1 where row i of A is row j of the product L U
        P = TensorBase.wrap((order[..., None, :] == xp.arange(m)[:, None]).astype(a.dtype))
    if unpack_data:
        square = TensorBase.wrap(xp.eye(m, k, dtype=a.dtype))
        L = tril_p(LU_data[..., :k], diagonal=-1) + square
        U = triu_p(LU_data[..., :k, :], diagonal=0)
    y = (P, L, U)
    return return_types.lu_unpack(
        *(y if out is None else write_out("lu_unpack", out, y, exact=True))
    )


@as_one("LinalgLuBackward0")
def linalg_lu(A: Any, *, pivot: bool = True, out: Any = None) -> return_types.linalg_lu:
    """``(P, L, U)`` of ``A = P L U``; the permutation ``P`` is empty with ``pivot=False``."""
    LU, pivots, _ = lu_factor_ex(A, pivot=pivot)
    y = lu_unpack(LU, pivots, unpack_pivots=pivot)
    return return_types.linalg_lu(
        *(y if out is None else write_out("linalg.lu", out, tuple(y), exact=True))
    )


@as_one()
def lu(A: Any, pivot: bool = True, get_infos: bool = False, out: Any = None) -> tuple[Any, ...]:
    """``(LU, pivots)``, with ``get_infos`` also ``info``: see ``linalg.lu_factor_ex``."""
    deprecated(
        "lu",
        "linalg.lu_factor / torch.linalg.lu_factor_ex",
        "lu(A, get_infos=True) write linalg.lu_factor_ex(A)",
    )
    LU, pivots, info = lu_factor_ex(A, pivot=pivot)
    y = return_types._lu_with_info(LU, pivots, info) if get_infos else (LU, pivots)
    return y if out is None else write_out("lu", out, y)


@as_one("LinalgLuSolveBackward0")
def linalg_lu_solve(
    LU: Any, pivots: Any, B: Any, *, left: bool = True, adjoint: bool = False, out: Any = None
) -> Any:
    """``X`` of ``A X = B`` for the ``A`` that ``lu_factor`` factorized.

    Args:
        left: False solves ``X A = B``.
        adjoint: use the adjoint of ``A``.
    """
    check_matrices("torch.linalg.lu_solve", square=True, LU=LU)
    check_matrices("torch.linalg.lu_solve", B=B)
    check_system("torch.linalg.lu_solve", LU, B, left)
    if not left:
        y = contiguous(mH(linalg_lu_solve(LU, pivots, mH(B), adjoint=not adjoint)))
        return y if out is None else write_out("linalg.lu_solve", out, y, exact=True)
    P, L, U = lu_unpack(LU, pivots)
    if adjoint:
        y = solve_triangular(mH(U), B, upper=False)
        y = mul(P, solve_triangular(mH(L), y, upper=True, unitriangular=True))
    else:
        y = solve_triangular(L, mul(P, B, ta=True), upper=False, unitriangular=True)
        y = solve_triangular(U, y, upper=True)
    return y if out is None else write_out("linalg.lu_solve", out, y, exact=True)


@as_one()
def lu_solve(b: Any, LU_data: Any, LU_pivots: Any, *, out: Any = None) -> Any:
    """``X`` of ``A X = b``; see ``linalg.lu_solve``."""
    deprecated("lu_solve", "linalg.lu_solve", "(B, LU, pivots) pass (LU, pivots, B)")
    return linalg_lu_solve(LU_data, LU_pivots, b, out=out)


# -- failure as a number ---------------------------------------------------------------------------


def _attempt(function: Callable[..., Any], A: Any, check_errors: bool) -> tuple[Any, Any]:
    """``function(A)`` and info: what fails for each matrix of ``A``, whose result is then NaN; 0
    where nothing does."""
    xp = array_module(A.array)
    info = xp.zeros(A.shape[:-2], dtype="int32")
    try:
        return function(A), TensorBase.wrap(info)
    except LinAlgError:
        if check_errors:
            raise
    one = A.detach()
    shape = tuple(A.shape[:-2])
    y = xp.full_like(A.array, float("nan"))
    for i in range(info.size):
        at = tuple(int(k) for k in xp.unravel_index(i, shape)) if shape else ()
        try:
            y[at] = function(one[at]).array
        except LinAlgError as error:
            info[at] = error.order
    return TensorBase.wrap(y), TensorBase.wrap(info)


@as_one("LinalgInvExBackward0")
def inv_ex(A: Any, *, check_errors: bool = False, out: Any = None) -> return_types.linalg_inv_ex:
    """``(inverse, info)``: info is 0, or positive for a singular matrix, whose inverse is NaN."""
    y = _attempt(inv, A, check_errors)
    return return_types.linalg_inv_ex(
        *(y if out is None else write_out("inv_ex", out, y, exact=True))
    )


@as_one("LinalgCholeskyExBackward0")
def cholesky_ex(
    A: Any, *, upper: bool = False, check_errors: bool = False, out: Any = None
) -> return_types.linalg_cholesky_ex:
    """``(L, info)``: info is 0, or positive for a matrix that is not positive definite, whose ``L``
    is NaN.
    """
    y = _attempt(lambda a: linalg_cholesky(a, upper=upper), A, check_errors)
    return return_types.linalg_cholesky_ex(
        *(y if out is None else write_out("cholesky_ex", out, y, exact=True))
    )


@as_one("LinalgSolveExBackward0")
def solve_ex(
    A: Any, B: Any, *, left: bool = True, check_errors: bool = False, out: Any = None
) -> return_types.linalg_solve_ex:
    """``(result, info)``: info is 0, or positive for a singular matrix; then the result is NaN."""
    _, info = _attempt(inv, A.detach(), check_errors)
    if anywhere(info.array):
        xp = array_module(A.array)
        y = TensorBase.wrap(xp.full_like(B.array, float("nan"))), info
    else:
        y = solve(A, B, left=left), info
    return return_types.linalg_solve_ex(
        *(y if out is None else write_out("solve_ex", out, y, exact=True))
    )
