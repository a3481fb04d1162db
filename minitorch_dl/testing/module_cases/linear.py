"""Cases of linear layers."""

from __future__ import annotations

from ..op_cases import F
from . import Row, X, of

ROWS = [
    Row("Identity", of(3, unused=True)(X)),
    Row("Linear", of(4, 2)(X), of(4, 3, bias=False)(F(2, 3, 4)), of(4, 2)(F(4))),
    Row("Bilinear", of(4, 3, 2)(X, F(3, 3)), of(2, 2, 3, bias=False)(F(3, 2), F(3, 2))),
]
