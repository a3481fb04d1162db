"""Rows of ``ops/view_scatters.py``."""

from __future__ import annotations

from . import F, Row, S

ROWS = [
    Row(
        "slice_scatter",
        S(F(3, 4), F(2, 4), 0, 1),
        S(F(3, 4), F(3, 2), 1, 0, 4, 2),
        S(F(3, 4), F(3, 1), dim=-1, start=-1),
    ),
    Row("select_scatter", S(F(3, 4), F(4), 0, 1), S(F(3, 4), F(3), 1, -1)),
    Row(
        "diagonal_scatter",
        S(F(3, 4), F(3)),
        S(F(3, 4), F(2), -1),
        S(F(2, 3, 3), F(2, 3), 0, 1, 2),
        complex=True,
    ),
    Row(
        "as_strided_scatter",
        S(F(3, 3), F(2, 2), (2, 2), (1, 2), 1),
        S(F(12), F(2, 3), (2, 3), (3, 1)),
        # PyTorch gives the input the gradient of the part that was overwritten, not of the rest.
        grad=False,
    ),
]
