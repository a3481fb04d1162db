"""Rows of ``ops/joining.py`` and ``ops/splitting.py``."""

from __future__ import annotations

from . import F, I, Row, S

_PAIR = [F(2, 3), F(2, 3)]

ROWS = [
    Row("cat", S([F(2, 3), F(1, 3)], dim=0), S([F(2, 3), F(2, 1), F(2, 2)], -1), S([F(2, 3), F(0)]), S([F(0), F(0)]),
        S([F(0, 2), F(3, 2)]), S([F(2), I(2)]), complex=True),
    Row("concat", S([F(2, 3), F(1, 3)])),
    Row("concatenate", S([F(2, 3), F(1, 3)], axis=0)),
    Row("stack", S(_PAIR), S(_PAIR, 1), S(_PAIR, -1), S([F(), F()]), S([F(0, 2), F(0, 2)]), complex=True),
    Row("nn.utils.rnn.pad_sequence", S([F(2), F(3)]), S([F(2, 2), F(1, 2), F(0, 2)], True), S([F(3, 2), F(3, 2)]),
        S([F(1, 2, 2), F(2, 2, 2)], padding_value=-1.5, padding_side="left"), S([I(2), I(4)], batch_first=True, padding_value=7)),
    *(Row(name, S([F(2, 3, 2), F(2, 3, 2)]), S([F(3), F(3)]), S([F(), F()])) for name in ("hstack", "vstack", "dstack")),
    Row("row_stack", S([F(3), F(2, 3)])),
    Row("column_stack", S([F(3), F(3, 2)]), S([F(), F()])),
    *(Row(name, S(F()), S(F(3)), S(F(2, 3)), S([F(), F(3), F(2, 3), F(2, 3, 4)]))
      for name in ("atleast_1d", "atleast_2d", "atleast_3d")),
    Row("block_diag", S(F(2, 3), F(3, 1)), S(F(2), F()), S(F(0, 2), F(1, 1))),
    Row("meshgrid", S(F(2), F(3), indexing="ij"), S(F(2), F(3), F(4), indexing="xy"), S([F(2), F()], indexing="ij")),
    Row("cartesian_prod", S(F(2), F(3)), S(F(3))),
    Row("combinations", S(F(4)), S(F(3), r=2, with_replacement=True), S(F(4), r=3), S(F(2), r=3)),
    Row("split", S(F(5, 2), 2), S(F(2, 5), [1, 0, 4], 1), S(F(4), 2, -1), S(F(0, 2), 1), S(F(3), 5), complex=True),
    Row("split_with_sizes", S(F(5, 2), [2, 3]), call=lambda torch, x, s: x.split_with_sizes(s)),
    Row("chunk", S(F(5, 2), 2), S(F(2, 4), 3, 1), S(F(0, 2), 2)),
    Row("tensor_split", S(F(5, 2), 2), S(F(2, 5), (1, 3), 1), S(F(5), (4, 2)), S(F(5), (-2, 9)), S(F(2), 3)),
    Row("hsplit", S(F(2, 4), 2), S(F(4), (1,))),
    Row("vsplit", S(F(4, 2), 2), S(F(4, 2), (1, 3))),
    Row("dsplit", S(F(2, 1, 4), 2)),
    Row("unbind", S(F(3, 2)), S(F(3, 2), 1), S(F(3, 2, 2), -2), S(F(3)), S(F(2, 0)), complex=True),
]  # fmt: skip
