"""Rows of ``ops/pooling/windows.py``."""

from . import F, Row, S

ROWS = [
    Row(
        "nn.functional.max_pool1d",
        S(F(2, 3, 7), 3),
        S(F(3, 7), 3, 2, 1, 2, True),
        S(F(2, 6), 2, return_indices=True),
    ),
    Row(
        "nn.functional.max_pool2d",
        S(F(2, 2, 4, 6), 2),
        S(F(2, 5, 6), (3, 2), (2, 1), (1, 0), (1, 2), True),
        S(F(1, 2, 5, 5), 3, 1, 1, return_indices=True),
    ),
    Row(
        "max_pool2d(cubed)",
        S(F(1, 2, 5, 5), 3, 2, 1),
        # The pooled values' gradient depends on the input, and so has a derivative.
        call=lambda torch, *args: torch.nn.functional.max_pool2d(*args) ** 3,
    ),
    Row(
        "nn.functional.max_pool3d",
        S(F(1, 2, 3, 4, 4), 2),
        S(F(2, 3, 4, 4), (1, 2, 3), return_indices=True, ceil_mode=True),
    ),
    Row(
        "nn.functional.avg_pool1d",
        S(F(2, 3, 7), 3),
        S(F(3, 7), 3, 2, 1, True, False),
    ),
    Row(
        "nn.functional.avg_pool2d",
        S(F(2, 2, 4, 6), 2),
        S(F(2, 5, 6), (3, 2), (2, 1), (1, 0), True, False),
        S(F(1, 2, 5, 5), 3, 2, 1, True),
        S(F(1, 2, 5, 5), 3, divisor_override=2),
        S(F(1, 2, 3, 5), (3, 5)),
    ),
    Row("nn.functional.avg_pool3d", S(F(1, 2, 3, 4, 4), 2), S(F(2, 3, 4, 4), (1, 2, 3), 2, 0)),
    Row("nn.functional.lp_pool1d", S(F(2, 2, 6, low=0.1), 3, 2), S(F(2, 6), float("inf"), 2)),
    Row(
        "nn.functional.lp_pool2d",
        S(F(2, 2, 4, 4, low=0.1), 2, (2, 1), 2),
        S(F(2, 2, 4, 4), float("-inf"), 2),
    ),
    Row("nn.functional.lp_pool3d", S(F(1, 2, 2, 4, 4, low=0.1), 2, 2)),
]
