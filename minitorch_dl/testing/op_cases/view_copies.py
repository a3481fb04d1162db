"""Rows of ``ops/view_copies.py``."""

from __future__ import annotations

from . import C, F, Row, S

ROWS = [
    Row("alias_copy", S(F(3, 4)), S(F()), S(F(0, 2))),
    Row("detach_copy", S(F(3, 4)), grad=False),
    Row(
        "as_strided_copy",
        S(F(12), (2, 3), (3, 1), 1),
        call=lambda torch, x, *args: torch.as_strided_copy(x.contiguous(), *args),
    ),
    Row("diagonal_copy", S(F(3, 4), 1)),
    Row("expand_copy", S(F(3, 1), (3, 4))),
    Row("narrow_copy", S(F(3, 4), 1, 1, 2)),
    Row("permute_copy", S(F(2, 3, 4), (2, 0, 1))),
    Row("select_copy", S(F(3, 4), 1, -1)),
    Row("slice_copy", S(F(5, 4), 0, 1, 5, 2), S(F(3), end=-1)),
    Row("split_copy", S(F(5, 2), 2)),
    Row("split_with_sizes_copy", S(F(5, 2), (1, 4))),
    Row("unsafe_split", S(F(5, 2), 2, 0)),
    Row("unsafe_split_with_sizes", S(F(2, 5), (1, 4), dim=1)),
    Row("unsafe_chunk", S(F(5, 2), 2)),
    Row("squeeze_copy", S(F(1, 3, 1)), S(F(1, 3, 1), 0)),
    Row("t_copy", S(F(3, 4))),
    Row("transpose_copy", S(F(3, 4), 0, 1)),
    Row("unbind_copy", S(F(3, 4), 1)),
    Row("unfold_copy", S(F(3, 7), 1, 3, 2)),
    Row("unsqueeze_copy", S(F(3, 4), 1)),
    Row(
        "view_as_complex_copy",
        S(F(3, 4, 2)),
        call=lambda torch, x: torch.view_as_complex_copy(x.contiguous()),
        grad=False,
    ),
    Row("view_as_real_copy", S(C(3, 4)), S(C())),
    Row(
        "view_copy",
        S(F(3, 4), (2, 6)),
        call=lambda torch, x, size: torch.view_copy(x.contiguous(), size),
    ),
    Row("fill", S(F(3, 4), 2.5), S(F(3, 4), F()), S(F(), 1), complex=True),
]
