"""Classification layers that hold the weights of the scores and compute the loss: the adaptive
softmax, and the cross entropy of a linear layer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..backend import dtypes
from ..ops import cat, full_like, where
from ..tensor import Tensor
from . import functional as F
from .containers import ModuleList, Sequential
from .linear import Linear
from .loss import _WeightedLoss
from .module import Module

__all__ = ["AdaptiveLogSoftmaxWithLoss", "LinearCrossEntropyLoss", "LinearCrossEntropyOptions"]


class ASMoutput(NamedTuple):
    """The log-probability of each sample's target, and minus their mean."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """Log softmax in clusters of classes sorted from frequent to rare; Grave et al., 2017.

    ``log p(class) = log p(cluster) + log p(class | cluster)``; rare clusters get fewer features, so
    large vocabularies cost little.

    Args:
        in_features: features of the input ``(N, in_features)``. n_classes: how many classes.
        cutoffs: the first class of each cluster after the first, ascending.
        div_value: cluster i has ``in_features / div_value^i`` features.
        head_bias: a bias for the first cluster.

    >>> import minitorch_dl as torch
    >>> loss = torch.nn.AdaptiveLogSoftmaxWithLoss(16, 20, cutoffs=[5, 10])
    >>> loss.log_prob(torch.ones(3, 16)).shape
    torch.Size([3, 20])
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        cutoffs = list(cutoffs)
        if not cutoffs:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        ascending = cutoffs == sorted(set(cutoffs)) and all(int(c) == c for c in cutoffs)
        if not ascending or cutoffs[0] <= 0 or cutoffs[-1] > n_classes - 1:
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing "
                f"order, where each value is between 1 and n_classes-1, got {cutoffs}"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = cutoffs[0]
        self.n_clusters = len(cutoffs)
        self.head_size = self.shortlist_size + self.n_clusters
        made = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, bias=head_bias, **made)
        self.tail = ModuleList()
        for i in range(self.n_clusters):
            features = int(in_features // div_value ** (i + 1))
            size = self.cutoffs[i + 1] - self.cutoffs[i]
            self.tail.append(
                Sequential(
                    Linear(in_features, features, bias=False, **made),
                    Linear(features, size, bias=False, **made),
                )
            )

    def reset_parameters(self) -> None:
        """Draw all parameters anew."""
        for layer in self.modules():
            if isinstance(layer, Linear):
                layer.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> ASMoutput:
        if target_.dim() not in (0, 1):
            raise RuntimeError(
                f"0D or 1D target tensor expected, multi-target not supported, got {target_.dim()}D"
            )
        single = target_.dim() == 0
        if input_.dim() != target_.dim() + 1:
            raise RuntimeError(
                f"{target_.dim()}D target tensor expects {target_.dim() + 1}D input tensors, but "
                f"found inputs with size {list(input_.shape)}"
            )
        x, target = (input_.unsqueeze(0), target_.unsqueeze(0)) if single else (input_, target_)
        if x.size(0) != target.size(0):
            raise RuntimeError(
                "Input and target should have the same size in the batch dimension, got "
                f"{x.size(0)} and {target.size(0)}"
            )
        if target.numel() and not 0 <= target.min().item() <= target.max().item() < self.n_classes:
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{target.min().item()}, {target.max().item()}] were found."
            )
        # Where a class stands in the head: itself, or its cluster.
        place = target
        inside = full_like(target, 0.0, dtype=x.dtype)  # log p(class | cluster)
        for i, (low, high) in enumerate(zip(self.cutoffs, self.cutoffs[1:])):
            rows = ((target >= low) & (target < high)).nonzero().squeeze(1)
            if rows.numel():
                place = place.index_fill(0, rows, self.shortlist_size + i)
                log_p = F.log_softmax(self.tail[i](x.index_select(0, rows)), 1)
                own = (target.index_select(0, rows) - low).unsqueeze(1)
                inside = inside.index_copy(0, rows, log_p.gather(1, own).squeeze(1))
        head = F.log_softmax(self.head(x), 1)
        output = head.gather(1, place.unsqueeze(1)).squeeze(1) + inside
        loss = (-output).mean()
        return ASMoutput(output.squeeze(0) if single else output, loss)

    def _every_class(self, x: Tensor, head: Tensor) -> Tensor:
        log_head = F.log_softmax(head, 1)
        parts = [log_head[:, : self.shortlist_size]]
        for i, tail in enumerate(self.tail):
            cluster = log_head[:, self.shortlist_size + i].unsqueeze(1)
            parts.append(F.log_softmax(tail(x), 1) + cluster)
        return cat(parts, 1)

    def log_prob(self, input: Tensor) -> Tensor:
        """The log-probabilities of all classes: ``(N, n_classes)``."""
        return self._every_class(input, self.head(input))

    def predict(self, input: Tensor) -> Tensor:
        """The most probable class of each sample, ``(N,)``.

        As in PyTorch, a class of the first cluster wins if no cluster as a whole is more probable.
        """
        head = self.head(input)
        best = head.argmax(1)
        return where(best < self.shortlist_size, best, self._every_class(input, head).argmax(1))


