"""Rows of ``ops/losses/classification.py``."""

from typing import Any

from . import F, I, Row, S


def _call(name: str) -> Any:
    """The loss; the classes' weights are given as numbers, for they have no gradient."""

    def call(torch: Any, x: Any, target: Any, weight: Any = None, **kwargs: Any) -> Any:
        if weight is not None:
            weight = torch.tensor(weight, dtype=x.dtype, device=x.device)
        return getattr(torch.nn.functional, name)(x, target, weight, **kwargs)

    return call


ROWS = [
    Row(
        "nn.functional.cross_entropy",
        S(F(4, 3), I(4, high=3)),
        S(F(4, 3), I(4, high=3), (0.5, 1.5, 0.2), ignore_index=1),
        S(F(2, 3, 2), I(2, 2, high=3), reduction="none"),
        S(F(2, 3, 2), I(2, 2, high=3), (0.5, 1.5, 0.2), ignore_index=0, label_smoothing=0.2),
        S(F(2, 3), I(2, high=3), reduction="sum", label_smoothing=0.1),
        S(F(3), I(high=3)),
        S(F(3), I(high=3), reduction="none"),
        S(F(0, 3), I(0, high=3), reduction="sum"),
        S(F(2, 3, 2), F(2, 3, 2, low=0), reduction="mean"),
        S(F(2, 3), F(2, 3, low=0), (0.5, 1.5, 0.2), label_smoothing=0.3, reduction="none"),
        S(F(3), F(3, low=0)),
        call=_call("cross_entropy"),
    ),
    Row(  # of probabilities, the classes' weights have a gradient too
        "nn.functional.cross_entropy(probabilities)",
        S(F(2, 3), F(2, 3, low=0), F(3, low=0.1)),
        S(F(2, 3, 2), F(2, 3, 2, low=0), F(3, low=0.1), label_smoothing=0.2, reduction="sum"),
        call=lambda torch, *args, **kwargs: torch.nn.functional.cross_entropy(*args, **kwargs),
    ),
    Row(
        "nn.functional.linear_cross_entropy",
        S(F(4, 3), F(5, 3), I(4)),
        S(F(3), F(5, 3), I(), linear_bias=F(5)),
        S(F(2, 3), F(4, 2, 3), I(2, 2, high=4), linear_bias=F(4, 2), reduction="sum"),
        S(F(2, 3), F(4, 3), F(2, 4, low=0), label_smoothing=0.2),
    ),
    Row(
        "nn.functional.nll_loss",
        S(F(4, 3), I(4, high=3)),
        S(F(4, 3), I(4, high=3), (0.5, 1.5, 0.2), ignore_index=1, reduction="sum"),
        S(F(2, 3, 2), I(2, 2, high=3), (0.5, 1.5, 0.2), ignore_index=1),
        S(F(3), I(high=3), reduction="none"),
        S(F(0, 3), I(0, high=3), reduction="none"),
        call=_call("nll_loss"),
    ),
]
