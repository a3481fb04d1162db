"""Rows of ``ops/dropout.py``. The seed is fixed, so the masks are PyTorch's.

The tensors that lose single elements have one dim: masks are drawn in the order of memory.
"""

from typing import Any

from . import F, Row, S


def counted(torch: Any, x: Any) -> Any:
    """Dropout by a counter: of seed 0 and draw 0 the words are 6627e8d5 e169c58d bc57ac4c 9b00dbd8,
    as the paper's authors publish them, of which 3/4 are below c0000000."""
    if torch.__name__ != "minitorch_dl":
        return x * torch.tensor([1.0, 0.0, 1.0, 1.0], dtype=x.dtype) / 0.75
    from minitorch_dl.ops.dropout import counted_dropout

    return counted_dropout(x, None, seed=0, number=0, p=0.25)


ROWS = [
    Row(
        "nn.functional.dropout",
        S(F(12), 0.5),
        S(F(20), 0.2),
        S(F(3, 4), 0.0),
        S(F(3, 4), 1.0),
        S(F(3, 4), 0.5, False),
        S(F(), 0.3),
        S(F(0), 0.3),
    ),
    Row("nn.functional.dropout1d", S(F(2, 3, 4), 0.5), S(F(3, 4), 0.5)),
    Row("nn.functional.dropout2d", S(F(2, 3, 4, 2), 0.5)),
    Row("nn.functional.dropout3d", S(F(2, 3, 2, 2, 2)), S(F(3, 2, 2, 2))),
    Row("nn.functional.alpha_dropout", S(F(12), 0.5, True), S(F(3, 4), 0.3)),
    Row("nn.functional.feature_alpha_dropout", S(F(2, 3, 4), 0.5, True)),
    Row("feature_dropout", S(F(2, 3, 4), 0.5, True)),
    Row("native_dropout", S(F(12), 0.5, True), S(F(3), 0.5, False), S(F(3), 1.0, True)),
    Row("dropout(counted)", S(F(4)), call=counted),
]