@dataclass(frozen=True)
class LinearCrossEntropyOptions:
    """How PyTorch's ``LinearCrossEntropyLoss`` is to work through a batch in parts, to save memory.
    The fields are checked; the scores are computed as a whole.

    Attributes:
        allow_retain_graph: whether a second backward pass is possible; it always is.
        batch_chunk_size: the rows of a part.
        chunking_method: how that is found: "auto", "aspect_ratio" or "aspect_ratio:N".
        acc_policy: "auto", "accurate", "balanced" or "compact".
        acc_dtype: the dtype of sums.
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: Any = None

    def __post_init__(self) -> None:
        if self.acc_policy not in ("auto", "accurate", "balanced", "compact"):
            raise ValueError(f"invalid acc_policy: {self.acc_policy!r}")
        method = self.chunking_method
        if method not in (None, "auto") and not re.fullmatch(r"aspect_ratio(:0*[1-9]\d*)?", method):
            raise ValueError(f"invalid chunking_method: {method!r}")
        size = self.batch_chunk_size
        if size is not None and not (isinstance(size, int) and size > 0):
            raise ValueError(f"batch_chunk_size must be positive int or None, got {size!r}")
        if self.acc_dtype is not None and not dtypes.as_dtype(self.acc_dtype).is_floating_point:
            raise ValueError(
                f"acc_dtype must be None or a floating-point dtype, got {self.acc_dtype!r}"
            )


class LinearCrossEntropyLoss(_WeightedLoss):
    """:class:`CrossEntropyLoss` of the scores that a linear layer, which it holds, gives its input.

    Args:
        in_features, num_classes: sizes of the layer ``linear``.
        out_features: further dims of the scores, ``(N, C, *out_features)``.
        bias: whether the layer has one. Default: False.
        weight, ignore_index, label_smoothing: as in :class:`CrossEntropyLoss`.
        options: accepted.
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: Any = None,
        dtype: Any = None,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: Any = None,
    ) -> None:
        if weight is not None and tuple(weight.shape) != (num_classes,):
            raise RuntimeError(
                f"expected weight shape to be {(num_classes,)}, got {tuple(weight.shape)}"
            )
        if not 0 <= label_smoothing <= 1:
            raise RuntimeError(
                f"expected label_smoothing to be in range [0, 1], got {label_smoothing}"
            )
        super().__init__(weight, None, None, reduction)
        self.num_classes = num_classes
        self.out_features = out_features
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        rows = math.prod(out_features, start=num_classes)
        self.linear = Linear(in_features, rows, bias=bias, device=device, dtype=dtype)
        self.options = options

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        scores, bias = (self.num_classes, *self.out_features), self.linear.bias
        return F.linear_cross_entropy(
            input,
            self.linear.weight.reshape(*scores, self.linear.in_features),
            target,
            linear_bias=None if bias is None else bias.reshape(scores),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            options=self.options,
        )

    def extra_repr(self) -> str:
        return (
            f"in_features={self.linear.in_features}, num_classes={self.num_classes}, "
            f"out_features={self.out_features}, bias={self.linear.bias is not None}, "
            f"reduction={self.reduction}, ignore_index={self.ignore_index}, "
            f"label_smoothing={self.label_smoothing}, options={self.options}"
        )
