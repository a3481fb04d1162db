"""Rows of ``ops/patches.py``."""

from . import B, F, Row, S

ROWS = [
    Row(
        "nn.functional.unfold",
        S(F(2, 2, 4, 5), (2, 3)),
        S(F(2, 5, 5), 2, (2, 1), (1, 0), (1, 2)),
        S(B(1, 3, 3), 2),
        complex=True,
    ),
    Row(
        "nn.functional.fold",
        S(F(2, 12, 9), (4, 5), (2, 3)),
        S(F(8, 18), (5, 5), 2, 1, (1, 1), (1, 2)),
        complex=True,
    ),
    Row("pixel_shuffle", S(F(1, 8, 2, 3), 2), S(F(4, 2, 3), 2)),
    Row("pixel_unshuffle", S(F(1, 2, 4, 6), 2), S(F(2, 4, 6), 2)),
    Row("channel_shuffle", S(F(1, 6, 2, 3), 3), S(F(2, 4, 2), 2)),
]
