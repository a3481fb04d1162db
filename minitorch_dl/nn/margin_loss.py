"""Losses that ask for a margin: between scores of classes, or between distances of embeddings.

Each formula gives the loss of one element or sample; y is the target, and ``reduction`` and its
deprecated forms are as in :mod:`minitorch_dl.nn.loss`.
"""

from __future__ import annotations

from collections.abc import Callable

from ..ops.losses.reduction import reduced
from ..tensor import Tensor
from . import functional as F
from .distance import PairwiseDistance
from .loss import _Loss, _WeightedLoss

__all__ = [
    "ContrastiveLoss", "CosineEmbeddingLoss", "HingeEmbeddingLoss", "MarginRankingLoss",
    "MultiLabelMarginLoss", "MultiLabelSoftMarginLoss", "MultiMarginLoss", "SoftMarginLoss",
    "TripletMarginLoss", "TripletMarginWithDistanceLoss",
]  # fmt: skip


class HingeEmbeddingLoss(_Loss):
    """Loss of the distance x between the members of a pair.

    ``x`` where they are alike (y = 1), ``max(0, margin - x)`` where they are not (y = -1).
    """

    def __init__(
        self,
        margin: float = 1.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)


class _PairLoss(_Loss):
    """A loss of two inputs and a target, with a margin of 0 unless given."""

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin


class CosineEmbeddingLoss(_PairLoss):
    """Loss of the angle between the vectors of a pair, which are alike (y = 1) or not (y = -1).

    ``1 - cos(x₁, x₂)`` where y = 1, ``max(0, cos(x₁, x₂) - margin)`` where y = -1.

    Shapes: inputs ``(N, D)`` or ``(D,)``, target ``(N,)`` or ``()``.
    """

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        return F.cosine_embedding_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


class MarginRankingLoss(_PairLoss):
    """Ranking loss, ``max(0, -y (x₁ - x₂) + margin)``.

    x₁ should exceed x₂ by the margin where y = 1, and x₂ exceed x₁ where y = -1.
    """

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        return F.margin_ranking_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


class MultiMarginLoss(_WeightedLoss):
    """Multi-class hinge loss, ``Σ_{i≠y} w_y max(0, margin - x_y + x_i)^p / C``.

    Args:
        p: 1 or 2.
        weight: w, one weight per class, ``(C,)``; default 1.

    Shapes: input ``(N, C)``, target ``(N,)`` of class labels.
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError(f"only p == 1 and p == 2 supported, got {p}")
        if weight is not None and weight.dim() != 1:
            raise ValueError(
                f"MultiMarginLoss: expected weight to be None or 1D tensor, got {weight.dim()}D "
                "instead"
            )
        self.p = p
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.multi_margin_loss(
            input,
            target,
            p=self.p,
            margin=self.margin,
            weight=self.weight,
            reduction=self.reduction,
        )


class MultiLabelMarginLoss(_Loss):
    """Hinge loss of samples that have several labels each.

    ``Σ_{j in labels} Σ_{i not in labels} max(0, 1 - (x_j - x_i)) / C``

    Shapes: input ``(N, C)``, target ``(N, C)``: a row of class indices that ends at the first -1.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.multilabel_margin_loss(input, target, reduction=self.reduction)


class SoftMarginLoss(_Loss):
    """Logistic loss, ``log(1 + exp(-y x))``, of scores x and targets y = ±1."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(_WeightedLoss):
    """Binary cross entropy of scores ``(N, C)``, averaged over the classes.

    ``weight``: one weight per class, ``(C,)``.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.multilabel_soft_margin_loss(
            input, target, weight=self.weight, reduction=self.reduction
        )


class TripletMarginLoss(_Loss):
    """An anchor should be nearer to its positive than to its negative; Balntas et al., 2016.

    ``max(0, ‖a - p‖ - ‖a - n‖ + margin)``

    Args:
        p, eps: the norm and the ε of :class:`PairwiseDistance`.
        swap: take ``‖p - n‖`` in place of ``‖a - n‖`` where it is smaller.

    Shapes: anchor, positive and negative ``(N, D)``.

    >>> import minitorch_dl as torch
    >>> a, p, n = torch.zeros(1, 2), torch.tensor([[0.0, 2.0]]), torch.tensor([[0.0, 2.5]])
    >>> torch.nn.TripletMarginLoss()(a, p, n)
    tensor(0.5000)
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        if margin <= 0:
            raise ValueError(
                f"TripletMarginLoss: expected margin to be greater than 0, got {margin} instead"
            )
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        return F.triplet_margin_loss(
            anchor, positive, negative, margin=self.margin, p=self.p, eps=self.eps, swap=self.swap,
            reduction=self.reduction,
        )  # fmt: skip


class TripletMarginWithDistanceLoss(_Loss):
    """:class:`TripletMarginLoss` with a distance of one's own, ``distance_function(x₁, x₂)``.

    The default distance is :class:`PairwiseDistance`.
    """

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(None, None, reduction)
        if margin <= 0:
            raise ValueError(
                "TripletMarginWithDistanceLoss: expected margin to be greater than 0, got "
                f"{margin} instead"
            )
        self.distance_function = (
            PairwiseDistance() if distance_function is None else distance_function
        )
        self.margin = margin
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        return F.triplet_margin_with_distance_loss(
            anchor, positive, negative, distance_function=self.distance_function,
            margin=self.margin, swap=self.swap, reduction=self.reduction,
        )  # fmt: skip


class ContrastiveLoss(_Loss):
    """Pulls like pairs together and pushes unlike ones a margin apart; Hadsell et al., 2006.

    ``(1 - y) ½ d² + y ½ max(0, margin - d)²`` with ``d = ‖x₁ - x₂‖``.

    The target y is 1 (or True) for unlike pairs, 0 for like ones. Not in PyTorch.

    >>> import minitorch_dl as torch
    >>> a, b = torch.zeros(1, 2), torch.tensor([[0.0, 0.5]])
    >>> torch.nn.ContrastiveLoss(margin=2.0)(a, b, torch.tensor([1]))
    tensor(1.1250)
    """

    def __init__(self, margin: float = 1.0, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        if margin <= 0:
            raise ValueError(f"ContrastiveLoss: margin must be greater than 0, got {margin}")
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        d = F.pairwise_distance(input1, input2)
        y = target.to(d.dtype)
        loss = (1 - y) * 0.5 * d * d + y * 0.5 * (self.margin - d).clamp(min=0) ** 2
        return reduced(loss, self.reduction)

    def extra_repr(self) -> str:
        return f"margin={self.margin}"
