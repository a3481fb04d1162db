"""Rows of ``ops/inspection.py``."""

from __future__ import annotations

from . import F, Row, S

ROWS = [
    Row("is_same_size", S(F(2, 3), F(2, 3)), S(F(2, 3), F(3)), grad=False),
]
