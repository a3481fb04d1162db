"""Losses that compare a prediction with a target element by element."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...autograd.engine_ops import cast
from ...autograd.errors import refuse_complex, require_kind
from ...autograd.node_names import as_one
from ...autograd.primitive import TensorBase, primitive
from ...backend import array_module, check_all
from ...backend.expm1_log1p import log1p
from ...backend.selection import clip
from ...backend.warning import warn
from ..activation import logsigmoid
from ..elementwise import abs, exp, log
from ..powers import square
from ..rearranging import broadcast_tensors
from ..reductions import mean_p, sum_p
from ..selection import clamp_p, where
from ..shape import expand, unsqueeze
from ..special import sigmoid, xlogy
from .reduction import reduced, reduction_name

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "gaussian_nll_loss", "huber_loss",
    "kl_div", "l1_loss", "mse_loss", "poisson_nll_loss", "smooth_l1_loss", "soft_margin_loss",
]  # fmt: skip


def _of_one_size(input: Any, target: Any) -> tuple[Any, Any]:
    """Both, broadcast to one size, with a warning if they had two. Expanded first, a 0-d tensor
    decides the dtype as any other."""
    have, wanted = target.shape, input.shape
    if have == wanted:
        return input, target
    warn(
        f"Using a target size ({have}) that is different to the input size ({wanted}). "
        "This will likely lead to incorrect results due to broadcasting. Please ensure they "
        "have the same size.",
    )
    return broadcast_tensors(input, target)


def _difference(input: Any, target: Any) -> Any:
    """``input - target``, where bools count as 0 and 1 beside numbers."""
    if target.array.dtype == np.bool_:
        target = _in_dtype_of(input, target)
    return input - target


def _weighted(op: str, loss: Any, weight: Any, reduction: str) -> Any:
    """The reduced loss; with weights, the mean is over them."""
    if weight is None:
        return reduced(loss, reduction)
    if weight.array.shape != loss.array.shape:
        raise ValueError(
            f"{op}: Weights and input must have the same size, but got {list(weight.array.shape)} "
            f"and {list(loss.array.shape)}"
        )
    loss = loss * weight
    if reduction == "mean":
        return reduced(loss, "sum") / reduced(weight, "sum")
    return reduced(loss, reduction)


def _in_dtype_of(x: Any, loss: Any) -> Any:
    """The loss in the dtype of ``x``, in whose memory PyTorch computes it."""
    return loss if loss.array.dtype == x.array.dtype else cast(loss, dtype=x.dtype.name)


@as_one()
def l1_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Any:
    """``|input - target|``, averaged, summed or element by element (``reduction="none"``)."""
    reduction = reduction_name(size_average, reduce, reduction)
    input, target = _of_one_size(input, target)
    return _weighted("l1_loss", abs(input - target), weight, reduction)


@primitive(broadcasts=True, promotes="same", min_kind="float")
def mse_loss_p(xp: Any, a: Any, b: Any, *, reduction: str) -> Any:
    """``(a - b)^2``, averaged, added up or element by element."""
    d = xp.subtract(a, b)
    d *= d
    if reduction == "none":
        return d
    return (mean_p if reduction == "mean" else sum_p)(d, dims=None, keepdim=False)


@mse_loss_p.defvjp_joint
def _mse_loss_gradients(g: Any, needs: Any, a: Any, b: Any, reduction: str) -> Any:
    d = a - b
    count = math.prod(d.shape) if reduction == "mean" else 1
    d = d * (g * (2 / (count or math.nan)))
    return (d if needs[0] else None), (-d if needs[1] else None)


@as_one()
def mse_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Any:
    """``(input - target)^2``, averaged, summed or element by element.

    >>> import minitorch_dl as torch
    >>> torch.nn.functional.mse_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]))
    tensor(2.)
    """
    reduction = reduction_name(size_average, reduce, reduction)
    input, target = _of_one_size(input, target)
    if weight is None:
        return mse_loss_p(input, target, reduction=reduction)
    refuse_complex("mse_loss", input, target)
    return _weighted("mse_loss", square(input - target), weight, reduction)


@primitive(min_kind="float", blocks=True, wide=True)
def huber_p(xp: Any, a: Any, *, delta: float) -> Any:
    """``a^2 / 2`` where ``|a| < delta``, else ``delta (|a| - delta / 2)``."""
    near = clip(xp, a, -delta, delta)
    y = near * 0.5
    y = xp.subtract(a, y, out=y if y.ndim else None)
    y *= near
    return y


huber_p.defvjp(a=lambda g, a, delta: g * clamp_p(a, -delta, delta))


@as_one("HuberLossBackward0")
def huber_loss(
    input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None
) -> Any:
    """``d^2 / 2`` where ``|d| < delta``, else ``delta (|d| - delta / 2)``; d = input - target.

    >>> import minitorch_dl as torch
    >>> F = torch.nn.functional
    >>> F.huber_loss(torch.tensor([0.5, 3.0]), torch.zeros(2), reduction="none")
    tensor([0.1250, 2.5000])
    """
    reduction = reduction_name(None, None, reduction)
    if delta <= 0:
        raise RuntimeError(
            f"huber_loss does not support non-positive values for delta, got {delta}"
        )
    require_kind("huber_loss", "float", input)
    input, target = _of_one_size(input, target)
    loss = _in_dtype_of(input, huber_p(_difference(input, target), delta=delta))
    return _weighted("huber_loss", loss, weight, reduction)


@as_one("SmoothL1LossBackward0")
def smooth_l1_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Any:
    """With d = input - target: ``d^2 / (2 beta)`` where ``|d| < beta``, else ``|d| - beta / 2``."""
    reduction = reduction_name(size_average, reduce, reduction)
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta, got {beta}")
    input, target = _of_one_size(input, target)
    d = _difference(input, target)
    loss = abs(d) if beta == 0 else huber_p(d, delta=beta)
    return reduced(loss if beta in (0, 1) else loss / beta, reduction)


@as_one()
def kl_div(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Any:
    """``target (log target - input)``: the divergence of log probabilities ``input`` from
    ``target``.

    Args:
        reduction: also "batchmean", the sum over the batch's size: the divergence by its
            definition.
        log_target: ``target`` holds log probabilities too.

    >>> import minitorch_dl as torch
    >>> F = torch.nn.functional
    >>> p, q = torch.tensor([0.5, 0.5]), torch.tensor([0.25, 0.75])
    >>> F.kl_div(q.log(), p, reduction="sum")
    tensor(0.1438)
    """
    refuse_complex("kl_div", input, target)
    require_kind("kl_div", "float", input)
    require_kind("kl_div", "float", target)
    by_batch = reduction == "batchmean"
    reduction = reduction_name(size_average, reduce, "sum" if by_batch else reduction)
    if reduction == "mean":
        warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size. "
            "'batchmean' divides only by the batch size, and aligns with the KL div math "
            "definition.",
        )
    loss = exp(target) * (target - input) if log_target else xlogy(target, target) - target * input
    loss = reduced(loss, reduction)
    return loss / input.array.shape[0] if by_batch and input.array.ndim else loss


@primitive(wide=True, min_kind="float", blocks=True)
def binary_cross_entropy_p(xp: Any, a: Any, target: Any) -> Any:
    """``-t log a - (1 - t) log(1 - a)``, with no logarithm below -100."""
    hit, miss = clip(xp, xp.log(a), -100, None), clip(xp, log1p(xp, -a), -100, None)
    return (target - 1) * miss - target * hit


binary_cross_entropy_p.defvjp(
    a=lambda g, a, target: g * (a - target) / clamp_p((1 - a) * a, 1e-12, None),
    target=lambda g, a: g * (log(1 - a) - log(a)),
)


def _check_probabilities(x: Any, text: str) -> None:
    if x.size:
        check_all((x.min() >= 0) & (x.max() <= 1), RuntimeError, text)


@as_one("BinaryCrossEntropyBackward0")
def binary_cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """``-t log x - (1 - t) log(1 - x)`` of probabilities x in [0, 1] and targets t, times
    ``weight``.

    Logarithms count as -100 at least.

    Raises:
        ValueError: the sizes differ.
        RuntimeError: a probability outside [0, 1].

    >>> import minitorch_dl as torch
    >>> F = torch.nn.functional
    >>> F.binary_cross_entropy(torch.tensor([0.5, 0.5]), torch.tensor([0.0, 1.0]))
    tensor(0.6931)
    """
    op = "binary_cross_entropy"
    reduction = reduction_name(size_average, reduce, reduction)
    if target.array.shape != input.array.shape:
        raise ValueError(
            f"{op}: Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}) is deprecated. Please ensure they have the same size."
        )
    x = input.array
    if target.array.dtype != x.dtype:
        raise RuntimeError(
            f"{op}: expected target of the input's dtype, {input.dtype.name}, but found "
            f"{target.dtype.name}: use target.to(input.dtype)"
        )
    _check_probabilities(
        x,
        f"{op}: all elements of input should be between 0 and 1. For scores before the sigmoid "
        "there is binary_cross_entropy_with_logits",
    )
    _check_probabilities(target.array, f"{op}: all elements of target should be between 0 and 1")
    loss = binary_cross_entropy_p(input, target)
    if weight is not None:
        loss = _in_dtype_of(loss, loss * expand(weight, input.array.shape))
    return reduced(loss, reduction)


@primitive(broadcasts=True, promotes="float", min_kind="float", blocks=True)
def binary_cross_entropy_with_logits_p(xp: Any, a: Any, target: Any) -> Any:
    """``-t log s - (1 - t) log(1 - s)``, s the sigmoid of a, without overflow."""
    y = log1p(xp, xp.exp(-xp.abs(a)))
    y += clip(xp, a, 0, None)
    return y - a * target


binary_cross_entropy_with_logits_p.defvjp(
    a=lambda g, a, target: g * (sigmoid(a) - target),
    target=lambda g, a: -g * a,
)


@as_one("BinaryCrossEntropyWithLogitsBackward0")
def binary_cross_entropy_with_logits(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Any:
    """``-p t log s - (1 - t) log(1 - s)`` of scores x and targets t, s the sigmoid of x.

    Args:
        weight: a factor of the loss, broadcast.
        pos_weight: the factor p of the positive part, broadcast.

    Raises:
        ValueError: the sizes differ.

    >>> import minitorch_dl as torch
    >>> torch.nn.functional.binary_cross_entropy_with_logits(torch.zeros(1), torch.ones(1))
    tensor(0.6931)
    """
    reduction = reduction_name(size_average, reduce, reduction)
    if target.array.shape != input.array.shape:
        raise ValueError(
            f"binary_cross_entropy_with_logits: Target size ({target.array.shape}) must be the "
            f"same as input size ({input.array.shape})"
        )
    if not (target.is_floating_point() or target.is_complex()):
        raise RuntimeError(
            "binary_cross_entropy_with_logits: expected targets of a floating dtype, but found "
            f"{target.dtype.name}: use target.float()"
        )
    require_kind("binary_cross_entropy_with_logits", "float", input)
    if pos_weight is None:
        loss = binary_cross_entropy_with_logits_p(input, target)
    else:
        factor = (pos_weight - 1) * target + 1
        loss = (1 - target) * input - factor * logsigmoid(input)
    loss = loss if weight is None else loss * expand(weight, input.array.shape)
    return reduced(_in_dtype_of(target, loss), reduction)


@as_one("SoftMarginLossBackward0")
def soft_margin_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """``log(1 + exp(-target * input))`` with targets 1 and -1."""
    reduction = reduction_name(size_average, reduce, reduction)
    require_kind("soft_margin_loss", "float", input)
    return reduced(_in_dtype_of(input, -logsigmoid(input * target)), reduction)


@as_one()
def poisson_nll_loss(
    input: Any,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """The negative log likelihood of counts: ``exp(x) - t x``, or ``x - t log(x + eps)``.

    Args:
        log_input: x is the rate's logarithm.
        full: add Stirling's ``log t!`` where t > 1.
    """
    reduction = reduction_name(size_average, reduce, reduction)
    loss = exp(input) - target * input if log_input else input - target * log(input + eps)
    if full:
        stirling = target * log(target) - target + 0.5 * log(2 * math.pi * target)
        loss = loss + where(TensorBase.wrap(target.array > 1), stirling, 0.0)
    return reduced(loss, reduction)


def gaussian_nll_loss(
    input: Any,
    target: Any,
    var: Any,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Any:
    """``(log v + (input - target)^2 / v) / 2`` with v the variance, at least ``eps``.

    Args:
        var: variances in the shape of ``input``, or one for each row of its last axis, or a number.
        full: add the constant ``log(2 pi) / 2``.

    Raises:
        ValueError: a negative variance, or shapes that don't fit.
    """
    refuse_complex("gaussian_nll_loss", input, target)
    op = "gaussian_nll_loss"
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{op}: {reduction} is not valid: use 'none', 'mean' or 'sum'")
    x = input.array
    if not isinstance(var, TensorBase):
        var = TensorBase.wrap(array_module(x).full(x.shape, var, x.dtype))
    v = var.array
    check_all(v >= 0, ValueError, f"{op}: var has negative entry/entries")
    if v.shape != x.shape:
        other = [n for n, m in zip(x.shape, v.shape) if n != m]
        if x.shape[:-1] == v.shape:
            var = unsqueeze(var, -1)
        elif (
            x.ndim != v.ndim or sum(m for n, m in zip(x.shape, v.shape) if n != m) != 1 or not other
        ):
            raise ValueError(
                f"{op}: var is of incorrect size {list(v.shape)} for input of size {list(x.shape)}"
            )
    require_kind(op, "float", var)
    # The floor doesn't stop the gradient: that of a variance below eps is the one at eps.
    floor = TensorBase.wrap(array_module(x).maximum(eps - var.array, 0).astype(v.dtype))
    var = var + floor
    loss = 0.5 * (log(var) + square(input - target) / var)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduced(loss, reduction)
