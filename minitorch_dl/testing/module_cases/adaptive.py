"""Cases of the adaptive softmax."""

from __future__ import annotations

from ..op_cases import F, I
from . import Row, of

ROWS = [
    Row(
        "AdaptiveLogSoftmaxWithLoss",
        of(4, 9, [2, 5], div_value=2.0)(F(7, 4), I(7, high=9)),
        of(4, 9, [3], head_bias=True)(F(4), I(low=4, high=9)),
        of(4, 9, [2, 5], 2.0)(F(7, 4), run=lambda _, m, x: (m.log_prob(x), m.predict(x))),
    ),
]
