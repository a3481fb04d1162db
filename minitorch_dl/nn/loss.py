"""Regression and classification losses as layers.

Each formula gives the loss of one element; x is the input and y the target. ``reduction`` says what
becomes of the elements' losses: "none" returns them all, "mean" (the default) their average, "sum"
their sum. ``size_average`` and ``reduce`` are PyTorch's deprecated way to say the same.
"""

from __future__ import annotations

from typing import Any

from ..backend.warning import warn
from ..ops.losses.reduction import reduced, reduction_name
from ..tensor import Tensor
from . import functional as F
from .module import Module

__all__ = [
    "BCELoss", "BCEWithLogitsLoss", "CTCLoss", "CrossEntropyLoss", "FocalLoss", "GaussianNLLLoss",
    "HuberLoss", "KLDivLoss", "L1Loss", "MSELoss", "NLLLoss", "NLLLoss2d", "PoissonNLLLoss",
    "SmoothL1Loss",
]  # fmt: skip


class _Loss(Module):
    reduction: str

    def __init__(
        self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__()
        if size_average is not None or reduce is not None:
            reduction = reduction_name(size_average, reduce, reduction)
        self.reduction = reduction


class _WeightedLoss(_Loss):
    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.weight: Tensor | None


class L1Loss(_Loss):
    """Absolute error, ``|x - y|``, of tensors of one shape.

    >>> import minitorch_dl as torch
    >>> torch.nn.L1Loss()(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 1.0]))
    tensor(1.)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.l1_loss(input, target, reduction=self.reduction)


class MSELoss(_Loss):
    """Squared error, ``(x - y)²``, of tensors of one shape.

    >>> import minitorch_dl as torch
    >>> torch.nn.MSELoss()(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 1.0]))
    tensor(2.)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(input, target, reduction=self.reduction)


class NLLLoss(_WeightedLoss):
    """Negative log-likelihood, ``-w_y x_y``, of log-probabilities x and class labels y.

    The reduction "mean" divides by the sum of the weights ``w_y`` of the labels.

    Args:
        weight: w, one weight per class, ``(C,)``; default 1.
        ignore_index: a label whose samples count for nothing.

    Shapes: input ``(N, C, ...)``, target ``(N, ...)``.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.nll_loss(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
        )


class NLLLoss2d(NLLLoss):
    """The old name of :class:`NLLLoss`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warn(
            "`NLLLoss2d` has been deprecated. Please use `NLLLoss` instead as a drop-in "
            "replacement and see https://pytorch.org/docs/main/nn.html#torch.nn.NLLLoss for more "
            "details.",
            FutureWarning,
        )
        super().__init__(*args, **kwargs)


class CrossEntropyLoss(_WeightedLoss):
    """Cross entropy, ``-w_y log softmax(x)_y``, of unnormalized scores x and class labels y.

    The target may also hold probabilities p over the classes: ``-Σ_c w_c p_c log softmax(x)_c``.

    Args:
        weight: w, one weight per class, ``(C,)``; default 1.
        ignore_index: a label whose samples count for nothing.
        label_smoothing: the share of the target, in [0, 1], that is spread evenly over the classes.

    Shapes: input ``(N, C, ...)``, target ``(N, ...)`` or, of probabilities, ``(N, C, ...)``.

    >>> import minitorch_dl as torch
    >>> torch.nn.CrossEntropyLoss()(torch.zeros(1, 4), torch.tensor([2]))
    tensor(1.3863)
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class BCELoss(_WeightedLoss):
    """Binary cross entropy, ``-w (y log x + (1 - y) log(1 - x))``, of probabilities x.

    Logarithms are cut off at -100, so that the loss stays finite. ``weight``: w, which broadcasts.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy(input, target, weight=self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_Loss):
    """Binary cross entropy of ``σ(x)``, computed from the scores x without overflow.

    ``-w (p y log σ(x) + (1 - y) log(1 - σ(x)))``

    Args:
        weight: w, which broadcasts to the input; default 1.
        pos_weight: p, the weight of positive targets, which broadcasts too; default 1.

    >>> import minitorch_dl as torch
    >>> torch.nn.BCEWithLogitsLoss()(torch.zeros(2), torch.tensor([0.0, 1.0]))
    tensor(0.6931)
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)
        self.weight: Tensor | None
        self.pos_weight: Tensor | None

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, pos_weight=self.pos_weight, reduction=self.reduction
        )


class PoissonNLLLoss(_Loss):
    """Negative log-likelihood of Poisson counts y, up to a constant: ``exp(x) - y x``.

    Args:
        log_input: x is the logarithm of the rate. If False, x is the rate itself and the loss is
            ``x - y log(x + ε)``.
        full: add Stirling's approximation of ``log y!``, the constant otherwise left out.
        eps: ε.
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        return F.poisson_nll_loss(
            log_input, target, log_input=self.log_input, full=self.full, eps=self.eps,
            reduction=self.reduction,
        )  # fmt: skip


