"""Matrix factorizations: QR, SVD and eigenvalues, of the last two dims.

Derivatives: M. Giles, "Collected matrix derivative results" (2008); M. Seeger et al.,
"Auto-differentiating linear algebra" (2017); J. Townsend, "Differentiating the singular value
decomposition" (2016).
"""

from __future__ import annotations

from typing import Any

from ...autograd.engine_ops import cast, conj, is_complex
from ...autograd.node_names import as_one
from ...autograd.primitive import TensorBase, primitive, write_out
from ...backend import device_of, dtypes
from .. import return_types
from ..deprecated import deprecated
from ..diagonals import tril_p
from ..joining import cat
from ..rearranging import flip
from ..shape import contiguous
from ..slicing import slice_along
from .cholesky import linalg_cholesky
from .solving import (
    NOT_CONVERGED,
    as_column,
    as_diagonal,
    as_row,
    attempt,
    check_matrices,
    diagonal_of,
    eye_like,
    mH,
    mul,
    solve_p,
    solve_triangular_p,
)

__all__ = ["lobpcg", "pca_lowrank", "qr", "svd", "svd_lowrank"]


def _gaps(values: Any) -> Any:
    """``E[i, j] = values[j] - values[i]``, and 1 on the diagonal."""
    return as_row(values) - as_column(values) + eye_like(values, n=values.shape[-1])


# -- QR --------------------------------------------------------------------------------------------


@primitive(outputs=("q", "r"), grad_fn="LinalgQrBackward0", complex=True)
def qr_p(xp: Any, a: Any) -> Any:
    """Of matrices with at least as many rows as columns, the reduced form."""
    return tuple(xp.linalg.qr(a, "reduced"))


def _d_qr(g: Any, q: Any, r: Any) -> Any:
    """``(g_Q + Q sym(M)) R^-H`` with ``M = R g_R^H - g_Q^H Q`` and its lower triangle mirrored
    (Seeger et al., 2017)."""
    g_q, g_r = g
    m = mul(r, g_r, tb=True) - mul(g_q, q, ta=True)
    symmetric = tril_p(m, diagonal=0) + mH(tril_p(m, diagonal=-1))
    if is_complex(m):  # imaginary parts of the diagonal don't count
        d = diagonal_of(m)
        symmetric = symmetric - as_diagonal((d - conj(d)) * 0.5)
    b = g_q + mul(q, symmetric)
    return mH(solve_triangular_p(r, mH(b), upper=True, adjoint=False, unit=False))


qr_p.defvjp(a=_d_qr)


@primitive(outputs=("q", "r"), complex=True)
def qr_complete(xp: Any, a: Any) -> Any:
    """With a square Q; not differentiable, since its last columns are arbitrary."""
    return tuple(xp.linalg.qr(a, "complete"))


@as_one("LinalgQrBackward0")
def linalg_qr(A: Any, mode: str = "reduced", *, out: Any = None) -> Any:
    """``(Q, R)`` of ``A = Q R``, Q with orthonormal columns, R upper triangular.

    ``mode``: "reduced" ``(M, K), (K, N)`` with K the smaller of M and N; "complete"
    ``(M, M), (M, N)``; "r" gives an empty Q. The derivative exists for "reduced", and for
    "complete" of square and wide matrices.

    >>> import minitorch_dl as torch
    >>> Q, R = torch.linalg.qr(torch.tensor([[3.0, 1.0], [4.0, 2.0]]))
    >>> Q @ R
    tensor([[3.0000, 1.0000],
            [4.0000, 2.0000]])
    """
    check_matrices("linalg.qr", A=A)
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), "
            "'r', or 'complete'"
        )
    m, n = A.shape[-2:]
    if mode == "complete" and m > n:
        y = qr_complete(A)
    elif m >= n:
        y = qr_p(A)
    else:
        q, r = qr_p(slice_along(A, A.ndim - 1, 0, m))
        y = q, cat([r, mul(q, slice_along(A, A.ndim - 1, m, n), ta=True)], -1)
    if mode == "r":
        y = TensorBase.wrap(y[0].array.reshape(-1)[:0]), y[1]
    y = return_types.linalg_qr(*y)
    return y if out is None else return_types.linalg_qr(*write_out("linalg.qr", out, y, exact=True))


@as_one()
def qr(input: Any, some: bool = True, *, out: Any = None) -> Any:
    """``linalg.qr``, reduced if ``some``, else complete."""
    deprecated("qr", "linalg.qr", "some=False pass mode='complete'")
    return return_types.qr(*linalg_qr(input, "reduced" if some else "complete", out=out))


