"""Cases of embeddings."""

from __future__ import annotations

from typing import Any

from ..op_cases import F, I
from . import Row, of

_TEXT = I(2, 4, high=6)


def _offsets(torch: Any, m: Any, x: Any, *rest: Any) -> Any:
    return m(x, torch.tensor([0, 2, 2]), *rest)


ROWS = [
    Row(
        "Embedding",
        of(6, 3)(_TEXT),
        of(6, 3, padding_idx=1, scale_grad_by_freq=True)(_TEXT).limited(
            numeric=False, why="both arguments make the gradient another than the derivative"
        ),
        of(6, 3, -2, max_norm=1.0)(_TEXT).limited(
            numeric=False, why="the call changes the weight, too, and has no gradient for -2"
        ),
    ),
    Row(
        "EmbeddingBag",
        of(6, 3)(_TEXT),
        of(6, 3, mode="sum", padding_idx=2)(I(6, high=6), run=_offsets),
        of(6, 3, mode="sum")(I(6, high=6), F(6), run=lambda t, m, x, w: _offsets(t, m, x, w)),
        of(6, 3, mode="max", include_last_offset=True)(I(6, high=6), run=_offsets),
    ),
]
