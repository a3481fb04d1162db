"""Rows of ``ops/powers.py``."""

from __future__ import annotations

from . import B, F, I, Row, S

_PAIR = (F(3, 4), F(3, 4))
_AWAY = F(3, 4, low=0.5, high=3)  # divisors

ROWS = [
    Row(
        "pow",
        S(F(3, 4, low=0.2, high=3), F(4)),
        S(F(low=1, high=2), F(3)),
        *(S(F(3, 4, low=0.3, high=2), p) for p in (0, 1, 2, 3, 4, 5, -1, -2, -3, 0.5, -0.5, 2.5)),
        *(S(F(4), p) for p in (2, 3, 2.0, 3.0)),
        S(2, F(3)),
        S(1.5, F(3)),
        S(0, F(3, low=0.5, high=2)),
        S(I(4, low=1), 2),
        S(I(4, low=-3), I(4, low=-2)),
        S(I(4), 0.5),
        S(B(3), 2),
        complex=True,
    ),
    Row(
        "pow_of_zero",
        S(F(3, low=-2, high=-0.5), F(3, low=1.5, high=2), F(3, low=0, high=0)),
        call=lambda torch, a, b, zeros: (torch.pow(0, a), torch.pow(0, b), torch.pow(zeros, b)),
        gradgrad=False,
        numeric=False,
        why="0 to a negative power is infinite",
        complex=True,
    ),
    Row(
        "float_power",
        S(F(3, 4, low=0.2, high=3), F(4)),
        S(F(3, low=0.2, high=3), 2),
        S(2, F(3)),
        call=lambda torch, x, p: torch.float_power(x, p).to((x * p).dtype),
        complex=True,
    ),  # the result is always float64
    Row("reciprocal", S(_AWAY), S(I(3, low=1)), drawn="unary", domain=(0.3, 3), complex=True),
    Row("square", S(F(3, 4)), S(I(3)), S(B(3)), drawn="unary", complex=True),
    Row("sqrt", drawn="unary", domain=(0.1, 3), complex=True),
    Row("rsqrt", drawn="unary", domain=(0.1, 3), complex=True),
    Row("hypot", S(*_PAIR), S(F(3, 1), F(4)), drawn="binary", domain=(0.2, 3)),
    *(Row(name, drawn="unary", complex=True) for name in ("exp", "exp2", "expm1")),
    *(Row(name, drawn="unary", domain=(0.1, 3), complex=True) for name in ("log", "log2", "log10")),
]
