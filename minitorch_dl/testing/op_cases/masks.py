"""Rows of ``ops/masks.py``."""

from __future__ import annotations

from . import B, F, I, Row, S

ROWS = [
    Row("masked_fill", S(F(3, 4), B(3, 4), 1.5), S(F(3, 4), B(4), F()), S(F(4), B(3, 4), 0.0), S(F(), B(), F()), S(I(3), B(3), 7),
        S(F(0, 2), B(2), 1.0), complex=True),
    Row("masked_select", S(F(3, 4), B(3, 4)), S(F(3, 1), B(4)), S(F(), B()), S(F(0), B(0)), complex=True),
    Row("masked_scatter", S(F(3, 4), B(3, 4), F(13)), S(F(3, 4), B(4), F(3, 4)), S(F(), B(), F(1)), complex=True),
    Row("nonzero", S(I(3, 4, high=2)), S(B(3, 4), as_tuple=True), S(I()), S(I(0, 2)), S(F(3)), grad=False),
    Row("nonzero_0d_as_tuple", S(I(high=1)), grad=False, call=lambda torch, x: torch.nonzero(x + 1, as_tuple=True)),
    Row("argwhere", S(I(3, 4, high=2)), S(B(2)), grad=False),
    Row("nn.functional.one_hot", S(I(2, 3, high=4), 5), S(I(3, high=4)), S(I(high=3), 3), S(I(0), 2), grad=False),
]  # fmt: skip
