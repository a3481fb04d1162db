"""Cross entropy and the negative log likelihood of class labels.

Shapes: scores (C), (N, C) or (N, C, *S); labels without the class dim.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...autograd.errors import require_kind
from ...autograd.node_names import as_one, named
from ...autograd.primitive import TensorBase, fused, primitive
from ...backend import array_module, check_range, dtypes
from ...backend.cross_entropy import (
    class_losses,
    class_losses_backward,
    label_losses,
    places,
    score_gradient,
    target_gradients,
    weighted,
)
from ..linear import linear
from ..reductions import sum_p
from ..selection import select
from ..shape import reshape_p
from ..softmax import log_softmax_p
from .reduction import reduced, reduction_name

__all__ = ["cross_entropy", "linear_cross_entropy", "nll_loss"]

# -- picking the labelled scores: a closed pair ---------------------------------------------------


def _flat(a: Any) -> Any:
    """(N, C, *S) as (N, C, P)."""
    return a.reshape(*a.shape[:2], math.prod(a.shape[2:]))


def _labels(target: Any) -> Any:
    """(N, *S) as (N, P)."""
    return target.reshape(len(target), math.prod(target.shape[1:]))


@primitive(min_kind="float")
def label_pick(xp: Any, a: Any, target: Any, weight: Any, *, ignore_index: int | None) -> Any:
    """``-weight[t] * a[n, t]`` per sample with label t, (N, *S); 0 where the label is ignored."""
    labels = _labels(target)
    picked = a.reshape(-1)[places(xp, labels, a.shape[1], ignore_index)]
    return -weighted(xp, picked, labels, weight, ignore_index).reshape(target.shape)


label_pick.defvjp(
    a=lambda g, target, weight, a_shape, ignore_index: label_place(
        g, target, weight, ignore_index=ignore_index, shape=a_shape
    )
)


@primitive
def label_place(
    xp: Any, u: Any, target: Any, weight: Any, *, ignore_index: int | None, shape: tuple[int, ...]
) -> Any:
    """Zeros of ``shape`` with ``-weight[t] * u[n]`` at the labels: ``label_pick`` reversed."""
    labels = _labels(target)
    y = xp.zeros(math.prod(shape), u.dtype)
    y[places(xp, labels, shape[1], ignore_index)] = -weighted(
        xp, u.reshape(labels.shape), labels, weight, ignore_index
    )
    return y.reshape(shape)


label_place.defvjp(
    u=lambda g, target, weight, ignore_index: label_pick(
        g, target, weight, ignore_index=ignore_index
    )
)

# -- cross entropy with labels: log_softmax and label_pick in one ---------------------------------


def _cross_entropy_composite(
    a: Any, target: Any, weight: Any, *, ignore_index: int | None, smoothing: float
) -> Any:
    log_p = log_softmax_p(a, dim=1)
    loss = label_pick(log_p, target, weight, ignore_index=ignore_index)
    if not smoothing:
        return loss
    even = _even_loss(log_p, target, weight, ignore_index)
    return (1 - smoothing) * loss + smoothing * even


@fused(
    composite=_cross_entropy_composite,
    aux=("e", "total"),
    grad_fn="LogSoftmaxBackward0",  # which PyTorch shows under that of the loss
)
def cross_entropy_p(
    xp: Any, a: Any, target: Any, weight: Any, *, ignore_index: int | None, smoothing: float
) -> Any:
    """``weight[t] * (log sum over c of exp(a[n, c]) - a[n, t])`` per sample with label t, of which
    ``smoothing`` goes to all classes alike; what the gradient needs."""
    loss, e, total = label_losses(
        xp, _flat(a), _labels(target), weight, ignore_index=ignore_index, smoothing=smoothing
    )
    return loss.reshape(target.shape), e, total


@cross_entropy_p.defbackward
def _cross_entropy_backward(
    g: Any, xp: Any, a: Any, target: Any, weight: Any, e: Any, total: Any,
    ignore_index: int | None, smoothing: float,
) -> Any:  # fmt: skip
    options: Any = {"ignore_index": ignore_index, "smoothing": smoothing}
    scores, labels, g = _flat(a), _labels(target), g.reshape(total.shape)
    if e is None:
        d = class_losses_backward(xp, scores, g, labels, None, weight, total, **options)
    else:
        d = score_gradient(xp, scores, g, labels, None, weight, e, total, **options)
    return d.reshape(a.shape), None, None


# -- cross entropy with probabilities -------------------------------------------------------------


def _soft_composite(a: Any, q: Any, weight: Any, *, smoothing: float) -> Any:
    classes, spatial = a.shape[1], a.ndim - 2
    if smoothing:
        q = q * (1 - smoothing) + smoothing / classes
    if weight is not None:
        q = q * reshape_p(weight, shape=(classes, *(1,) * spatial))
    return -sum_p(log_softmax_p(a, dim=1) * q, dims=(1,), keepdim=False)


@fused(
    composite=_soft_composite,
    aux=("log_sum",),
    promotes="same",
    grad_fn="NegBackward0",
)
def soft_cross_entropy(xp: Any, a: Any, q: Any, weight: Any, *, smoothing: float) -> Any:
    """``sum over c of weight[c] q[n, c] (log sum over c of exp(a[n, c]) - a[n, c])`` per sample, of
    which ``smoothing`` goes to all classes alike; the logarithms."""
    loss, log_sum = class_losses(
        xp, _flat(a), None, _flat(q), weight, ignore_index=None, smoothing=smoothing
    )
    return loss.reshape(a.shape[0], *a.shape[2:]), log_sum


@soft_cross_entropy.defbackward
def _soft_cross_entropy_backward(
    g: Any, xp: Any, needs: Any, a: Any, q: Any, weight: Any, log_sum: Any, smoothing: float
) -> Any:
    scores, flat_q, g = _flat(a), _flat(q), g.reshape(log_sum.shape)
    da = dq = dw = None
    if needs[0]:
        da = class_losses_backward(
            xp, scores, g, None, flat_q, weight, log_sum, ignore_index=None, smoothing=smoothing
        ).reshape(a.shape)
    if needs[1] or needs[2]:
        dq, dw = target_gradients(xp, scores, g, flat_q, weight, log_sum, smoothing)
        dq = dq.reshape(q.shape)
    return da, dq, dw


# -- the public functions -------------------------------------------------------------------------


@as_one()
def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """``-sum over c of q[c] log softmax(x)[c]``: how far scores are from the wanted classes.

    Args:
        input: scores before the softmax, (C), (N, C) or (N, C, *S).
        target: int64 labels in [0, C), without the class dim, or probabilities q in the shape of
            ``input``.
        weight: (C), each class's weight.
        ignore_index: a label that counts for nothing.
        reduction: "mean" (over the labels' weights), "sum" or "none".
        label_smoothing: the share of q, in [0, 1], that is spread evenly over the classes.

    Raises:
        IndexError: a label outside [0, C).

    >>> import minitorch_dl as torch
    >>> scores = torch.tensor([[0.0, 0.0, 0.0]])
    >>> torch.nn.functional.cross_entropy(scores, torch.tensor([2]))
    tensor(1.0986)
    """
    op = "cross_entropy"
    reduction = reduction_name(size_average, reduce, reduction)
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(
            f"{op}: label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}"
        )
    _check_scores(op, input, weight)
    if input.array.ndim == 1:
        is_labels = target.array.shape != input.array.shape
        input, target = _as_batch(op, input, target, is_labels)
        loss = cross_entropy(
            input, target, weight, None, ignore_index, None, reduction, label_smoothing
        )
        return _single(loss, reduction)
    if target.array.shape == input.array.shape:
        require_kind(op, "float", input)
        _check_probabilities(target, ignore_index)
        loss = soft_cross_entropy(input, target, weight, smoothing=label_smoothing)
        node = "NegBackward0" if reduction != "mean" else "DivBackward1"
        return named(reduced(loss, reduction), node)
    ignored = _check_labels(op, input, target, weight, ignore_index)
    loss = cross_entropy_p(input, target, weight, ignore_index=ignored, smoothing=label_smoothing)
    loss = _averaged(loss, target, weight, ignored, reduction)
    node = "AddBackward0" if label_smoothing else _nll_node(input.array.ndim, reduction)
    return named(loss, node)


def linear_cross_entropy(
    input: Any,
    linear_weight: Any,
    target: Any,
    *,
    linear_bias: Any = None,
    weight: Any = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,
) -> Any:
    """``cross_entropy(linear(input, linear_weight, linear_bias), target)``.

    Args:
        input: (I) or (N, I).
        linear_weight: (C, I), or (C, *S, I) for scores (N, C, *S).
        target, weight, ignore_index, label_smoothing: as in ``cross_entropy``.
        options: accepted; the scores are computed as a whole.
    """
    op, shape = "linear_cross_entropy", linear_weight.array.shape
    if input.array.ndim not in (1, 2):
        raise RuntimeError(
            f"{op}: expected input with dimensionality 1 or 2, got {input.array.ndim}"
        )
    features = input.array.shape[-1]
    if len(shape) < 2:
        raise RuntimeError(
            f"{op}: expected linear_weight with dimensionality at least 2, got {len(shape)}: its "
            f"shape is (C, {features}) or (C, ..., {features})"
        )
    if shape[-1] != features:
        raise RuntimeError(
            f"{op}: expected equal input and linear_weight last dimensions (in_features), got "
            f"{features} and {shape[-1]}, respectively"
        )
    if len(shape) > 2 and input.array.ndim == 1:
        raise RuntimeError(
            f"{op}: K-dimensional loss defined by linear_weight shape {tuple(shape)} requires "
            f"batched input, (N, {features}), got unbatched input with shape ({features},)"
        )
    if linear_bias is not None and linear_bias.array.shape != shape[:-1]:
        raise RuntimeError(
            f"{op}: expected linear_bias shape {tuple(shape[:-1])}, got "
            f"{tuple(linear_bias.array.shape)}"
        )
    if len(shape) > 2:
        linear_weight = reshape_p(linear_weight, shape=(-1, shape[-1]))
        linear_bias = None if linear_bias is None else reshape_p(linear_bias, shape=(-1,))
    scores = linear(input, linear_weight, linear_bias)
    if len(shape) > 2:
        scores = reshape_p(scores, shape=(input.array.shape[0], *shape[:-1]))
    if ignore_index is not None and target.array.shape == scores.array.shape:
        raise RuntimeError(
            f"{op}: ignore_index cannot be specified when target contains probabilities"
        )
    ignore_index = -100 if ignore_index is None else ignore_index
    return cross_entropy(
        scores, target, weight, None, ignore_index, None, reduction, label_smoothing
    )


@as_one()
def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """``-weight[t] x[t]``: the negative log likelihood of labels t, given log probabilities x.

    Args:
        input: (C), (N, C) or (N, C, *S).
        target: int64 labels in [0, C), without the class dim.
        weight, ignore_index, reduction: as in ``cross_entropy``.

    Raises:
        IndexError: a label outside [0, C).

    >>> import minitorch_dl as torch
    >>> F = torch.nn.functional
    >>> F.nll_loss(torch.log(torch.tensor([[0.25, 0.75]])), torch.tensor([1]))
    tensor(0.2877)
    """
    op = "nll_loss"
    reduction = reduction_name(size_average, reduce, reduction)
    _check_scores(op, input, weight)
    if input.array.ndim == 1:
        input, target = _as_batch(op, input, target)
        loss = nll_loss(input, target, weight, None, ignore_index, None, reduction)
        return _single(loss, reduction)
    ignored = _check_labels(op, input, target, weight, ignore_index)
    loss = label_pick(input, target, weight, ignore_index=ignored)
    loss = _averaged(loss, target, weight, ignored, reduction)
    return named(loss, _nll_node(input.array.ndim, reduction))


def _as_batch(op: str, input: Any, target: Any, is_labels: bool = True) -> tuple[Any, Any]:
    """One sample's scores (C) as (1, C), with its target; its label is a number, or has a dim."""
    shape = target.array.shape
    if is_labels and len(shape) == 1:
        if shape != (1,):
            raise ValueError(
                f"{op}: For 1D input, 1D target must have size 1, but got target size: {shape[0]}. "
                "A batch of labels needs scores of shape (N, C)"
            )
    else:
        target = reshape_p(target, shape=(1, *shape))
    return reshape_p(input, shape=(1, *input.array.shape)), target


def _single(loss: Any, reduction: str) -> Any:
    """The loss of a batch of one, for a sample without a batch."""
    if reduction == "none":
        loss = reshape_p(loss, shape=())
    return named(loss, "NllLossBackward0")


def _nll_node(ndim: int, reduction: str) -> str:
    """PyTorch has one op for matrices and one for images; what has other axes is viewed as such."""
    if ndim in (2, 4):
        return "NllLossBackward0" if ndim == 2 else "NllLoss2DBackward0"
    return "ViewBackward0" if reduction == "none" else "NllLoss2DBackward0"


def _averaged(loss: Any, target: Any, weight: Any, ignore_index: int | None, reduction: str) -> Any:
    """The mean over samples is weighted: an ignored one counts for nothing."""
    if reduction != "mean":
        return reduced(loss, reduction)
    if weight is None and ignore_index is None:
        return reduced(loss, "mean")
    xp, labels = array_module(target.array), _labels(target.array)
    weight = None if weight is None else weight.array
    ones = xp.ones(labels.shape, loss.array.dtype)
    weights = weighted(xp, ones, labels, weight, ignore_index)
    return reduced(loss, "sum") / TensorBase.wrap(weights.sum())


def _even_loss(log_p: Any, target: Any, weight: Any, ignore_index: int | None) -> Any:
    """The cross entropy with the even distribution over the classes, per sample."""
    classes, spatial = log_p.array.shape[1], log_p.array.ndim - 2
    if weight is not None:
        log_p = log_p * reshape_p(weight, shape=(classes, *(1,) * spatial))
    loss = sum_p(log_p, dims=(1,), keepdim=False) / -classes
    if ignore_index is None:
        return loss
    return select(TensorBase.wrap(target.array != ignore_index), loss, 0.0)


def _check_probabilities(q: Any, ignore_index: int) -> None:
    if q.array.dtype.kind in "iub":
        raise RuntimeError(
            "cross_entropy: Expected floating point type for target with class probabilities, got "
            f"{q.array.dtype}. Labels come without the class dim of the input"
        )
    if ignore_index >= 0:
        raise RuntimeError(
            "cross_entropy: ignore_index is not supported for floating point target, got "
            f"ignore_index={ignore_index}"
        )


def _check_scores(op: str, input: Any, weight: Any) -> None:
    shape = input.array.shape
    if not shape:
        raise ValueError(f"{op}: Expected 1 or more dimensions (got 0)")
    classes = shape[0] if len(shape) == 1 else shape[1]
    if weight is not None and weight.array.shape != (classes,):
        raise RuntimeError(
            f"{op}: weight tensor should be defined either for all {classes} classes or no classes "
            f"but got weight tensor of shape: {list(weight.array.shape)}"
        )


_LABEL_TYPES = frozenset({np.dtype("int64"), np.dtype("uint8")})


def _check_labels(op: str, input: Any, target: Any, weight: Any, ignore_index: int) -> int | None:
    """The label to ignore; None where no sample has it for sure, which saves looking for it."""
    a, t = input.array, target.array
    if a.shape[0] != (t.shape[0] if t.ndim else 1):
        raise ValueError(
            f"{op}: Expected input batch_size ({a.shape[0]}) to match target batch_size "
            f"({t.shape[0] if t.ndim else 1})."
        )
    expected = (a.shape[0], *a.shape[2:])
    if t.shape != expected:
        many = "" if len(expected) > 1 else "0D or 1D target tensor expected: "
        raise RuntimeError(
            f"{op}: {many}Expected target size {list(expected)}, got {list(t.shape)}"
        )
    if t.dtype not in _LABEL_TYPES:
        raise RuntimeError(
            f"{op}: expected target dtype to be Long or Byte, but got "
            f"{dtypes.LEGACY_NAMES[t.dtype.name]}. Convert the labels with .long()"
        )
    if weight is not None and weight.array.dtype != input.array.dtype:
        names = [dtypes.LEGACY_NAMES[x.array.dtype.name] for x in (input, weight)]
        raise RuntimeError(
            f"{op}: expected scalar type {names[0]} but found {names[1]} for the weight. Convert "
            "it with .to(input.dtype)"
        )
    classes = a.shape[1]

    def text() -> str:
        return (
            f"{op}: Target {{}} is out of bounds: labels must be in [0, {classes - 1}] for "
            f"input of size {list(a.shape)}, or ignore_index={ignore_index}"
        )

    all_count = check_range(t, classes, IndexError, text, ignore=ignore_index)
    return None if all_count and not 0 <= ignore_index < classes else ignore_index
