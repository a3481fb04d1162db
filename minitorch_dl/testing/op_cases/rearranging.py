"""Rows of ``ops/rearranging.py``."""

from __future__ import annotations

from . import F, I, Row, S

ROWS = [
    Row("broadcast_tensors", S(F(3, 1), F(4)), S(F(), F(2), F(1, 1))),
    Row("broadcast_shapes", S(F(1)), grad=False, call=lambda torch, x: torch.zeros(torch.broadcast_shapes((3, 1), (4,), 1))),
    Row("Tensor.repeat", S(F(3, 4), 2, 1), S(F(3), 2, 3), S(F(), 2), S(F(3), (1,)), S(F(2), 0)),
    Row("tile", S(F(3, 4), (2,)), S(F(3), (2, 3)), S(F(), (2,)), S(F(2), ())),
    Row("repeat_interleave", S(F(3, 4), 2), S(F(3, 4), 2, dim=1), S(F(3, 4), I(3, high=3), 0), S(F(3, 4), I(1, low=2, high=3), dim=-1),
        S(F(), 3), S(F(0, 2), 2, 0)),
    Row("repeat_interleave_of_counts", S(I(4, high=3)), grad=False, call=lambda torch, n: torch.repeat_interleave(n)),
    Row("roll", S(F(3, 4), 1), S(F(3, 4), 1, 0), S(F(3, 4), (1, -5), (0, 1)), S(F(3, 4), 0, 0), S(F(), 1), S(F(0, 2), 1, 0),
        S(F(3), (1, 1), (0, 0)), complex=True),
    Row("flip", S(F(3, 4), (0,)), S(F(3, 4), (0, -1)), S(F(3, 4), ()), S(F(), ()), S(F(0, 2), (1,)), complex=True),
    Row("Tensor.flip", S(F(3, 4), 0, 1)),
    Row("fliplr", S(F(3, 4))),
    Row("flipud", S(F(3))),
    Row("rot90", *(S(F(3, 4), k) for k in (0, 1, 2, 3, -1)), S(F(2, 3, 4), 1, (2, 0))),
    Row("Tensor.unfold", S(F(6), 0, 3, 2), S(F(3, 5), 1, 2, 1), S(F(5, 3), 0, 2, 3), S(F(3, 5), -1, 5, 1), S(F(), 0, 1, 1), S(F(3), 0, 0, 1), complex=True),
    Row("Tensor.sum_to_size", S(F(2, 3, 4), 3, 1), S(F(2, 3), 2, 3), S(F(2, 3), 1)),
]  # fmt: skip