class GaussianNLLLoss(_Loss):
    """Negative log-likelihood of a Gaussian with mean x and variance σ²; Nix and Weigend, 1994.

    ``½ (log max(σ², ε) + (x - y)² / max(σ², ε))``

    Args:
        full: add the constant ``½ log 2π``.
        eps: ε, below which a variance is raised to it.
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(None, None, reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:
        return F.gaussian_nll_loss(
            input, target, var, full=self.full, eps=self.eps, reduction=self.reduction
        )


class KLDivLoss(_Loss):
    """Kullback-Leibler divergence, ``y (log y - x)``, of log-probabilities x from probabilities y.

    ``reduction="batchmean"`` divides the sum by the batch size N, which is the divergence as the
    textbooks define it; "mean" divides by the number of elements.

    Args:
        log_target: the target holds ``log y`` instead of y.

    >>> import minitorch_dl as torch
    >>> p, q = torch.tensor([[0.5, 0.5]]), torch.tensor([[0.25, 0.75]])
    >>> torch.nn.KLDivLoss(reduction="batchmean")(q.log(), p)
    tensor(0.1438)
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class HuberLoss(_Loss):
    """Squared for small errors, linear for large ones; Huber, 1964.

    ``½ d²`` where ``|d| < δ``, else ``δ (|d| - δ/2)``, with ``d = x - y`` and ``delta`` δ.

    >>> import minitorch_dl as torch
    >>> torch.nn.HuberLoss(reduction="none")(torch.tensor([0.5, 3.0]), torch.zeros(2))
    tensor([0.1250, 2.5000])
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        if not isinstance(delta, (int, float)):
            raise TypeError(f"delta must be a float or int, got: {type(delta)}")
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class SmoothL1Loss(_Loss):
    """Absolute error, rounded off to a parabola near 0; Girshick, 2015.

    ``½ d²/β`` where ``|d| < β``, else ``|d| - β/2``, with ``d = x - y``.
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class CTCLoss(_Loss):
    """Connectionist temporal classification; Graves et al., 2006.

    ``-log`` of the probability of a sequence of labels, summed over all its alignments with the
    input. The reduction "mean" divides each loss by the length of its target first.

    Args:
        blank: the index of the blank label.
        zero_infinity: give targets that are too long for their input a loss of 0 instead of
            infinity.

    Shapes: log_probs ``(T, N, C)``, targets ``(N, S)`` or all of them joined end to end,
    input_lengths and target_lengths ``(N,)``.

    >>> import minitorch_dl as torch
    >>> log_p = torch.full((4, 1, 3), 1 / 3).log()
    >>> torch.nn.CTCLoss()(log_p, torch.tensor([[1, 2]]), (4,), (2,))
    tensor(0.8432)
    """

    def __init__(
        self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False
    ) -> None:
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(
        self, log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any
    ) -> Tensor:
        return F.ctc_loss(
            log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction,
            self.zero_infinity,
        )  # fmt: skip


class FocalLoss(_Loss):
    """Cross entropy that makes less of samples already classified well; Lin et al., 2017.

    ``-α_y (1 - p_y)^γ log p_y`` with ``p = softmax(x)``. Not in PyTorch.

    Args:
        gamma: γ >= 0; 0 gives cross entropy.
        weight: α, one weight per class, ``(C,)``; default 1.

    >>> import minitorch_dl as torch
    >>> torch.nn.FocalLoss(gamma=2.0)(torch.zeros(1, 2), torch.tensor([1]))
    tensor(0.1733)
    """

    def __init__(
        self, gamma: float = 2.0, weight: Tensor | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction=reduction)
        if gamma < 0:
            raise ValueError(f"FocalLoss: gamma must be at least 0, got {gamma}")
        self.gamma = gamma
        self.register_buffer("weight", weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        log_p = -F.cross_entropy(input, target, reduction="none")
        loss = -((1 - log_p.exp()) ** self.gamma) * log_p
        if self.weight is not None:
            loss = loss * self.weight[target]
        return reduced(loss, self.reduction)

    def extra_repr(self) -> str:
        return f"gamma={self.gamma}"
