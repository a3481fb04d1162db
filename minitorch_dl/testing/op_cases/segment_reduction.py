"""Rows of ``ops/segment_reduction.py``."""

from __future__ import annotations

from typing import Any

from . import F, Row, S


def _reduce(torch: Any, x: Any, reduce: str, sizes: Any, axis: int = 0, **options: Any) -> Any:
    """The segments given by ``lengths``, or by ``offsets`` if said so."""
    by_offsets = options.pop("offsets", False)
    where = {"offsets" if by_offsets else "lengths": torch.tensor(sizes, device=x.device)}
    return torch.segment_reduce(x, reduce, axis=axis, **where, **options)


ROWS = [
    Row(
        f"segment_reduce({reduce})",
        S(F(6), reduce, [2, 1, 3]),
        S(F(6, 2), reduce, [2, 3], unsafe=True),
        S(F(2, 5, 3), reduce, [[2, 3], [1, 4]], axis=1),
        S(F(6, 2), reduce, [1, 2, 5], offsets=True),
        S(F(6), reduce, [2, 0, 4], initial=0.5),
        S(F(2, 3, 0), reduce, [[3], [3]], axis=1),
        call=_reduce,
    )
    for reduce in ("sum", "mean", "max", "min", "prod")
] + [
    Row(
        "segment_reduce(empty segments)",
        *(S(F(6), reduce, [2, 0, 4]) for reduce in ("sum", "mean", "max", "min", "prod")),
        call=_reduce,
        grad=False,
    )
]
