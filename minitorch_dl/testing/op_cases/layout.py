"""Rows of ``ops/layout.py``."""

from __future__ import annotations

from . import F, Row, S

ROWS = [
    Row("as_strided", S(F(3, 4), (2, 3), (4, 1)), S(F(3, 4), (2, 2), (1, 2), 3), S(F(6), (4, 3), (1, 1)), S(F(4), (), (), 2),
        S(F(3, 4), (0, 2), (1, 1)), S(F(3, 4), (3, 2), (0, 1)), call=lambda torch, x, *geometry: torch.as_strided(
            x.contiguous(), *geometry), complex=True),
    Row("as_strided_of_transposed", S(F(3, 4)), call=lambda torch, x: x.contiguous().t().as_strided((2, 3), (4, 1), 1)),
    Row("layout", S(F(3, 4)), grad=False, call=lambda torch, y: (x := y.contiguous().clone()) is None or torch.tensor([
        *x.stride(), *x.t().stride(), x[1:, 1:].storage_offset(), x.t().stride(0), x.is_contiguous(), x.t().is_contiguous(),
        x[None].stride(0)])),
    Row("views_in_place", S(F(1, 3, 4)), call=lambda torch, x: (
        (x * 1).squeeze_(0), (x * 1).squeeze_(), (x * 1).unsqueeze_(-1), (x * 1).transpose_(0, 2), (x * 1)[0].t_(),
        (x * 1).swapaxes_(0, 1), (x * 1).swapdims_(1, 2))),
    Row("resize", S(F(3, 4)), grad=False, call=lambda torch, x: (
        x.clone().resize_(2, 3), x.clone().resize_as_(x[:1]), x.clone().resize_((4, 3)))),
]  # fmt: skip
