"""Functions of matrices: pseudo-inverse, least squares, rank, powers, exponential."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from ...autograd.engine_ops import cast
from ...autograd.errors import require_kind, require_one_dtype
from ...autograd.node_names import as_one
from ...autograd.primitive import TensorBase, primitive, write_out
from ...backend import anywhere, array_module
from ...backend.precision import is_half
from .. import return_types
from ..complex_numbers import real
from ..diagonals import diagonal
from ..dims import also_named, wrap_dim
from ..elementwise import abs
from ..joining import cat, cat_p
from ..matmul import cross, matmul
from ..powers import square
from ..scans import cumprod
from ..selection import select
from ..shape import permute, reshape_p
from ..slicing import slice_along
from .factorizations import svdvals
from .lu import inv_ex
from .norms import linalg_norm
from .solving import (
    NOT_CONVERGED,
    adjoint_of,
    as_column,
    attempt,
    check_matrices,
    conjugated,
    eye_like,
    inv,
    mH,
    mT,
    mul,
    solve,
)

__all__ = ["matrix_exp", "matrix_power", "pinverse", "vander"]

# -- pseudo-inverse --------------------------------------------------------------------------------


def _cutoff(xp: Any, s: Any, shape: tuple[int, ...], atol: Any, rtol: Any) -> Any:
    """Below which singular values count as 0: ``max(atol, rtol * largest)``; rtol is eps * max(M,
    N) unless one of them is given."""
    if rtol is None:
        default = xp.finfo(s.dtype).eps * max(shape[-2:])
        rtol = default if atol is None else xp.where(xp.asarray(atol) > 0, 0.0, default)
    largest = s.max(-1) if s.shape[-1] else xp.zeros(s.shape[:-1], s.dtype)
    return xp.maximum(0.0 if atol is None else atol, rtol * largest).astype(s.dtype)[..., None]


@primitive(complex=True)
def pinv_p(xp: Any, a: Any, atol: Any, rtol: Any, *, hermitian: bool) -> Any:
    if hermitian:
        w, u = attempt("linalg.eigh", xp.linalg.eigh, a, why=NOT_CONVERGED)
        s, vh = xp.abs(w), xp.where(w < 0, -1, 1).astype(w.dtype)[..., None] * adjoint_of(u)
    else:
        u, s, vh = attempt("linalg.svd", xp.linalg.svd, a, False, why=NOT_CONVERGED)
    kept = s > _cutoff(xp, s, a.shape, atol, rtol)
    inverse = kept / xp.where(kept, s, xp.ones_like(s))
    return xp.matmul(adjoint_of(vh) * inverse[..., None, :], adjoint_of(u))


def _d_pinv(g: Any, a: Any, y: Any) -> Any:
    """``-P^H g P^H + (I - A P) g^H P P^H + P^H P g^H (I - P A)`` (Golub and Pereyra, 1973)."""
    h = mul(g, y, ta=True)  # g^H P
    k = mul(y, g, tb=True)  # P g^H
    return (
        mul(h - mul(a, mul(y, h)), y, tb=True)
        + mul(y, k - mul(mul(k, y), a), ta=True)
        - mul(mul(y, g, ta=True), y, tb=True)
    )


pinv_p.defvjp(a=_d_pinv)


def _raw(x: Any) -> Any:
    return x.array if isinstance(x, TensorBase) else x


@as_one("LinalgPinvBackward0")
def pinv(
    A: Any,
    rcond: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
    out: Any = None,
) -> Any:
    """The Moore-Penrose pseudo-inverse of ``(..., M, N)``; singular values up to
    ``max(atol, rtol * largest)`` count as 0.

    >>> import minitorch_dl as torch
    >>> torch.linalg.pinv(torch.tensor([[2.0], [0.0]]))
    tensor([[0.5000, 0.0000]])
    """
    check_matrices("linalg.pinv", square=hermitian, A=A)
    if not A.array.size:
        y = mH(A) * 1
    else:
        y = pinv_p(A, _raw(atol), _raw(rcond if rtol is None else rtol), hermitian=hermitian)
    return y if out is None else write_out("linalg.pinv", out, y)


@as_one()
def pinverse(input: Any, rcond: float = 1e-15) -> Any:
    """The Moore-Penrose pseudo-inverse; see ``linalg.pinv``."""
    return pinv(input, rcond)


@as_one()
def matrix_rank(
    A: Any,
    tol: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
    out: Any = None,
) -> Any:
    """How many singular values of ``(..., M, N)`` are above ``max(atol, rtol * largest)``.

    >>> import minitorch_dl as torch
    >>> torch.linalg.matrix_rank(torch.tensor([[1.0, 2.0], [2.0, 4.0]]))
    tensor(1)
    """
    check_matrices("linalg.matrix_rank", square=hermitian, A=A)
    xp = array_module(A.array)
    atol, rtol = _raw(tol if atol is None else atol), _raw(rtol)
    if tol is not None:
        rtol = 0.0
    if not A.array.size:
        y = TensorBase.wrap(xp.zeros(A.shape[:-2], "i8"))
    else:
        name, values = "linalg.svd", partial(xp.linalg.svd, compute_uv=False)
        if hermitian:
            name, values = "linalg.eigh", xp.linalg.eigvalsh
        s = xp.abs(attempt(name, values, A.array, why=NOT_CONVERGED))
        y = TensorBase.wrap((s > _cutoff(xp, s, A.array.shape, atol, rtol)).sum(-1))
    return y if out is None else write_out("linalg.matrix_rank", out, y)


@as_one("LinalgLstsqBackward0")
def lstsq(
    A: Any, B: Any, rcond: float | None = None, *, driver: str | None = None, out: Any = None
) -> Any:
    """``(solution, residuals, rank, singular_values)`` of ``min_X |A X - B|``, the smallest such X.

    ``residuals`` are the sums of squares, of matrices of full rank with more rows than columns;
    they are empty with the driver "gelsy", which is the default, ``rank`` is with "gels", and
    ``singular_values`` but with "gelsd" and "gelss". All compute by singular values.

    >>> import minitorch_dl as torch
    >>> torch.linalg.lstsq(torch.tensor([[1.0], [1.0]]), torch.tensor([[1.0], [3.0]])).solution
    tensor([[2.0000]])
    """
    check_matrices("linalg.lstsq", A=A)
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(
            "linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss), got "
            f"{driver}"
        )
    vector = B.ndim == 1 or (A.ndim - 1 == B.ndim and A.shape[:-1] == B.shape)
    b = as_column(B) if vector else B
    if A.shape[-2] != b.shape[-2] or A.dtype is not B.dtype:
        raise RuntimeError(
            f"linalg.lstsq: A and B must have the same dtype and number of rows, got {A.dtype} "
            f"{tuple(A.shape)} and {B.dtype} {tuple(B.shape)}"
        )
    m, n = A.shape[-2:]
    x = matmul(pinv(A, rtol=None if driver == "gels" else rcond), b)
    rank = TensorBase.wrap(A.array.real.reshape(-1)[:0].astype("i8"))
    if driver != "gels":
        rank = matrix_rank(A, rtol=rcond)
    residuals = real(reshape_p(slice_along(x, x.ndim - 1, 0, 0), shape=(0,)))
    if m > n and (driver == "gels" or (driver in ("gelsd", "gelss") and (rank.array == n).all())):
        d = matmul(A, x) - b
        residuals = square(abs(d)).sum(-2)
    x = reshape_p(x, shape=x.shape[:-1]) if vector else x
    singular = (
        svdvals(A.detach())
        if driver in ("gelsd", "gelss")
        else TensorBase.wrap(A.array.real.reshape(-1)[:0])
    )
    y = (x, residuals, rank, singular)
    return return_types.linalg_lstsq(*(y if out is None else write_out("linalg.lstsq", out, y)))


@as_one()
def cond(A: Any, p: Any = None, *, out: Any = None) -> Any:
    """The condition number of ``A``: ``norm(A) norm(A^-1)`` in the norm ``p`` (None and 2: the
    ratio of the extreme singular values).

    >>> import minitorch_dl as torch
    >>> torch.linalg.cond(torch.tensor([[10.0, 0.0], [0.0, 2.0]]))
    tensor(5.)
    """
    check_matrices("linalg.cond", A=A)
    if p in (None, 2, -2):
        s = svdvals(A)
        first, last = s.select(-1, 0), s.select(-1, s.shape[-1] - 1)
        y = last / first if p == -2 else first / last
    else:
        check_matrices("linalg.cond", square=True, A=A)
        inverse, info = inv_ex(A)
        singular = info != 0 if info.array.any() else None
        if singular is not None:
            inverse = select(as_column(as_column(singular)), 0.0, inverse)
        y = linalg_norm(A, p, (-2, -1)) * linalg_norm(inverse, p, (-2, -1))
        if singular is not None:
            y = select(singular, math.inf, y)
    return y if out is None else write_out("linalg.cond", out, y)


# -- powers and the exponential --------------------------------------------------------------------


@also_named(input="A")
def matrix_power(A: Any, n: int, *, out: Any = None) -> Any:
    """``A`` times itself ``n`` times by repeated squaring; of negative ``n`` the power of the
    inverse.

    >>> import minitorch_dl as torch
    >>> torch.linalg.matrix_power(torch.tensor([[1.0, 1.0], [0.0, 1.0]]), 5)
    tensor([[1., 5.],
            [0., 1.]])
    """
    if A.ndim < 2:
        raise RuntimeError(
            "linalg.matrix_power: The input tensor A must have at least 2 dimensions."
        )
    if A.shape[-1] != A.shape[-2]:
        check_matrices("linalg.matrix_power", square=True, A=A)
    if n < 0:
        A, n = inv(A), -n
    y = None
    while n:
        if n & 1:
            y = A if y is None else matmul(y, A)
        n >>= 1
        A = matmul(A, A) if n else A
    if y is None:
        y = A * 0 + eye_like(A, n=A.shape[-1])
    return y if out is None else write_out("linalg.matrix_power", out, y, exact=True)


_PADE = (
    64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000,
    10559470521600, 670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
)  # fmt: skip


@primitive(complex="holomorphic")
def matrix_exp_p(xp: Any, a: Any) -> Any:
    """Scaling and squaring with the [13/13] Pade approximant (Higham, 2005)."""
    if not a.size:
        return a.copy()
    x = a.astype("c16" if a.dtype.kind == "c" else "f8")
    size = float(xp.abs(x).sum(-2).max()) if anywhere(x) else 0.0
    squarings = max(0, math.ceil(math.log2(size / 5.37))) if 0 < size < math.inf else 0
    x = x / 2.0**squarings
    eye = xp.eye(x.shape[-1])
    x2 = x @ x
    x4, b = x2 @ x2, [float(c) for c in _PADE]
    x6 = x4 @ x2
    u = x @ (
        x6 @ (b[13] * x6 + b[11] * x4 + b[9] * x2) + b[7] * x6 + b[5] * x4 + b[3] * x2 + b[1] * eye
    )
    v = x6 @ (b[12] * x6 + b[10] * x4 + b[8] * x2) + b[6] * x6 + b[4] * x4 + b[2] * x2 + b[0] * eye
    y = xp.linalg.solve(v - u, v + u)
    for _ in range(squarings):
        y = y @ y
    return y.astype(a.dtype)


def _d_matrix_exp(g: Any, a: Any) -> Any:
    """The upper right block of ``exp([[A^T, g], [0, A^T]])`` (Mathias, 1996)."""
    n, rows, columns = a.shape[-1], a.ndim - 2, a.ndim - 1
    t = mT(a)
    block = cat_p(cat_p(t, g, dim=columns), cat_p(t * 0, t, dim=columns), dim=rows)
    return slice_along(slice_along(matrix_exp_p(block), rows, 0, n), columns, n, 2 * n)


matrix_exp_p.defvjp(a=_d_matrix_exp)


@as_one("LinalgMatrixExpBackward0")
def matrix_exp(input: Any) -> Any:
    """The matrix exponential ``sum of A^k / k!`` of ``(..., N, N)``.

    >>> import minitorch_dl as torch
    >>> torch.linalg.matrix_exp(torch.tensor([[0.0, 1.0], [0.0, 0.0]]))
    tensor([[1., 1.],
            [0., 1.]])
    """
    if isinstance(input, TensorBase) and is_half(input.array.dtype):
        return cast(matrix_exp(cast(input, dtype="float32")), dtype=input.array.dtype.name)
    check_matrices("linalg.matrix_exp", square=True, A=input)
    return matrix_exp_p(input)


# -- tensors as matrices ---------------------------------------------------------------------------


@as_one()
def tensorinv(A: Any, ind: int = 2, *, out: Any = None) -> Any:
    """The inverse of ``A`` as a map from its last dims to its first ``ind`` ones."""
    if ind <= 0:
        raise RuntimeError("Expected a strictly positive integer for 'ind'")
    first, rest = tuple(A.shape[:ind]), tuple(A.shape[ind:])
    if math.prod(first) != math.prod(rest):
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == "
            f"prod(self.shape[:ind]), but got {math.prod(rest)} != {math.prod(first)}"
        )
    y = reshape_p(
        inv(reshape_p(A, shape=(math.prod(first), math.prod(rest)))), shape=(*rest, *first)
    )
    return y if out is None else write_out("linalg.tensorinv", out, y)


@as_one()
def tensorsolve(A: Any, B: Any, dims: Any = None, *, out: Any = None) -> Any:
    """``X`` of ``tensordot(A, X, X.ndim) = B``, after the dims ``dims`` of ``A`` were moved to its
    end."""
    if dims is not None:
        last = [wrap_dim(i, A.ndim) for i in dims]
        A = permute(A, (*(i for i in range(A.ndim) if i not in last), *last))
    shape = tuple(A.shape[B.ndim :])
    n = math.prod(shape)
    if n != math.prod(A.shape[: B.ndim]):
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
            f"prod(self.shape[:other.ndim]), but got {n} != {math.prod(A.shape[: B.ndim])}"
        )
    y = reshape_p(solve(reshape_p(A, shape=(n, n)), reshape_p(B, shape=(n,))), shape=shape)
    return y if out is None else write_out("linalg.tensorsolve", out, y)


def linalg_vander(x: Any, *, N: int | None = None) -> Any:
    """The powers 0 to ``N - 1`` (N: the length of ``x``) of each element of ``(..., n)``, along a
    new last dim."""
    require_kind("linalg.vander", "integer", x)
    if not x.ndim and N is None:
        raise RuntimeError("linalg.vander: Expected x to have at least 1 dimension")
    n = x.shape[-1] if N is None else N
    if n < (0 if N is None else 2):
        raise RuntimeError(f"linalg.vander: N must be greater than 1, got {n}")
    if not x.ndim:
        x = reshape_p(x, shape=(1,))
    ones = as_column(x) * 0 + 1
    return cumprod(cat([ones] + [as_column(x)] * (n - 1), -1), -1)


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The powers ``N - 1`` to 0 (N: the length of ``x``) of each element of a vector, one row each;
    0 first if ``increasing``.

    >>> import minitorch_dl as torch
    >>> torch.vander(torch.tensor([1, 2, 3]), 3)
    tensor([[1, 1, 1],
            [4, 2, 1],
            [9, 3, 1]])
    """
    if x.ndim != 1:
        raise RuntimeError(
            f"vander(): x must be a one-dimensional tensor, got shape {tuple(x.shape)}"
        )
    n = x.shape[0] if N is None else N
    if n < 0:
        raise RuntimeError(f"vander(): N must be non-negative, got {n}")
    if n == 0:
        return TensorBase.wrap(x.array[:, None][:, :0])
    powers = cumprod(cat([as_column(x) * 0 + 1] + [as_column(x)] * (n - 1), -1), -1)
    return powers if increasing else slice_along(powers, 1, None, None, -1)  # type: ignore[arg-type]


@as_one()
def vecdot(x: Any, y: Any, *, dim: int = -1, out: Any = None) -> Any:
    """The sum of products ``conj(x) * y`` along ``dim``, the other dims broadcast."""
    require_kind("vecdot", "float", x, y)
    require_one_dtype("linalg.vecdot", x.array, y.array)
    z = (conjugated(x) * y).sum(dim)
    return z if out is None else write_out("linalg.vecdot", out, z, exact=True)


def linalg_cross(input: Any, other: Any, *, dim: int = -1, out: Any = None) -> Any:
    """The vector product of vectors of 3 along ``dim``."""
    return cross(input, other, dim, out=out)


def linalg_diagonal(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """The diagonals of matrices, those in the last two dims unless others are named; a view."""
    return diagonal(A, offset, dim1, dim2)
