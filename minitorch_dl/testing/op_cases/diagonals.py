"""Rows of ``ops/diagonals.py``."""

from __future__ import annotations

from . import F, Row, S

ROWS = [
    *(Row(name, S(F(3, 4)), S(F(2, 4, 3), 1), S(F(3, 4), -1), S(F(3, 4), 9), S(F(0, 2)), complex=True) for name in ("tril", "triu")),
    Row("triangles_in_place", S(F(3, 4)), call=lambda torch, x: ((x * 1).tril_(), (x * 1).triu_(1))),
    Row("diagonal", S(F(3, 4)), S(F(3, 4), 1), S(F(3, 4), -2), S(F(2, 3, 4), 0, 1, -1), S(F(3, 4), 5), complex=True),
    Row("diag", S(F(3)), S(F(3, 4)), S(F(3), -1), S(F(3, 4), 1), S(F(0))),
    Row("diag_embed", S(F(2, 3)), S(F(3), 1), S(F(2, 3), -1, 0, 2), complex=True),
    Row("diagflat", S(F(2, 2)), S(F(3), 1), S(F())),
    Row("fill_diagonal", S(F(5, 2), F(3, 3, 3)), call=lambda torch, x, y: (
        (x * 1).fill_diagonal_(2.0), (x * 1).fill_diagonal_(2.0, wrap=True), (x * 1).t().fill_diagonal_(3), (y * 1).fill_diagonal_(1.0))),
]  # fmt: skip
