"""Rows of ``ops/trigonometric.py``."""

from __future__ import annotations

from . import F, I, Row, S

ROWS = [
    *(
        Row(name, drawn="unary", complex=True)
        for name in ("sin", "cos", "atan", "sinh", "cosh", "tanh", "asinh")
    ),
    Row("tan", drawn="unary", domain=(-1.3, 1.3), complex=True),
    *(
        Row(name, drawn="unary", domain=(-0.9, 0.9), complex=True)
        for name in ("asin", "acos", "atanh")
    ),
    Row("acosh", drawn="unary", domain=(1.1, 3), complex=True),
    Row("atan2", S(F(3, 4), F(3, 4)), S(F(3, 1), F(4)), drawn="binary", domain=(0.2, 3)),
    Row("deg2rad", S(F(3, 4)), S(I(3))),
    Row("rad2deg", S(F(3, 4)), S(I(3))),
]
