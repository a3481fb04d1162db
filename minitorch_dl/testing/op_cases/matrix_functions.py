"""Rows of ``ops/linalg/matrix_functions.py``."""

from __future__ import annotations

from math import inf

from . import F, I, Row, S
from .solving import MATRICES, on_regular

ROWS = [
    Row("linalg.pinv", S(F(3, 4)), S(F(2, 4, 3)), S(F(3, 3)), S(F(0, 2)), rtol=1e-8, complex=True),
    Row(
        "linalg.pinv_of_symmetric",
        S(F(3, 3)),
        call=lambda torch, a: torch.linalg.pinv(  # eigenvalues of both signs, away from 0
            a + a.mH + torch.diag(torch.tensor([-12, 12, 12], dtype=a.dtype, device=a.device)),
            hermitian=True,
        ),
        complex=True,
    ),
    Row(
        "linalg.pinv_of_lower_rank",
        S(F(3), F(4)),
        gradgrad=False,
        why="its cutoff is seen by the differences",
        numeric=False,
        call=lambda torch, a, b: torch.linalg.pinv(torch.outer(a, b)),
        complex=True,
    ),
    Row("pinverse", S(F(3, 4)), rtol=1e-8, complex=True),
    Row(
        "linalg.matrix_rank",
        S(F(3, 4)),
        S(F(3, 4), atol=1.0),
        S(F(3, 4), rtol=0.5),
        S(F(2, 3, 3)),
        grad=False,
        complex=True,
    ),
    Row(
        "linalg.lstsq",
        S(F(4, 3), F(4, 2)),
        S(F(3, 4), F(3, 2)),
        S(F(2, 4, 3), F(2, 4)),
        rtol=1e-8,
        call=lambda torch, a, b: torch.linalg.lstsq(a, b)[0],
        complex=True,
    ),
    on_regular("linalg.cond", *(S(F(3, 3), p) for p in (None, 2, -2)), S(F(2, 3, 3))),
    Row(
        "linalg.cond_of_norms",
        *(S(F(3, 3), p) for p in ("fro", "nuc", 1, -1, inf, -inf)),
        numeric=False,
        why="PyTorch's backward fails",
        call=lambda torch, a, p: torch.linalg.cond(
            a.detach() + 6 * torch.eye(3, dtype=a.dtype, device=a.device), p
        ),
        complex=True,
    ),
    *(
        on_regular(name, *(S(F(3, 3), n) for n in (-2, 0, 1, 3, 5)), S(F(2, 3, 3), 2))
        for name in ("matrix_power", "linalg.matrix_power")
    ),
    *(
        Row(name, *MATRICES, S(F(3, 3, low=-9, high=9)), S(F(2, 1, 2, 2)), rtol=1e-8, complex=True)
        for name in ("matrix_exp", "linalg.matrix_exp")
    ),
    Row(
        "linalg.tensorinv",
        S(F(6, 2, 3)),
        call=lambda torch, a: torch.linalg.tensorinv(a, ind=1),
        complex=True,
    ),
    Row(
        "linalg.tensorsolve",
        S(F(2, 3, 6), F(2, 3)),
        S(F(6, 2, 3), F(2, 3), (0,)),
        call=lambda torch, a, b, *dims: torch.linalg.tensorsolve(a, b, *dims),
        rtol=1e-8,
        complex=True,
    ),
    Row("linalg.vander", S(F(3)), S(F(2, 3), N=4), S(I(3)), complex=True),
    Row(
        "vander",
        S(F(3)),
        S(F(3), 4, True),
        S(I(3)),
        S(F(3), 0),
        numeric=False,
        why="PyTorch's backward fails",
        call=lambda torch, x, *args: torch.vander(x.detach(), *args),
        complex=True,
    ),
    Row(
        "linalg.vecdot",
        S(F(3, 4), F(3, 4)),
        S(F(3, 4), F(4)),
        S(F(3, 4), F(3, 4), dim=0),
        complex=True,
    ),
    Row(
        "linalg.diagonal",
        S(F(3, 4)),
        S(F(2, 3, 4), offset=1),
        S(F(2, 3, 4), dim1=0, dim2=2),
        complex=True,
    ),
    Row("linalg.cross", S(F(2, 3), F(2, 3)), S(F(3, 2), F(3, 1), dim=0), complex=True),
]
