"""Rows of ``ops/losses/margins.py``."""

from typing import Any

from . import B, F, I, Row, S


def _signed(name: str) -> Any:
    """The loss with targets 1 and -1, made from a bool tensor."""

    def call(torch: Any, *args: Any, **kwargs: Any) -> Any:
        *inputs, target = args
        target = target.to(inputs[0].dtype) * 2 - 1
        return getattr(torch.nn.functional, name)(*inputs, target, **kwargs)

    return call


def _with_distance(torch: Any, *args: Any, **kwargs: Any) -> Any:
    def distance(a: Any, b: Any) -> Any:
        return ((a - b) ** 2).sum(-1)

    loss = torch.nn.functional.triplet_margin_with_distance_loss
    return loss(*args, distance_function=distance, **kwargs)


def _multi_margin(torch: Any, x: Any, target: Any, *args: Any, **kwargs: Any) -> Any:
    """The weight is given as numbers, for it has no gradient."""
    if "weight" in kwargs:
        kwargs["weight"] = torch.tensor(kwargs["weight"], dtype=x.dtype, device=x.device)
    return torch.nn.functional.multi_margin_loss(x, target, *args, **kwargs)


ROWS = [
    Row(
        "nn.functional.margin_ranking_loss",
        S(F(5), F(5), B(5)),
        S(F(5), F(5), B(5), margin=0.7, reduction="none"),
        call=_signed("margin_ranking_loss"),
    ),
    Row(
        "nn.functional.hinge_embedding_loss",
        S(F(3, 4), B(3, 4)),
        S(F(3, 4), B(3, 4), margin=0.3, reduction="none"),
        call=_signed("hinge_embedding_loss"),
    ),
    Row(
        "nn.functional.cosine_embedding_loss",
        S(F(4, 3), F(4, 3), B(4)),
        S(F(4, 3), F(4, 3), B(4), margin=0.2, reduction="none"),
        S(F(3), F(3), B()),
        call=_signed("cosine_embedding_loss"),
    ),
    Row(
        "nn.functional.multi_margin_loss",
        S(F(4, 3), I(4, high=3)),
        S(F(4, 3), I(4, high=3), 2, 0.5, weight=(0.5, 1.5, 0.2), reduction="none"),
        S(F(3), I(high=3), reduction="sum"),
        call=_multi_margin,
        gradgrad=False,
        why="PyTorch has no second derivative, and with p = 1 it is zero",
    ),
    Row(
        "nn.functional.multilabel_margin_loss",
        S(F(2, 4), I(2, 4, low=-1, high=4)),
        S(F(2, 4), I(2, 4, low=-1, high=4), reduction="none"),
        S(F(4), I(4, low=-1, high=4), reduction="sum"),
        gradgrad=False,
        why="PyTorch has no second derivative, which is zero",
    ),
    Row(
        "nn.functional.multilabel_soft_margin_loss",
        S(F(3, 4), B(3, 4)),
        S(F(3, 4), B(3, 4), F(4, low=0.1), reduction="none"),
        call=lambda torch, x, t, *args, **kwargs: torch.nn.functional.multilabel_soft_margin_loss(
            x, t.to(x.dtype), *args, **kwargs
        ),
    ),
    Row(
        "nn.functional.triplet_margin_loss",
        S(F(4, 3), F(4, 3), F(4, 3)),
        S(F(5, 2), F(5, 2), F(5, 2), 0.5, 1.0, swap=True, reduction="none"),
        S(F(3), F(3), F(3), reduction="sum"),
    ),
    Row(
        "nn.functional.triplet_margin_with_distance_loss",
        S(F(4, 3), F(4, 3), F(4, 3), margin=2.0),
        S(F(4, 3), F(4, 3), F(4, 3), swap=True, reduction="none"),
        call=_with_distance,
    ),
]
