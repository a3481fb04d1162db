"""Rows of ``ops/rounding.py``."""

from __future__ import annotations

from . import F, I, Row, S

ROWS = [
    *(
        Row(name, S(F(3, 4, low=-5, high=5)), S(I(3, low=-3)), S(F()), S(F(0, 2)))
        for name in ("floor", "ceil", "trunc")
    ),
    Row("frac", S(F(3, 4, low=-5, high=5)), S(F()), S(F(0, 2))),
    Row(
        "round",
        S(F(3, 4, low=-5, high=5)),
        S(I(3, low=-3)),
        S(F(4, low=2.3495, high=2.3505), decimals=2),
        S(F(4, low=-500, high=500), decimals=-2),
    ),
    Row("copysign", S(F(3, 4), F(4)), S(F(3), -1.0), S(I(3), F(3))),
    Row("nextafter", S(F(3, 4), F(4))),
    Row("frexp", S(F(3, 4, low=-9, high=9)), S(F())),
    Row("ldexp", S(F(3, 4), I(4)), S(F(3), F(3)), S(F(), I()), complex=True),
    Row("gcd", S(I(3, 4, low=-9, high=9), I(4, low=-9, high=9)), grad=False),
    Row("lcm", S(I(3, 4, low=-9, high=9), I(4, low=-9, high=9)), grad=False),
]
