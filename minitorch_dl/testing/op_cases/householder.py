"""Rows of ``ops/linalg/householder.py``."""

from __future__ import annotations

from . import F, Row, S

ROWS = [
    Row(
        "geqrf",
        S(F(4, 3)),
        S(F(2, 3, 5)),
        S(F(0, 2)),
        grad=False,
        complex=True,
    ),
    Row(
        "linalg.householder_product",
        S(F(4, 3), F(3)),
        S(F(2, 3, 3), F(2, 2)),
        S(F(3, 2), F(0)),
        complex=True,
    ),
    Row("orgqr", S(F(4, 3), F(3))),
    Row(
        "ormqr",
        S(F(4, 3), F(3), F(4, 2)),
        S(F(2, 4, 3), F(2, 3), F(2, 4, 5), transpose=True),
        S(F(4, 3), F(3), F(2, 4), left=False),
        S(F(2, 5), F(2), F(3, 2), False, True),
        complex=True,
    ),
]
