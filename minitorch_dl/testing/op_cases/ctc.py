"""Rows of ``ops/losses/ctc.py``."""

from typing import Any

from . import F, I, Row, S


def _call(torch: Any, scores: Any, *args: Any, **kwargs: Any) -> Any:
    """With normalised probabilities: the gradient takes that for granted."""
    log_probs = torch.log_softmax(scores, -1)
    return torch.nn.functional.ctc_loss(log_probs, *args, **kwargs)


ROWS = [
    Row(
        "nn.functional.ctc_loss",
        S(F(6, 2, 4), I(2, 2, low=1, high=4), (6, 5), (2, 1)),
        S(F(6, 2, 4), I(3, low=0, high=3), (6, 4), (2, 1), blank=3, reduction="none"),
        S(F(5, 3), I(2, low=1, high=3), (5,), (2,), reduction="sum"),
        S(F(4, 2, 3), I(2, 2, low=1, high=3), (4, 1), (1, 2), zero_infinity=True),
        call=_call,
        gradgrad=False,
        why="PyTorch has no second derivative of ctc_loss",
    ),
]
