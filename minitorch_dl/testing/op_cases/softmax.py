"""Rows of ``ops/softmax.py``."""

from . import F, Row, S

ROWS = [
    Row("softmax", S(F(3, 4), 1), S(F(2, 3, 4), dim=-2), S(F(), 0), S(F(0, 3), 0)),
    Row("log_softmax", S(F(3, 4), 1), S(F(2, 3, 4), dim=-2), S(F(), 0), S(F(0, 3), 0)),
    Row("Tensor.softmax", S(F(3, 4), 1), S(F(3, 4), dim=0)),
    Row("Tensor.log_softmax", S(F(3, 4), -1)),
    Row("nn.functional.softmax", S(F(3, 4), dim=-1)),
    Row("nn.functional.log_softmax", S(F(3, 4), dim=0)),
    Row("nn.functional.softmin", S(F(3, 4), dim=1)),
    Row("nn.functional.gumbel_softmax", S(F(3, 4), 0.5), S(F(3, 4), dim=0)),
    Row(
        "gumbel_softmax(hard)",
        S(F(3, 4), hard=True),
        S(F(3, 4), 2.0, True, dim=0),
        call=lambda torch, *args, **kwargs: torch.nn.functional.gumbel_softmax(*args, **kwargs),
        numeric=False,
        why="the one-hot sample has the soft one's gradient on purpose",
    ),
]