# -- singular values -------------------------------------------------------------------------------


@primitive(
    outputs=("u", "s", "vh"),
    materialize_grads=False,
    grad_fn="LinalgSvdBackward0",
    complex=True,
)
def svd_p(xp: Any, a: Any, *, full_matrices: bool) -> Any:
    return tuple(attempt("linalg.svd", xp.linalg.svd, a, full_matrices, why=NOT_CONVERGED))


def _d_svd(g: Any, u: Any, s: Any, vh: Any, full_matrices: bool) -> Any:
    """Townsend (2016); of full matrices only the columns that belong to singular values count.

    Complex vectors are unique but for a phase each, on which the loss must not depend: what
    ``U`` and ``V`` say of it cancels, and is taken from ``U``.
    """
    g_u, g_s, g_vh = g
    m, n, k = u.shape[-2], vh.shape[-1], s.shape[-1]
    if full_matrices:
        u, vh = slice_along(u, u.ndim - 1, 0, k), slice_along(vh, vh.ndim - 2, 0, k)
        g_u = None if g_u is None else slice_along(g_u, g_u.ndim - 1, 0, k)
        g_vh = None if g_vh is None else slice_along(g_vh, g_vh.ndim - 2, 0, k)
    inner = 0 if g_s is None else as_diagonal(g_s)
    if g_u is None and g_vh is None:
        return mul(mul(u, inner), vh)
    squares = _gaps(s * s)
    d = 0
    phase: Any = None
    if g_u is not None:
        p = mul(u, g_u, ta=True)
        skew = p - mH(p)
        inner = inner + skew / squares * as_row(s)
        if is_complex(skew):
            phase = diagonal_of(skew)
            inner = inner + as_diagonal(phase / (2 * s))
        if m > k:
            rest = g_u / as_row(s)
            d = mul(rest - mul(u, mul(u, rest, ta=True)), vh)
    if g_vh is not None:
        p = mul(vh, g_vh, tb=True)
        skew = p - mH(p)
        inner = inner + as_column(s) * skew / squares
        if is_complex(skew):
            phase = diagonal_of(skew) if phase is None else phase + diagonal_of(skew)
        if n > k:
            rest = g_vh / as_column(s)
            d = mul(u, rest - mul(mul(rest, vh, tb=True), vh))
    if phase is not None:
        _check_phase("linalg.svd", phase)
    return d + mul(mul(u, inner), vh)


def _check_phase(op: str, slopes: Any) -> None:
    """Refuse a loss that depends on the phases of complex vectors, by its slopes along them (in the
    imaginary parts): they are LAPACK's choice."""
    if isinstance(slopes, TensorBase) or slopes.dtype.kind != "c":
        return
    if slopes.size and abs(slopes.imag).max() > 1e-2:
        raise RuntimeError(
            f"{op}: complex singular vectors and eigenvectors are specified up to multiplication "
            "by e^{i phi}. The loss function depends on this phase, which makes it ill-defined. "
            "Use what does not, such as abs() of the vectors or a product with their conjugates"
        )


svd_p.defvjp(a=_d_svd)


@as_one()
def linalg_svd(
    A: Any, full_matrices: bool = True, *, driver: str | None = None, out: Any = None
) -> Any:
    """``(U, S, Vh)`` of ``A = U diag(S) Vh``, the singular values in descending order.

    ``(..., M, N)`` gives ``U (..., M, M)``, ``S (..., K)``, ``Vh (..., N, N)`` with K the smaller
    of M and N, or K columns of U and rows of Vh without ``full_matrices``. The derivatives of U and
    Vh need singular values that differ; that of S alone does not.

    >>> import minitorch_dl as torch
    >>> torch.linalg.svd(torch.tensor([[3.0, 0.0], [0.0, 4.0]])).S
    tensor([4., 3.])
    """
    check_matrices("linalg.svd", A=A)
    _check_driver("linalg.svd", A, driver)
    y = return_types.linalg_svd(*svd_p(A, full_matrices=bool(full_matrices)))
    return (
        y if out is None else return_types.linalg_svd(*write_out("linalg.svd", out, y, exact=True))
    )


def _check_driver(op: str, A: Any, driver: str | None) -> None:
    if driver is not None and device_of(A.array).type == "cpu":
        raise RuntimeError(
            f"torch.{op}: keyword argument `driver=` is only supported on CUDA inputs, got "
            f"driver={driver!r} for one on the CPU"
        )


