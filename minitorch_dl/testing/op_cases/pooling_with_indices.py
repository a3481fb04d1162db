"""Rows of ``ops/pooling/with_indices.py``."""

from __future__ import annotations

from . import F, Row, S

ROWS = [
    Row("max_pool1d_with_indices", S(F(2, 3, 6), 2), S(F(3, 7), 3, stride=2, padding=1)),
]
