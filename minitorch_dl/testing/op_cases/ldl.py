"""Rows of ``ops/linalg/ldl.py``. The second step of most matrices takes a block of two."""

from __future__ import annotations

from typing import Any

from . import F, Row, S


def _symmetric(torch: Any, a: Any, hermitian: bool = False) -> Any:
    """Without a diagonal, so that single pivots don't do."""
    return (a + (a.mH if hermitian else a.mT)).tril(-1) if a.shape[-1] > 3 else a + a.mT


def _solve(torch: Any, a: Any, b: Any) -> Any:
    a = _symmetric(torch, a)
    return torch.linalg.ldl_solve(*torch.linalg.ldl_factor(a), b)


def _solve_hermitian(torch: Any, a: Any, b: Any) -> Any:
    a = torch.complex(a, a.flip(-1))
    factors = torch.linalg.ldl_factor(_symmetric(torch, a, True), hermitian=True)
    return torch.linalg.ldl_solve(*factors, b + 0j, hermitian=True)


ROWS = [
    Row(
        "linalg.ldl_factor",
        S(F(4, 4)),
        S(F(2, 3, 3)),
        S(F(1, 1)),
        S(F(0, 2, 2)),
        call=lambda torch, a: torch.linalg.ldl_factor(_symmetric(torch, a)),
        grad=False,
        complex=True,
    ),
    Row(
        "linalg.ldl_factor_ex",
        S(F(4, 4)),
        call=lambda torch, a: torch.linalg.ldl_factor_ex(a - a.mT),
        grad=False,
    ),
    Row(
        "linalg.ldl_solve",
        S(F(4, 4), F(4, 2)),
        S(F(3, 3), F(2, 3, 1)),
        call=_solve,
        grad=False,
        complex=True,
    ),
    Row(
        "ldl_solve_hermitian",
        S(F(4, 4), F(4, 2)),
        S(F(5, 5), F(5, 1)),
        call=_solve_hermitian,
        grad=False,
    ),
]
