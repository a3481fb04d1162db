"""Rows of ``ops/pooling/unpooling.py``."""

from . import F, I, Row, S

ROWS = [
    Row("nn.functional.max_unpool1d", S(F(1, 1, 1), I(1, 1, 1, high=2), 2)),
    Row(
        "nn.functional.max_unpool2d",
        S(F(2, 1, 1), I(2, 1, 1, high=4), 2),
        S(F(1, 2, 1, 1), I(1, 2, 1, 1, high=9), 2, output_size=(3, 3)),
    ),
    Row("nn.functional.max_unpool3d", S(F(1, 2, 1, 1, 1), I(1, 2, 1, 1, 1, high=8), 2)),
]
