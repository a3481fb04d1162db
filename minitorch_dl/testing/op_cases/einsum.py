"""Rows of ``ops/einsum.py``."""

from __future__ import annotations

from . import F, I, Row, S

ROWS = [
    Row(
        "einsum",
        S("ij,jk->ik", F(3, 4), F(4, 5)),
        S("ij,jk", F(3, 4), F(4, 5)),
        S("bij,bjk->bik", F(2, 3, 4), F(2, 4, 5)),
        S("i,j->ij", F(3), F(4)),
        S("ii->i", F(3, 3)),
        S("ii", F(3, 3)),
        S("iij->j", F(3, 3, 4)),
        S("ij->ji", F(3, 4)),
        S("ij->", F(3, 4)),
        S("...ij,...jk->...ik", F(2, 1, 3, 4), F(5, 4, 2)),
        S("ij,ij->ij", F(3, 4), F(3, 4)),
        S("ij,ij->i", F(3, 4), F(3, 4)),
        S("ij,ij->", F(3, 4), F(3, 4)),
        S("i,ij,j->", F(3), F(3, 4), F(4)),
        S("ab,bc,cd,de->ae", F(2, 3), F(3, 4), F(4, 5), F(5, 2)),
        S("bn,anm,bm->ba", F(2, 3), F(4, 3, 5), F(2, 5)),
        S("ij,jk->ik", F(3, 1), F(4, 5)),
        S("b...,b...->b...", F(2, 3), F(2, 3)),
        S("a b , b -> a", F(2, 3), F(3)),
        S("aBc->cBa", F(2, 3, 4)),
        S("bA", F(2, 3)),
        S(",ij->ij", F(), F(2, 3)),
        S("iijj->ij", F(2, 2, 3, 3)),
        S("ij,jk->ik", F(3, 0), F(0, 5)),
        S("ij->ij", F(2, 3)),
        S("ij,k->j", F(2, 3), F(4)),
        complex=True,
    ),
    Row(
        "einsum_mixed",
        S(I(3, low=-4, high=4), F(2), F(2, 3)),
        call=lambda torch, n, x, y: (
            torch.einsum("i,j->ij", n, x),
            torch.einsum("ji,i->ji", y, n),
        ),
    ),
    Row(
        "einsum_lists",
        S(F(2, 3, 4), F(4, 5)),
        call=lambda torch, a, b: (
            torch.einsum(a, [..., 1], b, [1, 2], [..., 2]),
            torch.einsum(b, [0, 1]),
            torch.einsum("bij,jk->bik", [a, b]),
        ),
        complex=True,
    ),
]
