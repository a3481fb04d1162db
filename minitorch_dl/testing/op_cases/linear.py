"""Rows of ``ops/linear.py``."""

from . import F, Row, S

ROWS = [
    Row(
        "nn.functional.linear",
        S(F(3, 4), F(2, 4), F(2)),
        S(F(2, 3, 4), F(2, 4)),
        S(F(4), F(2, 4), F(2)),
        S(F(3, 4), F(4)),
        S(F(0, 4), F(2, 4), F(2)),
        S(F(3, 0), F(2, 0), F(2)),
        S(F(2, 3, 4), F(0, 4)),
        complex=True,
    ),
    Row(
        "nn.functional.bilinear",
        S(F(3, 2), F(3, 4), F(5, 2, 4), F(5)),
        S(F(2, 3, 2), F(2, 3, 4), F(2, 2, 4)),
    ),
]
