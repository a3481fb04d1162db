"""Rows of ``ops/dropout.py``. The seed is fixed, so the masks are PyTorch's.

The tensors that lose single elements have one dim: masks are drawn in the order of memory.
"""

from . import F, Row, S

ROWS = [
    Row(
        "nn.functional.dropout",
        S(F(12), 0.5),
        S(F(20), 0.2),
        S(F(3, 4), 0.0),
        S(F(3, 4), 1.0),
        S(F(3, 4), 0.5, False),
        S(F(), 0.3),
        S(F(0), 0.3),
    ),
    Row("nn.functional.dropout1d", S(F(2, 3, 4), 0.5), S(F(3, 4), 0.5)),
    Row("nn.functional.dropout2d", S(F(2, 3, 4, 2), 0.5)),
    Row("nn.functional.dropout3d", S(F(2, 3, 2, 2, 2)), S(F(3, 2, 2, 2))),
    Row("nn.functional.alpha_dropout", S(F(12), 0.5, True), S(F(3, 4), 0.3)),
    Row("nn.functional.feature_alpha_dropout", S(F(2, 3, 4), 0.5, True)),
    Row("feature_dropout", S(F(2, 3, 4), 0.5, True)),
    Row("native_dropout", S(F(12), 0.5, True), S(F(3), 0.5, False), S(F(3), 1.0, True)),
]
