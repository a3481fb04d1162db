"""Rows of what the engine itself inserts and of ``ops/movement.py``."""

from __future__ import annotations

from . import F, Row, S

ROWS = [
    Row("clone", drawn="unary", complex=True),
    Row(
        "cast",
        S(F(3, 4), dtype="float32"),
        S(F(3, 4), dtype="float16"),
        S(F(3, 4), dtype="int64"),
        S(F(), dtype="bool"),
        call=lambda torch, x, dtype: x.to(getattr(torch, dtype)),
        numeric=False,
        why="rounding is not smooth",
    ),
    Row("Tensor.cpu", S(F(3)), call=lambda torch, x: x.cpu().to(x.device)),
]
