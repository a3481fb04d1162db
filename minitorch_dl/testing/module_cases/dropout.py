"""Cases of dropout."""

from __future__ import annotations

from ..op_cases import F
from . import Row, of

ROWS = [
    Row("Dropout", of()(F(8, 9)), of(0.2)(F(3))),
    Row("Dropout1d", of()(F(4, 8, 3)), of(0.3)(F(8, 3))),
    Row("Dropout2d", of()(F(4, 8, 3, 2))),
    Row("Dropout3d", of()(F(4, 8, 2, 1, 2)), of(0.3)(F(8, 2, 1, 2))),
    Row("AlphaDropout", of()(F(8, 9))),
    Row("FeatureAlphaDropout", of()(F(4, 8, 3))),
]
