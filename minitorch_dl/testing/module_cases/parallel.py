"""Cases of data parallelism."""

from __future__ import annotations

from . import Row, X, built

ROWS = [
    Row("DataParallel", built(lambda torch: torch.nn.DataParallel(torch.nn.Linear(4, 3)))(X)),
]
