"""Rows of ``ops/shape.py``."""

from __future__ import annotations

from . import F, I, Row, S

ROWS = [
    Row("reshape", S(F(3, 4), (2, -1)), S(F(3, 4), (12,)), S(F(), (1, 1)), S(F(0, 3), (3, 0)), S(I(6), (3, 2)), complex=True),
    Row("Tensor.reshape", S(F(3, 4), 4, 3), S(F(3, 4), -1), S(F(1), ())),
    Row("view", S(F(3, 4), 12), S(F(3, 4), (2, 6)), S(F(3, 4), 3, 2, -1), S(F(), 1), call=lambda torch, x, *shape: (
        x.contiguous().view(*shape))),
    Row("view_dtype", S(I(2, 4)), grad=False, call=lambda torch, x: (
        x.clone().contiguous().view(torch.int32), x.contiguous().view(dtype=torch.int8),
        x.to(torch.int32).contiguous().view(torch.int64), x.view(torch.int64))),
    Row("view_as", S(F(3, 4), F(2, 6)), call=lambda torch, x, y: x.contiguous().view_as(y)),
    Row("Tensor.reshape_as", S(F(3, 4), F(12))),
    Row("flatten", S(F(2, 3, 4)), S(F(2, 3, 4), 1), S(F(2, 3, 4), 0, 1), S(F(2, 3, 4), -2, -1), S(F()), S(F(2, 0, 3))),
    Row("Tensor.unflatten", S(F(3, 8), 1, (2, -1)), S(F(6), -1, (2, 3)), S(F(0, 4), 1, (2, 2))),
    Row("ravel", S(F(3, 4)), S(F()), S(F(0, 2))),
    Row("squeeze", S(F(1, 3, 1)), S(F(1, 3, 1), 0), S(F(1, 3, 1), 1), S(F(1, 3, 1), (0, -1)), S(F())),
    Row("unsqueeze", S(F(3, 4), 0), S(F(3, 4), -1), S(F(), 0), S(F(0), 1)),
    *(Row(name, S(F(2, 3, 4), 0, 2), S(F(2, 3, 4), -1, 1), S(F(), 0, -1), S(F(0, 2), 0, 1), complex=True)
      for name in ("transpose", "swapaxes", "swapdims")),
    Row("permute", S(F(2, 3, 4), (2, 0, 1)), S(F(2, 3, 4), (-1, 0, 1)), S(F(), ()), complex=True),
    Row("Tensor.permute", S(F(2, 3, 4), 1, 2, 0)),
    *(Row(name, S(F(2, 3, 4), 0, -1), S(F(2, 3, 4), (0, 1), (2, 0)), S(F(), 0, 0)) for name in ("movedim", "moveaxis")),
    Row("t", S(F(3, 4)), S(F(3)), S(F())),
    Row("adjoint", S(F(2, 3, 4)), complex=True),
    Row("transposed_attributes", S(F(3, 4)), call=lambda torch, x: (x.T, x.mT, x.H, x.mH), complex=True),
    Row("Tensor.expand", S(F(3, 1), 2, 3, 4), S(F(3, 1), (-1, 4)), S(F(), 2, 2), S(F(3, 4), 3, 4), S(F(1), 0), complex=True),
    Row("Tensor.expand_as", S(F(3, 1), F(3, 4))),
    Row("broadcast_to", S(F(4), (3, 4)), S(F(), (2,))),
    Row("Tensor.contiguous", S(F(3, 4)), S(F())),
    Row("contiguous_of_transposed", S(F(3, 4)), call=lambda torch, x: x.t().contiguous(), complex=True),
]  # fmt: skip
