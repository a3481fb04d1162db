"""Rows of ``ops/linalg/factorizations.py`` and ``ops/linalg/cholesky.py``.

The signs of singular vectors and eigenvectors are free, so their squares or absolute values are
compared.
"""

from __future__ import annotations

from . import F, Row, S
from .solving import regular

_SQUARE = (S(F(3, 3)), S(F(2, 3, 3)))
_SHAPES = (*_SQUARE, S(F(4, 3)), S(F(3, 4)), S(F(2, 4, 2)))


def _definite(torch, a):
    return regular(torch, a @ a.mH)


def _factor(torch, a, upper):
    return torch.linalg.cholesky(_definite(torch, a), upper=upper)


def _svd(torch, a, full_matrices=False):
    k = min(a.shape[-2:])
    u, s, vh = torch.linalg.svd(a, full_matrices)
    u, vh = u[..., :k], vh[..., :k, :]
    return u * u.conj(), s, vh * vh.conj(), (u * s[..., None, :]) @ vh


def _older_svd(torch, a):
    u, s, v = torch.svd(a)
    return u * u.conj(), s, v * v.conj(), torch.svd(a, compute_uv=False)[1]


def _eig(torch, a):
    """Eigenvalues far apart, in order, and the sizes of the eigenvectors' elements."""
    spread = 8.0 * torch.arange(a.shape[-1], device=a.device).to(a.dtype)
    eye = torch.eye(a.shape[-1], dtype=a.dtype, device=a.device)
    w, v = torch.linalg.eig(a + spread * eye)
    order = torch.argsort(w.real)
    return w[order], v[:, order].abs()


def _lowrank(torch, a, b, q):
    """The product of the factors: the matrix again, whose rank is ``q``."""
    u, s, v = torch.svd_lowrank(a @ b, q)
    return u * s[..., None, :] @ v.mH, s


def _principal(torch, a, b, *q):
    u, s, v = torch.pca_lowrank(a @ b, *q)
    return u * s[..., None, :] @ v.mH, s


def _extreme_pairs(torch, a, b=None, **options):
    """Eigenvalues, and the eigenvectors' outer products, which have one sign; PyTorch takes enough
    steps to be as exact."""
    a = a + a.mT + 20 * torch.arange(1.0, 10, dtype=a.dtype, device=a.device).diag()
    if b is not None:
        b = b @ b.mT + 5 * torch.eye(9, dtype=a.dtype, device=a.device)
    values, vectors = torch.lobpcg(a, B=b, niter=200, tol=1e-14, **options)
    return values, vectors * vectors[:1]


ROWS = [
    Row(
        "linalg.cholesky",
        *(S(s.args[0], upper) for s in _SQUARE for upper in (False, True)),
        call=_factor,
        complex=True,
    ),
    Row(
        "cholesky",
        *_SQUARE,
        call=lambda torch, a: torch.cholesky(_definite(torch, a)),
        complex=True,
    ),
    Row(
        "cholesky_solve",
        S(F(3, 2), F(3, 3), False),
        S(F(3, 2), F(2, 3, 3), True),
        call=lambda torch, b, a, upper: torch.cholesky_solve(b, _factor(torch, a, upper), upper),
        complex=True,
    ),
    Row(
        "cholesky_inverse",
        S(F(3, 3), False),
        S(F(2, 3, 3), True),
        call=lambda torch, a, upper: torch.cholesky_inverse(_factor(torch, a, upper), upper),
        complex=True,
    ),
    Row("linalg.qr", *_SHAPES, complex=True),
    Row(
        "linalg.qr_complete",
        S(F(4, 3)),
        call=lambda torch, a: torch.linalg.qr(a.detach(), "complete")[1],
        numeric=False,
        why="the last columns of Q are arbitrary",
        complex=True,
    ),
    Row(
        "linalg.qr_of_r",
        S(F(4, 3)),
        call=lambda torch, a: torch.linalg.qr(a.detach(), "r")[1],
        numeric=False,
        why="PyTorch has no derivative of it",
        complex=True,
    ),
    Row("qr", *_SHAPES, complex=True),
    Row(
        "linalg.svd",
        *_SHAPES,
        S(F(2, 2, 3)),
        S(F(3, 3), True),
        S(F(4, 3), True),
        S(F(2, 3, 2), True),
        S(F(3, 2, 4), True),
        S(F(2, 3), True),
        call=_svd,
        complex=True,
    ),
    Row("svd", *_SHAPES, call=_older_svd, complex=True),
    Row(
        "left_singular_vectors",
        S(F(4, 3)),
        S(F(2, 2, 3)),
        call=lambda torch, a: torch.linalg.svd(a, full_matrices=False)[0].abs(),
        complex=True,
    ),
    Row(
        "right_singular_vectors",
        S(F(3, 4)),
        call=lambda torch, a: torch.linalg.svd(a, full_matrices=False)[2].abs(),
        complex=True,
    ),
    Row("linalg.svdvals", *_SHAPES, complex=True),
    Row(
        "linalg.eigh",
        *_SQUARE,
        S(F(3, 3), "U"),
        call=lambda torch, a, *uplo: (
            torch.linalg.eigh(a + a.mH, *uplo)[0],
            torch.linalg.eigh(a + a.mH, *uplo)[1].abs(),
        ),
        complex=True,
    ),
    Row(
        "linalg.eigvalsh",
        *_SQUARE,
        call=lambda torch, a: torch.linalg.eigvalsh(a + a.mH),
        complex=True,
    ),
    Row("linalg.eig", S(F(3, 3)), call=_eig, complex=True),
    Row("linalg.eigvals", S(F(3, 3)), call=lambda torch, a: _eig(torch, a)[0], complex=True),
    Row(
        "svd_lowrank",
        S(F(4, 2), F(2, 3), 2),
        S(F(2, 4, 1), F(2, 1, 5), 1),
        call=_lowrank,
        grad=False,
        complex=True,
    ),
    Row(
        "pca_lowrank",
        S(F(4, 2), F(2, 3), 2),
        S(F(5, 1), F(1, 3)),
        call=_principal,
        grad=False,
        complex=True,
    ),
    Row(
        "lobpcg",
        S(F(9, 9), k=2),
        S(F(9, 9), k=1, largest=False),
        call=_extreme_pairs,
    ),
    Row("lobpcg(B)", S(F(9, 9), F(9, 9), k=1), call=_extreme_pairs, grad=False),
]
