"""Rows of ``ops/variances.py``."""

from __future__ import annotations

from . import F, Row, S

ROWS = [
    *(
        Row(
            name,
            S(F(3, 4)),
            S(F(3, 4), dim=1, keepdim=True),
            S(F(2, 3, 4), dim=(0, -1), correction=0),
            S(F(3, 4), 0, False),
            S(F(3, 4), False),
            S(F(2, 5), 1, correction=2.5),
            complex=True,
        )
        for name in ("var", "std", "var_mean", "std_mean")
    ),
    Row(
        "std_of_equals",
        S(F(3)),
        numeric=False,
        why="a root has no derivative at 0",
        call=lambda torch, x: torch.std(
            x[:, None] * torch.ones(4, dtype=x.dtype, device=x.device), 1
        ),
        complex=True,
    ),
]
