"""Rows of ``ops/losses/elementwise.py``."""

from typing import Any

from . import B, F, Row, S


def _bce(name: str) -> Any:
    """The loss; weights are given as numbers, for they have no gradient."""

    def call(torch: Any, x: Any, target: Any, **kwargs: Any) -> Any:
        for key in {"weight", "pos_weight"} & set(kwargs):
            kwargs[key] = torch.tensor(kwargs[key], dtype=x.dtype, device=x.device)
        return getattr(torch.nn.functional, name)(x, target, **kwargs)

    return call


_WEIGHT = (0.5, 1.5, 0.2, 3.0)
_UNIT = {"low": 0.05, "high": 0.95}

ROWS = [
    Row(
        "nn.functional.l1_loss",
        S(F(3, 4), F(3, 4)),
        S(F(3, 4), F(3, 4), reduction="none"),
        S(F(3, 4), F(3, 4), weight=F(3, 4, low=0.1)),
        complex=True,
    ),
    Row(
        "nn.functional.mse_loss",
        S(F(3, 4), F(3, 4)),
        S(F(3, 4), F(3, 4), reduction="sum"),
        S(F(3, 4), F(3, 4), weight=F(3, 4, low=0.1)),
        S(F(), F(), reduction="none"),
    ),
    Row(
        "nn.functional.smooth_l1_loss",
        S(F(3, 4), F(3, 4)),
        S(F(3, 4), F(3, 4), reduction="none", beta=0.3),
        S(F(3, 4), F(3, 4), reduction="sum", beta=0.0),
    ),
    Row(
        "nn.functional.huber_loss",
        S(F(3, 4), F(3, 4)),
        S(F(3, 4), F(3, 4), "none", 0.3),
        S(F(3, 4), F(3, 4), "sum", 2.5),
    ),
    Row(
        "nn.functional.kl_div",
        S(F(3, 4), F(3, 4, low=0.1), reduction="batchmean"),
        S(F(3, 4), F(3, 4), reduction="none", log_target=True),
        S(F(3, 4), F(3, 4, low=0.1), reduction="sum"),
    ),
    Row(
        "nn.functional.binary_cross_entropy",
        S(F(3, 4, **_UNIT), F(3, 4, **_UNIT)),
        S(F(3, 4, **_UNIT), F(3, 4, **_UNIT), weight=_WEIGHT, reduction="none"),
        S(F(**_UNIT), F(**_UNIT), reduction="sum"),
        call=_bce("binary_cross_entropy"),
    ),
    Row(
        "nn.functional.binary_cross_entropy_with_logits",
        S(F(3, 4), F(3, 4, low=0)),
        S(F(3, 4), F(3, 4, low=0), weight=_WEIGHT, reduction="none"),
        S(F(3, 4), F(3, 4, low=0), pos_weight=_WEIGHT, reduction="sum"),
        S(F(), F(), reduction="none"),
        call=_bce("binary_cross_entropy_with_logits"),
    ),
    Row(
        "nn.functional.soft_margin_loss",
        S(F(3, 4), B(3, 4)),
        S(F(3, 4), B(3, 4), reduction="none"),
        call=lambda torch, x, t, **kwargs: torch.nn.functional.soft_margin_loss(
            x, t.to(x.dtype) * 2 - 1, **kwargs
        ),
    ),
    Row(
        "nn.functional.poisson_nll_loss",
        S(F(3, 4), F(3, 4, low=0.2, high=4)),
        S(F(3, 4), F(3, 4, low=0.2, high=4), full=True, reduction="none"),
        S(F(3, 4, low=0.1), F(3, 4, low=0.2), log_input=False, reduction="sum"),
    ),
    Row(
        "nn.functional.gaussian_nll_loss",
        S(F(3, 4), F(3, 4), F(3, 4, low=0.1)),
        S(F(3, 4), F(3, 4), F(3, low=0.1), full=True, reduction="none"),
        S(F(3, 4), F(3, 4), F(3, 1, low=0.1), reduction="sum"),
        S(F(3, 4), F(3, 4), 0.5),
    ),
]