@as_one("LinalgSvdBackward0")
def svdvals(A: Any, *, driver: str | None = None, out: Any = None) -> Any:
    """The singular values of ``A`` in descending order.

    >>> import minitorch_dl as torch
    >>> torch.linalg.svdvals(torch.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor([4., 3.])
    """
    check_matrices("linalg.svdvals", A=A)
    _check_driver("linalg.svdvals", A, driver)
    y = svd_p(A, full_matrices=False)[1]
    return y if out is None else write_out("linalg.svdvals", out, y, exact=True)


@as_one()
def svd(input: Any, some: bool = True, compute_uv: bool = True, *, out: Any = None) -> Any:
    """``(U, S, V)`` of ``A = U diag(S) V^H``: the older form of ``linalg.svd``, with V not
    transposed."""
    check_matrices("svd", input=input)
    u, s, vh = svd_p(input, full_matrices=not some)
    if not compute_uv:
        m, n = input.shape[-2:]
        u, vh = eye_like(u, n=m) * 0, eye_like(u, n=n) * 0
    y = return_types.svd(u, s, contiguous(mH(vh)))
    return y if out is None else return_types.svd(*write_out("svd", out, y, exact=True))


def svd_lowrank(
    A: Any, q: int | None = 6, niter: int | None = 2, M: Any = None
) -> tuple[Any, Any, Any]:
    """The ``q`` largest singular values of ``A - M`` and their vectors: ``(U, S, V)``.

    Exact, by the full factorization; PyTorch approximates it in ``niter`` random iterations.
    """
    q = 6 if q is None else q
    if M is not None:
        A = A - M
    u, s, vh = linalg_svd(A, full_matrices=False)
    return u[..., :q], s[..., :q], mH(vh)[..., :q]


def pca_lowrank(
    A: Any, q: int | None = None, center: bool = True, niter: int = 2
) -> tuple[Any, Any, Any]:
    """Principal components of the rows of ``A`` ``(..., M, N)``: ``(U, S, V)`` of the centred
    matrix with ``q`` (default: at most 6) components in the columns of ``V``. Exact, as
    ``svd_lowrank``.
    """
    m, n = A.shape[-2:]
    if q is None:
        q = min(6, m, n)
    elif not 0 <= q <= min(m, n):
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than {min(m, n)}")
    return svd_lowrank(A - A.mean(-2, keepdim=True) if center else A, q, niter)


# -- eigenvalues -----------------------------------------------------------------------------------


@primitive(outputs=("w", "v"), materialize_grads=False, grad_fn="LinalgEighBackward0", complex=True)
def eigh_p(xp: Any, a: Any, *, UPLO: str) -> Any:
    return tuple(attempt("linalg.eigh", xp.linalg.eigh, a, UPLO, why=NOT_CONVERGED))


def _d_eigh(g: Any, w: Any, v: Any) -> Any:
    """The Hermitian part of ``V (diag(g_w) + V^H g_V / E) V^H`` with ``E[i, j] = w_j - w_i``
    (Giles, 2008)."""
    g_w, g_v = g
    inner = 0 if g_w is None else as_diagonal(g_w)
    if g_v is not None:
        p = mul(v, g_v, ta=True)
        d = diagonal_of(p)
        _check_phase("linalg.eigh", d)
        q = (p - as_diagonal(d)) / _gaps(w)
        inner = inner + (q + mH(q)) * 0.5
    return mul(mul(v, inner), v, tb=True)


eigh_p.defvjp(a=_d_eigh)


def _check_uplo(op: str, UPLO: str) -> str:
    if UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"{op}: Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    return UPLO.upper()


@as_one()
def eigh(A: Any, UPLO: str = "L", *, out: Any = None) -> Any:
    """``(eigenvalues, eigenvectors)`` of symmetric (Hermitian) ``A = V diag(w) V^H``, ascending;
    only the triangle ``UPLO`` is looked at.

    >>> import minitorch_dl as torch
    >>> torch.linalg.eigh(torch.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    tensor([1., 2.])
    """
    check_matrices("linalg.eigh", square=True, A=A)
    y = return_types.linalg_eigh(*eigh_p(A, UPLO=_check_uplo("linalg.eigh", UPLO)))
    return (
        y
        if out is None
        else return_types.linalg_eigh(*write_out("linalg.eigh", out, y, exact=True))
    )


