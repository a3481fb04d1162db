"""Cases of the adaptive softmax and of the cross entropy with a layer."""

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
    Row(
        "LinearCrossEntropyLoss",
        of(4, 3)(F(5, 4), I(5, high=3)),
        of(4, 3, bias=True, label_smoothing=0.1, reduction="sum")(F(5, 4), I(5, high=3)),
        of(4, 3, out_features=(2,), bias=True)(F(5, 4), I(5, 2, high=3)),
    ),
]
