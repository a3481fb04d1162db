"""Rows of ``ops/padding.py``."""

from __future__ import annotations

from . import F, I, Row, S

ROWS = [
    Row("nn.functional.pad", S(F(3, 4), (1, 2)), S(F(3, 4), (1, 2, 0, 3), value=1.5), S(F(3, 4), (-1, 2, 1, -1)), S(I(3), (1, 1), value=7),
        S(F(2, 0), (1, 1)), S(F(2, 4), (3, 2), "reflect"), S(F(1, 2, 3, 4), (1, 2, 2, 1), mode="reflect"),
        S(F(1, 2, 2, 3, 2), (1, 0, 0, 1, 1, 1), mode="reflect"), S(F(2, 4), (5, 1), "replicate"),
        S(F(2, 3, 4), (1, -1, 2, 1), "replicate"), S(F(1, 1, 2, 3, 2), (1, 0, 0, 1, 1, 3), "replicate"), S(F(2, 4), (4, 2), "circular"),
        S(F(1, 2, 3, 4), (1, 2, 2, 1), "circular"), S(F(1, 2, 3, 4), (-1, 1, 1, -1), "circular"), complex=True),
    Row("constant_pad_nd", S(F(3, 4), (1, 2)), S(F(3, 4), (1, -2, 0, 3), 1.5), complex=True),
]  # fmt: skip
