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
    ),
    Row("matmul_operator", S(F(3, 4), F(4, 2)), call=lambda torch, a, b: a @ b),
    Row("mm", S(F(3, 4), F(4, 5))),
    Row("bmm", S(F(2, 3, 4), F(2, 4, 5))),
    Row("mv", S(F(3, 4), F(4))),
    Row("dot", S(F(4), F(4)), S(F(0), F(0))),
    Row("vdot", S(F(4), F(4))),
    Row("inner", S(F(3, 4), F(2, 4)), S(F(), F(3))),
    Row("outer", S(F(3), F(4))),
    Row(
        "tensordot",
        S(F(2, 3, 4), F(3, 4, 5)),
        S(F(3, 4), F(4, 3), dims=([0, 1], [1, 0])),
        S(F(2, 3), F(4), dims=0),
        S(F(2, 1), F(3, 4), dims=([1], [0])),
    ),
    Row("kron", S(F(2, 3), F(3, 4)), S(F(3), F(2, 2)), S(F(), F(2))),
    Row("trace", S(F(3, 4)), S(I(3, 3))),
    Row("cross", S(F(2, 3), F(2, 3), dim=1), S(F(3, 2), F(3, 2)), S(F(1, 3), F(4, 3), dim=-1)),
    Row("chain_matmul", S(F(2, 3), F(3, 4), F(4, 5)), S(F(2, 3))),
    Row("linalg.multi_dot", S([F(2, 3), F(3, 4), F(4, 5)]), S([F(3), F(3, 4), F(4, 5), F(5)])),
    Row(
        "addmm",
        S(F(3, 5), F(3, 4), F(4, 5)),
        S(F(5), F(3, 4), F(4, 5), beta=0.5, alpha=2),
        S(F(5), F(3, 4), F(4, 5), beta=0),
    ),
    Row("addmv", S(F(3), F(3, 4), F(4)), S(F(), F(3, 4), F(4), beta=0.5, alpha=2)),
    Row("addr", S(F(3, 4), F(3), F(4)), S(F(4), F(3), F(4), beta=0.5, alpha=2)),
    Row(
        "addbmm",
        S(F(3, 5), F(2, 3, 4), F(2, 4, 5)),
        S(F(5), F(2, 3, 4), F(2, 4, 5), beta=0.5, alpha=2),
    ),
    Row(
        "baddbmm",
        S(F(2, 3, 5), F(2, 3, 4), F(2, 4, 5)),
        S(F(3, 5), F(2, 3, 4), F(2, 4, 5), beta=0.5, alpha=2),
    ),
    Row("products_in_place", S(F(3, 3), F(3, 3)), call=lambda torch, a, b: (a * 1).addmm_(a, b)),
]
