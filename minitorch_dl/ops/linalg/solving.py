"""Linear systems, inverses and determinants of the matrices in the last two dims.

Derivatives: M. Giles, "Collected matrix derivative results" (2008).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...autograd.engine_ops import cast, conj, is_complex, sum_to
from ...autograd.errors import require_tensor
from ...autograd.node_names import as_one
from ...autograd.primitive import primitive, write_out
from ...backend import dtypes
from .. import return_types
from ..deprecated import deprecated
from ..diagonals import diagonal_adjoint, diagonal_p, tril_p, triu_p
from ..dims import also_named
from ..elementwise import log
from ..matmul import matmul_to
from ..movement import clone
from ..reductions import sum_p
from ..selection import where
from ..shape import reshape_p, transpose_p

__all__ = ["det", "inverse", "logdet", "slogdet", "triangular_solve"]


class _LinAlgError(RuntimeError):
    """A matrix that the operation can't be done on: singular, not positive definite, or without
    convergence. ``order``: which pivot or leading minor fails."""

    def __init__(self, text: str = "", order: int = 1) -> None:
        super().__init__(text)
        self.order = order


LinAlgError = _LinAlgError  # the name under which it is published, as in PyTorch


def check_matrices(op: str, square: bool = False, **matrices: Any) -> None:
    """Refuse all but tensors of (square) matrices in single or double precision."""
    for name, x in matrices.items():
        require_tensor(op, name, x)
        if x.ndim < 2:
            raise RuntimeError(f"{op}: The input tensor {name} must have at least 2 dimensions.")
        if x.array.dtype not in ("float32", "float64", "complex64", "complex128"):
            low = x.dtype.kind >= dtypes.FLOAT
            kinds = (
                "Low precision dtypes not supported"
                if low
                else ("Expected a floating point or complex tensor as input")
            )
            raise RuntimeError(
                f"{op}: {kinds}: expected {name} of dtype float32 or float64, or of the complex "
                f"ones, got {x.dtype}"
            )
        if square and x.shape[-1] != x.shape[-2]:
            raise RuntimeError(
                f"{op}: {name} must be batches of square matrices, but they are {x.shape[-2]} by "
                f"{x.shape[-1]} matrices"
            )


def mul(a: Any, b: Any, ta: bool = False, tb: bool = False) -> Any:
    """``op(a) @ op(b)``, each the adjoint (of real matrices the transpose) if said so; for
    formulas."""
    if is_complex(a) or is_complex(b):
        a, b = conjugated(a) if ta else a, conjugated(b) if tb else b
        if a.dtype != b.dtype:  # singular values are real
            wide = dtypes.promote_types(*(dtypes.as_dtype(x.dtype) for x in (a, b))).name
            a, b = cast(a, dtype=wide), cast(b, dtype=wide)
    batch = np.broadcast_shapes(tuple(a.shape[:-2]), tuple(b.shape[:-2]))
    shape = (*batch, a.shape[-1 if ta else -2], b.shape[-2 if tb else -1])
    return matmul_to(a, b, ta=ta, tb=tb, shape=shape)


def mT(a: Any) -> Any:
    """The matrices transposed; for formulas."""
    return transpose_p(a, dim0=a.ndim - 2, dim1=a.ndim - 1)


def conjugated(a: Any) -> Any:
    """The complex conjugates, of real numbers ``a`` itself; for formulas."""
    return conj(a) if is_complex(a) else a


def mH(a: Any) -> Any:
    """The adjoint matrices, of real ones the transposed; for formulas."""
    return mT(conjugated(a))


def as_column(a: Any) -> Any:
    """``(..., n)`` as ``(..., n, 1)``; for formulas."""
    return reshape_p(a, shape=(*a.shape, 1))


def as_row(a: Any) -> Any:
    """``(..., n)`` as ``(..., 1, n)``; for formulas."""
    return reshape_p(a, shape=(*a.shape[:-1], 1, a.shape[-1]))


def diagonal_of(a: Any) -> Any:
    """``y[..., i] = a[..., i, i]``; for formulas."""
    return diagonal_p(a, offset=0, dim1=a.ndim - 2, dim2=a.ndim - 1)


def as_diagonal(a: Any) -> Any:
    """Square matrices with ``a`` on the diagonal, 0 elsewhere; for formulas."""
    shape = (*a.shape, a.shape[-1])
    return diagonal_adjoint(a, offset=0, dim1=a.ndim - 1, dim2=a.ndim, shape=shape)


@primitive(complex=True)
def eye_like(xp: Any, a: Any, *, n: int) -> Any:
    """The identity matrix in the dtype of ``a``."""
    return xp.eye(n, dtype=a.dtype)


NOT_CONVERGED = (
    "The algorithm failed to converge because the input matrix contained non-finite values, or is "
    "ill-conditioned"
)


def attempt(
    op: str, compute: Any, a: Any, *args: Any, why: str, failing: Any = None, **options: Any
) -> Any:
    """Run a LAPACK routine, with this package's exception for what it can't factorize.

    Args:
        failing: gives the order of what fails in one matrix, 0 if nothing does; ``why`` tells it.
    """
    try:
        return compute(a, *args, **options)
    except np.linalg.LinAlgError as error:
        orders = [] if failing is None else [failing(m) for m in a.reshape(-1, *a.shape[-2:])]
        at = next((i for i, k in enumerate(orders) if k), 0)
        order = orders[at] if any(orders) else 1
        batch = f"(Batch element {at}): " if a.ndim > 2 and any(orders) else ""
        raise LinAlgError(f"{op}: {batch}{why.format(order=order)}", order) from error


def zero_pivot(a: Any) -> int:
    """Which pivot of a matrix is the first to be 0, from 1; 0 if none is."""
    a = a.copy()
    for k in range(len(a)):
        at = k + int(abs(a[k:, k]).argmax())
        if a[at, k] == 0:
            return k + 1
        a[[k, at]] = a[[at, k]]
        a[k + 1 :, k:] -= a[k + 1 :, k, None] / a[k, k] * a[k, k:]
    return 0


# -- triangular systems ----------------------------------------------------------------------------


_TRIANGLE = 64
"""Rows of a triangular matrix that are solved as those of any matrix."""


@primitive(complex=True)
def solve_triangular_p(xp: Any, a: Any, b: Any, *, upper: bool, adjoint: bool, unit: bool) -> Any:
    """``x`` of ``op(a) x = b``, where only one triangle of ``a`` counts, with 1 for its diagonal if
    ``unit``."""
    a = adjoint_of(a) if adjoint else a
    lower, n = upper == adjoint, a.shape[-1]
    if xp is not np:
        return xp.linalg.solve(_triangle(xp, a, lower, unit), b)
    if not unit and not a.diagonal(axis1=-2, axis2=-1).all():  # which gives infinities and NaN
        return _substituted(xp, a, b, reverse=not lower)
    if n <= _TRIANGLE:
        return np.linalg.solve(_triangle(np, a, lower, unit), b)
    x = _result(xp, a, b)
    for start in range(0, n, _TRIANGLE) if lower else range(0, n, _TRIANGLE)[::-1]:
        rows = slice(start, start + _TRIANGLE)
        known = slice(start) if lower else slice(rows.stop, None)
        x[..., rows, :] -= a[..., rows, known] @ x[..., known, :]
        block = _triangle(xp, a[..., rows, rows], lower, unit)
        x[..., rows, :] = np.linalg.solve(block, x[..., rows, :])
    return x


def _triangle(xp: Any, a: Any, lower: bool, unit: bool) -> Any:
    a = xp.tril(a) if lower else xp.triu(a)
    if unit:
        k = xp.arange(a.shape[-1])
        a[..., k, k] = 1
    return a


def _result(xp: Any, a: Any, b: Any) -> Any:
    """A copy of ``b``, broadcast, for the solution to replace."""
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return xp.broadcast_to(b, (*batch, *b.shape[-2:])).copy()


def _substituted(xp: Any, a: Any, b: Any, reverse: bool) -> Any:
    """The solution row by row, from the last one up if ``reverse``."""
    x = _result(xp, a, b)
    n = a.shape[-1]
    for k in range(n)[::-1] if reverse else range(n):
        x[..., k, :] /= a[..., k, k, None]
        others = slice(0, k) if reverse else slice(k + 1, n)
        x[..., others, :] -= a[..., others, k, None] * x[..., k, None, :]
    return x


def adjoint_of(a: Any) -> Any:
    """The adjoint of raw matrices."""
    return (a.conj() if a.dtype.kind == "c" else a).swapaxes(-1, -2)


def _d_triangular_b(g: Any, a: Any, b_shape: Any, upper: bool, adjoint: bool, unit: bool) -> Any:
    d = solve_triangular_p(a, g, upper=upper, adjoint=not adjoint, unit=unit)
    return d if d.shape == b_shape else sum_to(d, shape=b_shape)


def _d_triangular_a(g: Any, a: Any, y: Any, upper: bool, adjoint: bool, unit: bool) -> Any:
    d = solve_triangular_p(a, g, upper=upper, adjoint=not adjoint, unit=unit)
    left, right = (y, d) if adjoint else (d, y)
    d = matmul_to(left, conjugated(right), ta=False, tb=True, shape=a.shape)
    return -(triu_p(d, diagonal=int(unit)) if upper else tril_p(d, diagonal=-int(unit)))


solve_triangular_p.defvjp(a=_d_triangular_a, b=_d_triangular_b)


@as_one("LinalgSolveTriangularBackward0")
def solve_triangular(
    A: Any, B: Any, *, upper: bool, left: bool = True, unitriangular: bool = False, out: Any = None
) -> Any:
    """``X`` of ``A X = B`` (``X A = B`` with ``left=False``) for triangular ``A``; the other
    triangle is not looked at.

    >>> import minitorch_dl as torch
    >>> torch.linalg.solve_triangular(
    ...     torch.tensor([[2.0, 0.0], [1.0, 1.0]]), torch.ones(2, 1), upper=False
    ... )
    tensor([[0.5000],
            [0.5000]])
    """
    check_matrices("linalg.solve_triangular", square=True, A=A)
    check_matrices("linalg.solve_triangular", B=B)
    check_system("linalg.solve_triangular", A, B, left)
    if left:
        y = solve_triangular_p(A, B, upper=upper, adjoint=False, unit=unitriangular)
    else:
        y = mH(solve_triangular_p(A, mH(B), upper=upper, adjoint=True, unit=unitriangular))
    return y if out is None else write_out("linalg.solve_triangular", out, y, exact=True)


def check_system(op: str, A: Any, B: Any, left: bool = True) -> None:
    if A.dtype is not B.dtype:
        raise RuntimeError(
            f"{op}: Expected A and B to have the same dtype, but found {A.dtype} and {B.dtype} "
            "instead"
        )
    if A.shape[-1] != B.shape[-2 if left else -1]:
        raise RuntimeError(
            f"{op}: Incompatible shapes of A and B for the equation "
            f"{'AX = B' if left else 'XA = B'} "
            f"({A.shape[-2]}x{A.shape[-1]} and {B.shape[-2]}x{B.shape[-1]})"
        )


@also_named(input="b")
@as_one("TriangularSolveBackward0")
def triangular_solve(
    b: Any,
    A: Any,
    upper: bool = True,
    transpose: bool = False,
    unitriangular: bool = False,
    *,
    out: Any = None,
) -> Any:
    """``(solution, cloned_coefficient)`` of ``A X = b`` for triangular ``A``; the older form of
    ``linalg.solve_triangular``."""
    deprecated(
        "triangular_solve",
        "linalg.solve_triangular",
        "triangular_solve(B, A).solution write linalg.solve_triangular(A, B, upper=True)",
    )
    check_matrices("triangular_solve", square=True, A=A)
    check_matrices("triangular_solve", b=b)
    check_system("triangular_solve", A, b)
    a = conjugated(A) if transpose else A
    x = solve_triangular_p(a, b, upper=upper, adjoint=transpose, unit=unitriangular)
    y = return_types.triangular_solve(x, clone(A))
    return (
        y
        if out is None
        else return_types.triangular_solve(*write_out("triangular_solve", out, y, exact=True))
    )


# -- general systems -------------------------------------------------------------------------------


@primitive(complex=True)
def inv_p(xp: Any, a: Any) -> Any:
    return attempt(
        "linalg.inv",
        xp.linalg.inv,
        a,
        why="The diagonal element {order} is zero, the inversion could not be completed because "
        "the input matrix is singular",
        failing=zero_pivot,
    )


inv_p.defvjp(a=lambda g, y: -mul(mul(y, g, ta=True), y, tb=True))


@as_one("LinalgInvExBackward0")
def inv(A: Any, *, out: Any = None) -> Any:
    """The inverse of ``(..., N, N)``. To multiply by an inverse, ``solve`` is quicker and more
    accurate.

    >>> import minitorch_dl as torch
    >>> torch.linalg.inv(torch.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])

    Raises:
        LinAlgError: ``A`` is singular.
    """
    check_matrices("linalg.inv", square=True, A=A)
    y = inv_p(A)
    return y if out is None else write_out("linalg.inv", out, y, exact=True)


@as_one()
def inverse(input: Any, *, out: Any = None) -> Any:
    """The inverse of ``(..., N, N)``; see ``linalg.inv``."""
    return inv(input, out=out)


@primitive(complex=True)
def solve_p(xp: Any, a: Any, b: Any, *, adjoint: bool) -> Any:
    why = "The solver failed because the input matrix is singular"
    a = adjoint_of(a) if adjoint else a
    return attempt("linalg.solve", xp.linalg.solve, a, b, why=why, failing=zero_pivot)


def _d_solve_b(g: Any, a: Any, b_shape: Any, adjoint: bool) -> Any:
    d = solve_p(a, g, adjoint=not adjoint)
    return d if d.shape == b_shape else sum_to(d, shape=b_shape)


def _d_solve_a(g: Any, a: Any, y: Any, adjoint: bool) -> Any:
    d = solve_p(a, g, adjoint=not adjoint)
    left, right = (y, d) if adjoint else (d, y)
    return -matmul_to(left, conjugated(right), ta=False, tb=True, shape=a.shape)


solve_p.defvjp(a=_d_solve_a, b=_d_solve_b)


@as_one("LinalgSolveExBackward0")
def solve(A: Any, B: Any, *, left: bool = True, out: Any = None) -> Any:
    """``X`` of ``A X = B`` (``X A = B`` with ``left=False``); ``B`` is a vector ``(N,)``, vectors
    ``(*, N)`` or matrices ``(*, N, K)``.

    >>> import minitorch_dl as torch
    >>> torch.linalg.solve(torch.tensor([[2.0, 0.0], [0.0, 4.0]]), torch.tensor([2.0, 2.0]))
    tensor([1.0000, 0.5000])

    Raises:
        LinAlgError: ``A`` is singular.
    """
    check_matrices("linalg.solve", square=True, A=A)
    vector = B.ndim == 1 or (A.ndim - 1 == B.ndim and A.shape[:-1] == B.shape)
    if vector and not left:
        raise RuntimeError(
            "linalg.solve: Vector broadcasting of the left hand side is not supported for "
            "left=False"
        )
    b = as_column(B) if vector else B
    check_matrices("linalg.solve", B=b)
    check_system("linalg.solve", A, b, left)
    if left:
        y = solve_p(A, b, adjoint=False)
    else:
        y = mH(solve_p(A, mH(b), adjoint=True))
    if vector:
        y = reshape_p(y, shape=y.shape[:-1])
    return y if out is None else write_out("linalg.solve", out, y, exact=True)


# -- determinants ----------------------------------------------------------------------------------


@primitive(complex="holomorphic")
def det_p(xp: Any, a: Any) -> Any:
    return xp.linalg.det(a)


det_p.defvjp(a=lambda g, a: as_column(as_column(g)) * cofactors(a))


@primitive(complex="holomorphic")
def cofactors(xp: Any, a: Any) -> Any:
    """The derivative of the determinant, of singular matrices too:
    ``det(U) det(V^H) conj(U) diag(products of the other s) conj(V^H)``.
    """
    u, s, vh = xp.linalg.svd(a)
    before, after = xp.ones_like(s), xp.ones_like(s)
    before[..., 1:] = s[..., :-1].cumprod(-1)
    after[..., :-1] = s[..., :0:-1].cumprod(-1)[..., ::-1]
    sign = xp.linalg.det(u) * xp.linalg.det(vh)
    if a.dtype.kind == "c":
        u, vh = u.conj(), vh.conj()
    return xp.matmul(u * (sign[..., None] * before * after)[..., None, :], vh)


def _d_cofactors(g: Any, a: Any, y: Any) -> Any:
    """``<g, C> Z - C g^T Z`` with ``Z = A^-T``: of regular matrices only."""
    z = mT(inv_p(a))
    return sum_p(g * y, dims=(y.ndim - 2, y.ndim - 1), keepdim=True) * z - mul(mul(y, mT(g)), z)


cofactors.defvjp(a=_d_cofactors)


@also_named(input="A")
@as_one("LinalgDetBackward0")
def det(A: Any, *, out: Any = None) -> Any:
    """The determinant of ``(..., N, N)``.

    >>> import minitorch_dl as torch
    >>> torch.det(torch.tensor([[2.0, 1.0], [0.0, 4.0]]))
    tensor(8.)
    """
    check_matrices("linalg.det", square=True, A=A)
    y = det_p(A)
    return y if out is None else write_out("linalg.det", out, y, exact=True)


@primitive(outputs=("sign", "logabsdet"), complex=True)
def slogdet_p(xp: Any, a: Any) -> Any:
    sign, logabsdet = xp.linalg.slogdet(a)
    return sign.astype(a.dtype), logabsdet.astype(a.real.dtype)


def _d_slogdet(g: Any, a: Any, sign: Any) -> Any:
    """``g_logabsdet A^-H``; the sign of a complex matrix, ``exp(i phase)``, changes too."""
    g_sign, g_log = g
    if is_complex(a):
        turn = conj(g_sign) * sign
        g_log = g_log - (turn - conj(turn)) * 0.5
    return as_column(as_column(g_log)) * mH(_inverse_or_infinite(a))


def _inverse_or_infinite(a: Any) -> Any:
    try:
        return inv_p(a)
    except LinAlgError:  # a singular matrix among them
        return mT(cofactors(a)) / as_column(as_column(det_p(a)))


slogdet_p.defvjp(a=_d_slogdet)


@as_one("LinalgSlogdetBackward0")
def linalg_slogdet(A: Any, *, out: Any = None) -> Any:
    """``(sign, logabsdet)`` of the determinant of ``(..., N, N)``; the logarithm is -inf where it
    is 0."""
    check_matrices("linalg.slogdet", square=True, A=A)
    y = return_types.linalg_slogdet(*slogdet_p(A))
    return (
        y
        if out is None
        else return_types.linalg_slogdet(*write_out("linalg.slogdet", out, y, exact=True))
    )


def slogdet(input: Any, *, out: Any = None) -> Any:
    """``linalg.slogdet``.

    >>> import minitorch_dl as torch
    >>> torch.linalg.slogdet(torch.tensor([[2.0, 0.0], [0.0, -3.0]]))
    torch.return_types.linalg_slogdet(
    sign=tensor(-1.),
    logabsdet=tensor(1.7918))
    """
    return return_types.slogdet(*linalg_slogdet(input, out=out))


def logdet(input: Any) -> Any:
    """The logarithm of the determinant of ``(..., N, N)``; NaN where it is negative."""
    sign, logabsdet = slogdet(input)
    if sign.is_complex():
        return logabsdet + log(sign)
    return where(sign == -1, math.nan, logabsdet)
