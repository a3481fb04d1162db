"""Rows of ``ops/polynomials.py``."""

from __future__ import annotations

from minitorch_dl.ops import polynomials

from . import F, I, Row, S

ROWS = [
    Row(
        f"special.{name}",
        S(F(3, 1, low=-0.9, high=1.5), I(9, low=-1, high=9)),
        S(F(4), 3),
        S(F(3, 1, low=-0.9, high=0.9), I(4, low=60, high=100)),
        S(F(), I()),
        S(F(0, 2), 2),
        grad=False,
    )
    for name in polynomials.__all__
]
