"""Cases of losses."""

from __future__ import annotations

from typing import Any

from ..op_cases import B, F, I
from . import P, Row, X, of


def _signs(b: Any, like: Any) -> Any:
    """Targets of ±1 from bools."""
    return b.to(like.dtype) * 2 - 1


_REDUCTIONS = ("mean", "sum", "none")


def _loss(name: str, *given: Any, run: Any = None, **options: Any) -> Row:
    """The three reductions of a loss."""
    return Row(name, *[of(reduction=r, **options)(*given, run=run) for r in _REDUCTIONS])


def _signed(torch: Any, m: Any, *given: Any) -> Any:
    *inputs, b = given
    return m(*inputs, _signs(b, inputs[0]))


def _float_target(torch: Any, m: Any, x: Any, b: Any) -> Any:
    return m(x, b.to(x.dtype))


def _ctc(torch: Any, m: Any, x: Any, labels: Any) -> Any:
    return m(x.log_softmax(2), labels, (6, 5), (3, 2))


def _multi_label(torch: Any, m: Any, x: Any) -> Any:
    return m(x, torch.tensor([[1, 0, -1, 2], [3, -1, 0, 1], [0, 1, 2, 3]]))


def _focal(torch: Any, gamma: float = 2.0, weight: Any = None, reduction: str = "mean") -> Any:
    def loss(scores: Any, labels: Any) -> Any:
        p = torch.softmax(scores, 1)[torch.arange(len(labels)), labels]
        a = torch.ones_like(p) if weight is None else weight[labels]
        each = -a * (1 - p) ** gamma * torch.log(p)
        return {"mean": each.mean(), "sum": each.sum(), "none": each}[reduction]

    return loss


def _contrastive(torch: Any, margin: float = 1.0, reduction: str = "mean") -> Any:
    def loss(a: Any, b: Any, unlike: Any) -> Any:
        d = torch.sqrt(((a - b + 1e-6) ** 2).sum(-1))
        each = torch.where(unlike, torch.relu(margin - d) ** 2, d**2) / 2
        return {"mean": each.mean(), "sum": each.sum(), "none": each}[reduction]

    return loss


_LABELS = I(3, high=4)

ROWS = [
    _loss("L1Loss", X, X),
    _loss("MSELoss", X, X),
    _loss("NLLLoss", X, _LABELS, weight=F(4, **P), ignore_index=1),
    Row(
        "CrossEntropyLoss",
        of()(X, _LABELS),
        of(weight=F(4, **P), ignore_index=2, label_smoothing=0.1)(F(2, 4, 3), I(2, 3, high=4)),
        of(reduction="none")(X, F(3, 4, **P)),
    ),
    _loss("BCELoss", F(3, 4, **P), F(3, 4, **P), weight=F(4, **P)),
    _loss("BCEWithLogitsLoss", X, B(3, 4), run=_float_target, pos_weight=F(4, low=1, high=3)),
    Row(
        "PoissonNLLLoss",
        of()(X, F(3, 4, low=1, high=5)),
        of(False, True)(F(3, 4, **P), F(3, 4, **P)),
    ),
    Row(
        "GaussianNLLLoss",
        of()(X, X, F(3, 4, **P)),
        of(full=True, reduction="sum")(X, X, F(3, 1, **P)),
    ),
    Row(
        "KLDivLoss",
        of(reduction="batchmean")(X, F(3, 4, **P)),
        of(reduction="sum", log_target=True)(X, X),
    ),
    _loss("HuberLoss", X, X, delta=0.7),
    _loss("SmoothL1Loss", X, X, beta=0.7),
    _loss("SoftMarginLoss", X, B(3, 4), run=_signed),
    _loss("MultiLabelMarginLoss", X, run=_multi_label),
    _loss("MultiLabelSoftMarginLoss", X, B(3, 4), run=_float_target, weight=F(4, **P)),
    _loss("HingeEmbeddingLoss", X, B(3, 4), run=_signed, margin=0.7),
    _loss("CosineEmbeddingLoss", X, X, B(3), run=_signed, margin=0.1),
    _loss("MarginRankingLoss", X, X, B(3, 4), run=_signed, margin=0.3),
    _loss("MultiMarginLoss", X, _LABELS, p=2, margin=0.7, weight=F(4, **P)),
    _loss("TripletMarginLoss", X, X, X, swap=True, margin=2.0),
    _loss("TripletMarginWithDistanceLoss", X, X, X, margin=2.0),
    Row(
        "CTCLoss",
        *[of(reduction=r)(F(6, 2, 4), I(2, 3, low=1, high=4), run=_ctc) for r in _REDUCTIONS],
    ),
    Row(
        "FocalLoss",
        *[of(1.5, F(4, **P), r)(X, _LABELS) for r in _REDUCTIONS],
        of()(X, _LABELS),
        formula=_focal,
    ),
    Row(
        "ContrastiveLoss",
        *[of(2.0, reduction=r)(X, X, B(3)) for r in _REDUCTIONS],
        formula=_contrastive,
    ),
]
