"""Cases of padding."""

from __future__ import annotations

from ..op_cases import F
from . import X1, X2, X3, Row, of

_SIDES = (1, 2, 0, 1, 1, 2)
ROWS = [
    Row(f"{kind}Pad{n}d", of(2, *value)(x), of(_SIDES[: 2 * n], *value)(F(*x.shape[1:])))
    for kind in ("Circular", "Constant", "Reflection", "Replication", "Zero")
    for n, x in ((1, X1), (2, X2), (3, X3))
    for value in [(1.5,) if kind == "Constant" else ()]
]  # fmt: skip
