"""Rows of ``ops/linalg/norms.py``."""

from __future__ import annotations

from math import inf

from . import F, Row, S

_ORDERS = (2, 1, 3, 1.5, -1, inf, -inf)

ROWS = [
    Row(
        "linalg.vector_norm",
        *(S(F(3, 4), p, dim=1) for p in _ORDERS),
        S(F(3, 4)),
        S(F()),
        S(F(2, 3, 4), 2, (0, -1), True),
        S(F(0)),
        complex=True,
    ),
    Row(
        "linalg.vector_norm_0",
        S(F(3, 4)),
        call=lambda torch, x: torch.linalg.vector_norm(x, 0, dim=1),
    ),
    Row(
        "linalg.vector_norm_at_0",
        S(F(3)),
        numeric=False,
        why="a norm has no derivative at 0",
        call=lambda torch, x: torch.linalg.vector_norm(
            x[:, None] * 0 + torch.zeros(4, dtype=x.dtype, device=x.device), dim=1
        ),
        complex=True,
    ),
    Row(
        "linalg.vector_norm_with_0",
        *(S(F(3, 3), p) for p in (0.5, -1, 1, 2, 3)),
        numeric=False,
        why="the derivative by an element that is 0 may be infinite",
        call=lambda torch, x, p: torch.linalg.vector_norm(
            x * torch.ones_like(x).tril(-1), p, dim=1
        ),
    ),
    Row(
        "linalg.matrix_norm",
        *(S(F(3, 4), p) for p in ("fro", "nuc", 2, -2, 1, -1, inf, -inf)),
        S(F(2, 3, 4), "nuc", (0, 2), True),
        S(F(2, 3, 4), 1, (2, 0)),
        complex=True,
    ),
    Row(
        "linalg.norm",
        S(F(3, 4)),
        S(F(4), 3),
        S(F(3, 4), 1),
        S(F(3, 4), 1, 0),
        S(F(3, 4), "nuc", (0, 1), True),
        complex=True,
    ),
    Row(
        "norm",
        S(F(3, 4)),
        S(F(3, 4), 1),
        S(F(3, 4), "fro", 0),
        S(F(3, 4), 3, dim=1, keepdim=True),
        S(F(3, 4), "nuc"),
        complex=True,
    ),
    Row("frobenius_norm", S(F(3, 4), 1, True), S(F(3, 4), 0), S(F(3, 4), [0, 1])),
    Row("nuclear_norm", S(F(3, 4), True), S(F(2, 3, 4), (0, 2)), S(F(3, 4))),
]
