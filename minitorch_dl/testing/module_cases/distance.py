"""Cases of distances."""

from __future__ import annotations

from . import Row, X, of

ROWS = [
    Row("CosineSimilarity", of()(X, X), of(dim=0, eps=1e-6)(X, X)),
    Row("PairwiseDistance", of()(X, X), of(p=1.0, keepdim=True)(X, X)),
]
