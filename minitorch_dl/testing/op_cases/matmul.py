"""Rows of ``ops/matmul.py``."""

from __future__ import annotations

from . import F, I, Row, S

ROWS = [
    Row(
        "matmul",
        S(F(3, 4), F(4, 5)),
        S(F(4), F(4)),
        S(F(3, 4), F(4)),
        S(F(4), F(4, 5)),
        S(F(2, 3, 4), F(4, 5)),
        S(F(2, 3, 4), F(2, 4, 5)),
        S(F(2, 1, 3, 4), F(5, 4, 2)),
        S(F(2, 3, 4), F(4)),
        S(F(4), F(2, 4, 5)),
        S(F(3, 4), F(2, 4, 5)),
        S(F(1, 3, 4), F(2, 4, 5)),
        S(F(3, 0), F(0, 2)),
        S(F(0, 3, 4), F(4, 5)),
        S(I(2, 3), I(3, 2)),
        complex=True,
    ),
    Row("matmul_operator", S(F(3, 4), F(4, 2)), call=lambda torch, a, b: a @ b, complex=True),
    Row("mm", S(F(3, 4), F(4, 5)), complex=True),
    Row("bmm", S(F(2, 3, 4), F(2, 4, 5)), complex=True),
    Row("mv", S(F(3, 4), F(4)), complex=True),
    Row("dot", S(F(4), F(4)), S(F(0), F(0)), complex=True),
    Row("vdot", S(F(4), F(4)), complex=True),
    Row("inner", S(F(3, 4), F(2, 4)), S(F(), F(3)), complex=True),
    Row("outer", S(F(3), F(4)), complex=True),
    Row(
        "tensordot",
        S(F(2, 3, 4), F(3, 4, 5)),
        S(F(3, 4), F(4, 3), dims=([0, 1], [1, 0])),
        S(F(2, 3), F(4), dims=0),
        S(F(2, 1), F(3, 4), dims=([1], [0])),
        complex=True,
    ),
    Row("kron", S(F(2, 3), F(3, 4)), S(F(3), F(2, 2)), S(F(), F(2)), complex=True),
    Row("trace", S(F(3, 4)), S(I(3, 3)), complex=True),
    Row(
        "cross",
        S(F(2, 3), F(2, 3), dim=1),
        S(F(3, 2), F(3, 2)),
        S(F(1, 3), F(4, 3), dim=-1),
        complex=True,
    ),
    Row("chain_matmul", S(F(2, 3), F(3, 4), F(4, 5)), S(F(2, 3)), complex=True),
    Row(
        "linalg.multi_dot",
        S([F(2, 3), F(3, 4), F(4, 5)]),
        S([F(3), F(3, 4), F(4, 5), F(5)]),
        complex=True,
    ),
]
