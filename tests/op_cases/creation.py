"""Rows of what the engine itself inserts and of ``ops/movement.py``."""

from __future__ import annotations

from . import F, Row, S

ROWS = [
    Row("clone", drawn="unary"),
    Row("cast", S(F(3, 4)), call=lambda torch, x: (x.to(torch.float16).double(), x.double())),
    Row("transfer", S(F(3)), call=lambda torch, x: x.cpu().clone()),
]
