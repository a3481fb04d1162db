"""Rows of ``ops/dropout.py``; tests/ops/test_dropout.py checks the masks."""

from . import F, Row, S

_RANDOM = {"nondeterministic": True, "grad": False}

ROWS = [
    Row("nn.functional.dropout", S(F(3, 4), 0.5), S(F(3, 4), 0.0), S(F(0), 0.3), **_RANDOM),
    Row("nn.functional.dropout1d", S(F(2, 3, 4), 0.5), S(F(3, 4), 0.5), **_RANDOM),
    Row("nn.functional.dropout2d", S(F(2, 3, 4, 2), 0.5), **_RANDOM),
    Row("nn.functional.dropout3d", S(F(2, 3, 2, 2, 2)), S(F(3, 2, 2, 2)), **_RANDOM),
    Row("nn.functional.alpha_dropout", S(F(3, 4), 0.5, True), **_RANDOM),
    Row("nn.functional.feature_alpha_dropout", S(F(2, 3, 4), 0.5, True), **_RANDOM),
    Row("feature_dropout", S(F(2, 3, 4), 0.5, False)),
]
