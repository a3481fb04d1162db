"""Rows of ``ops/addmm.py``."""

from __future__ import annotations

from . import F, I, Row, S

ROWS = [
    Row(
        "addmm",
        S(F(3, 5), F(3, 4), F(4, 5)),
        S(F(5), F(3, 4), F(4, 5), beta=0.5, alpha=2),
        S(F(5), F(3, 4), F(4, 5), beta=0),
        S(I(5), I(3, 4), I(4, 5), beta=1.5, alpha=2.0),
        complex=True,
    ),
    Row("addmv", S(F(3), F(3, 4), F(4)), S(F(), F(3, 4), F(4), beta=0.5, alpha=2), complex=True),
    Row("addr", S(F(3, 4), F(3), F(4)), S(F(4), F(3), F(4), beta=0.5, alpha=2), complex=True),
    Row(
        "addbmm",
        S(F(3, 5), F(2, 3, 4), F(2, 4, 5)),
        S(F(5), F(2, 3, 4), F(2, 4, 5), beta=0.5, alpha=2),
        complex=True,
    ),
    Row(
        "baddbmm",
        S(F(2, 3, 5), F(2, 3, 4), F(2, 4, 5)),
        S(F(3, 5), F(2, 3, 4), F(2, 4, 5), beta=0.5, alpha=2),
        complex=True,
    ),
    Row(
        "products_in_place",
        S(F(3, 3), F(3, 3)),
        call=lambda torch, a, b: (a * 1).addmm_(a, b),
        complex=True,
    ),
]