@as_one("LinalgEighBackward0")
def eigvalsh(A: Any, UPLO: str = "L", *, out: Any = None) -> Any:
    """The eigenvalues of symmetric (Hermitian) ``A``, ascending.

    >>> import minitorch_dl as torch
    >>> torch.linalg.eigvalsh(torch.tensor([[2.0, 1.0], [1.0, 2.0]]))
    tensor([1., 3.])
    """
    check_matrices("linalg.eigvalsh", square=True, A=A)
    y = eigh_p(A, UPLO=_check_uplo("linalg.eigvalsh", UPLO))[0]
    return y if out is None else write_out("linalg.eigvalsh", out, y, exact=True)


@primitive(outputs=("w", "v"), materialize_grads=False, complex=True)
def eig_p(xp: Any, a: Any) -> Any:
    why = "input tensor should not contain infs or NaNs. " + NOT_CONVERGED
    found = attempt("torch.linalg.eig", xp.linalg.eig, a, why=why)
    kind = dtypes.from_numpy(a.dtype).to_complex().numpy
    return tuple([one.astype(kind) for one in found])


def _d_eig(g: Any, w: Any, v: Any, a_dtype: Any) -> Any:
    """``V^-H (diag(g_w) + (P - V^H V diag(Re P)) / conj(E)) V^H`` with ``P = V^H g_V`` (Giles,
    2008, for eigenvectors of length 1)."""
    g_w, g_v = g
    inner = 0 if g_w is None else as_diagonal(g_w)
    if g_v is not None:
        p = mul(v, g_v, ta=True)
        d = diagonal_of(p)
        _check_phase("linalg.eig", d)
        q = p - mul(v, v, ta=True) * as_row((d + conj(d)) * 0.5)
        inner = inner + q / conj(_gaps(w))
    d_a = solve_p(v, mul(inner, v, tb=True), adjoint=True)
    return cast(d_a, dtype=dtypes.from_numpy(a_dtype).name)  # the real part, if A is real


eig_p.defvjp(a=_d_eig)


@as_one()
def eig(A: Any, *, out: Any = None) -> Any:
    """``(eigenvalues, eigenvectors)`` of ``A V = V diag(w)``, complex and in no order.

    >>> import minitorch_dl as torch
    >>> torch.linalg.eig(torch.tensor([[0.0, -1.0], [1.0, 0.0]])).eigenvalues
    tensor([0.+1.j, 0.-1.j])
    """
    check_matrices("linalg.eig", square=True, A=A)
    y = return_types.linalg_eig(*eig_p(A))
    return y if out is None else return_types.linalg_eig(*write_out("linalg.eig", out, y))


@as_one()
def eigvals(A: Any, *, out: Any = None) -> Any:
    """The eigenvalues of ``A``, complex and in no order."""
    y = eig(A)[0]
    return y if out is None else write_out("linalg.eigvals", out, y)


@as_one("LOBPCGAutogradFunctionBackward")
def lobpcg(
    A: Any,
    k: int | None = None,
    B: Any = None,
    X: Any = None,
    n: int | None = None,
    iK: Any = None,
    niter: int | None = None,
    tol: float | None = None,
    largest: bool | None = None,
    method: str | None = None,
    tracker: Any = None,
    ortho_iparams: Any = None,
    ortho_fparams: Any = None,
    ortho_bparams: Any = None,
) -> tuple[Any, Any]:
    """The ``k`` largest (or smallest) eigenvalues of the symmetric ``A``, and their vectors in
    columns: ``A x = e x``, or ``A x = e B x``.

    PyTorch approaches them by steps from a random start. Here all are computed by ``linalg.eigh``,
    so that they are exact; what steers the steps (``n``, ``iK``, ``niter``, ``tol``, ``method``,
    ``tracker``, ``ortho_*``) is without effect.

    Args:
        k: how many; as many as ``X`` has columns, or 1, unless given.
        B: positive definite; the vectors then have ``x^H B x = 1``.
        X: a start, of which only the number of columns counts.
        largest: False asks for the smallest.
    """
    check_matrices("torch.lobpcg", square=True, A=A)
    count = k or (1 if X is None else X.shape[-1])
    root = None
    if B is not None:
        check_matrices("torch.lobpcg", square=True, B=B)
        root = linalg_cholesky(B)
        A = solve_triangular_p(root, A, upper=False, adjoint=False, unit=False)
        A = mH(solve_triangular_p(root, mH(A), upper=False, adjoint=False, unit=False))
    values, vectors = eigh(A)
    if largest is None or largest:
        values, vectors = flip(values, (-1,)), flip(vectors, (-1,))
    if root is not None:
        vectors = solve_triangular_p(root, vectors, upper=False, adjoint=True, unit=False)
    return values[..., :count], vectors[..., :count]
