"""Rows of ``ops/linalg/lu.py``. Matrices are made regular by adding to their diagonal."""

from __future__ import annotations

from . import F, Row, S
from .solving import on_regular, regular


def _shuffled(function):
    """Of matrices whose rows have to be swapped."""
    return lambda torch, a, *args, **kwargs: function(
        torch, (a + 5 * torch.ones_like(a).triu()).flip(-2), *args, **kwargs
    )


SHAPES = S(F(3, 3)), S(F(2, 3, 3)), S(F(4, 3)), S(F(3, 4)), S(F(0, 2, 2))


def _solve(torch, a, b, **options):
    return torch.linalg.lu_solve(*torch.linalg.lu_factor(regular(torch, a)), b, **options)


ROWS = [
    Row(
        "linalg.lu_factor",
        *SHAPES,
        call=_shuffled(lambda torch, a: torch.linalg.lu_factor(a)),
        complex=True,
    ),
    Row(
        "linalg.lu_factor_ex",
        S(F(3, 3)),
        call=lambda torch, a: torch.linalg.lu_factor_ex(a),
        complex=True,
    ),
    Row("linalg.lu", *SHAPES, call=_shuffled(lambda torch, a: torch.linalg.lu(a)), complex=True),
    Row("lu", S(F(3, 3)), call=lambda torch, a: torch.lu(a, get_infos=True), complex=True),
    Row(
        "lu_unpack",
        S(F(4, 3)),
        call=_shuffled(lambda torch, a: torch.lu_unpack(*torch.lu(a))),
        complex=True,
    ),
    Row(
        "linalg.lu_solve",
        S(F(3, 3), F(3, 2)),
        S(F(3, 3), F(2, 3, 2), adjoint=True),
        S(F(2, 3, 3), F(4, 3), left=False),
        S(F(3, 3), F(4, 3), left=False, adjoint=True),
        call=_solve,
        complex=True,
    ),
    Row(
        "lu_solve",
        S(F(3, 3), F(3, 2)),
        call=lambda torch, a, b: torch.lu_solve(b, *torch.lu(regular(torch, a))),
        complex=True,
    ),
    on_regular("linalg.inv_ex"),
    on_regular("linalg.solve_ex", S(F(3, 3), F(3, 2))),
    Row(
        "linalg.cholesky_ex",
        S(F(3, 3)),
        S(F(2, 3, 3), upper=True),
        call=lambda torch, a, **options: torch.linalg.cholesky_ex(
            regular(torch, a @ a.mH), **options
        ),
    ),
]
