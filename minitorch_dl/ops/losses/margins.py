"""Losses that ask for a margin: between scores, pairs or triplets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...autograd.errors import refuse_complex, require_kind, require_one_dtype
from ...autograd.node_names import as_one
from ...autograd.primitive import TensorBase
from ...backend import array_module, check_range, dtypes
from ..activation import logsigmoid
from ..distances import pairwise_distance
from ..gathering import gather_p
from ..indexing import getitem
from ..powers import sqrt, square
from ..reductions import sum_p
from ..selection import clamp_min, minimum, where
from ..shape import reshape_p, unsqueeze
from .reduction import reduced, reduction_name

__all__ = [
    "cosine_embedding_loss", "hinge_embedding_loss", "margin_ranking_loss", "multi_margin_loss",
    "multilabel_margin_loss", "multilabel_soft_margin_loss", "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]  # fmt: skip


def _mask(array: Any) -> Any:
    return TensorBase.wrap(array)


@as_one()
def margin_ranking_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """``max(0, margin - t (input1 - input2))``: target 1 wants the first larger, -1 the second."""
    reduction = reduction_name(size_average, reduce, reduction)
    ndims = [x.array.ndim for x in (input1, input2, target)]
    if len(set(ndims)) > 1:
        sizes = [list(x.array.shape) for x in (input1, input2, target)]
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {sizes[0]}, input2: {sizes[1]}, target: {sizes[2]}"
        )
    return reduced(clamp_min(-target * (input1 - input2) + float(margin), 0), reduction)


@as_one()
def hinge_embedding_loss(
    input: Any,
    target: Any,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """``input`` where the target is 1, ``max(0, margin - input)`` where it is -1."""
    reduction = reduction_name(size_average, reduce, reduction)
    t = target.array
    apart = where(_mask(t != 1), clamp_min(margin - input, 0), 0.0)
    return reduced(apart + where(_mask(t != -1), input, 0.0), reduction)


@as_one()
def cosine_embedding_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """``1 - cos(input1, input2)`` where the target is 1, ``max(0, cos - margin)`` where it is -1.

    Args:
        input1, input2: (N, D), or (D) each.
        target: (N), or ().
    """
    refuse_complex("cosine_embedding_loss", input1, input2)
    op = "cosine_embedding_loss"
    reduction = reduction_name(size_average, reduce, reduction)
    t = target.array
    if t.ndim > 1:
        raise RuntimeError(
            f"{op}: 0D or 1D target tensor expected, multi-target not supported. Got "
            f"{list(t.shape)}"
        )
    if any(x.array.ndim != t.ndim + 1 for x in (input1, input2)):
        sizes = [list(x.array.shape) for x in (input1, input2, target)]
        raise RuntimeError(
            f"{op}: {t.ndim}D target tensor expects {t.ndim + 1}D input tensors, but found inputs "
            "with sizes "
            f"{sizes[0]} and {sizes[1]}, target of size {sizes[2]}. Targets are (N) or ()"
        )
    tiny = 1e-12

    def dot(a: Any, b: Any) -> Any:
        product = a * b
        return sum_p(product, dims=(product.array.ndim - 1,), keepdim=False)

    lengths = sqrt((dot(input1, input1) + tiny) * (dot(input2, input2) + tiny))
    cosine = dot(input1, input2) / lengths
    alike = where(_mask(t == 1), 1 - cosine, 0.0)
    return reduced(alike + where(_mask(t == -1), clamp_min(cosine - margin, 0), 0.0), reduction)


def _rows(op: str, input: Any, target: Any, target_ndim: int) -> tuple[Any, Any]:
    """Scores as (N, C) and targets of as many rows."""
    x, t = input.array, target.array
    if x.ndim < 2:
        input = reshape_p(input, shape=(1, x.size))
    if t.ndim == target_ndim - 1:
        target = reshape_p(target, shape=(1, *t.shape))
    a, b = input.array.shape, target.array.shape
    if len(a) != 2 or not a[1]:
        raise RuntimeError(
            f"{op}: Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
            f"{list(x.shape)}"
        )
    if len(b) != target_ndim or b != a[:target_ndim]:
        raise RuntimeError(
            f"{op}: inconsistent target size: {list(t.shape)} for input of size: {list(x.shape)}. "
            f"The target tensor should be {target_ndim}-D with size equal to the batch's: Expected "
            f"target size {list(a[:target_ndim])}, but got {list(t.shape)}"
        )
    if target.array.dtype != "int64":
        raise RuntimeError(
            f"{op}: expected scalar type Long but found {dtypes.LEGACY_NAMES[t.dtype.name]} for "
            "the target. Convert it with .long()"
        )
    return input, target


@as_one("MultiMarginLossBackward0")
def multi_margin_loss(
    input: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """``sum over c != t of max(0, margin - x[t] + x[c])^p / C``, times ``weight[t]``.

    Args:
        input: (N, C) or (C).
        target: labels in [0, C), (N) or ().
        p: 1 or 2.
    """
    require_kind("multi_margin_loss", "float", input)
    op = "multi_margin_loss"
    reduction = reduction_name(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError(f"{op}: only p == 1 and p == 2 supported, got p={p}")
    single = input.array.ndim < 2 and not target.array.ndim
    if weight is not None and weight.array.ndim != 1:
        raise ValueError(f"{op}: weight must be one-dimensional, got {weight.array.shape}")
    if weight is not None:
        require_one_dtype(op, input.array, weight.array)
    classes = input.array.shape[-1] if input.array.ndim else 1
    if weight is not None and classes and weight.array.size != classes:
        raise RuntimeError(
            f"{op}: inconsistent weight size, expected {classes} but got {list(weight.array.shape)}"
        )
    input, target = _rows(op, input, target, 1)
    t = target.array
    text = f"{op}: target out of range: labels must be in [0, {classes - 1}], got {{}}"
    check_range(t, classes, text=text)
    label = t[:, None]
    loss = clamp_min(margin - gather_p(input, _mask(label), dim=1) + input, 0)
    loss = loss if p == 1 else square(loss)
    if weight is not None:
        loss = loss * getitem(weight, _mask(label))
    others = array_module(t).arange(classes) != label
    loss = sum_p(where(_mask(others), loss, 0.0), dims=(1,), keepdim=False) / classes
    return reduced(reshape_p(loss, shape=()) if single else loss, reduction)


@as_one("MultilabelMarginLossBackward0")
def multilabel_margin_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """``sum over labels t and other classes c of max(0, 1 - x[t] + x[c]) / C``.

    Args:
        input: (N, C) or (C).
        target: labels, in the same shape; each row counts up to its first -1.
    """
    require_kind("multilabel_margin_loss", "float", input)
    op = "multilabel_margin_loss"
    reduction = reduction_name(size_average, reduce, reduction)
    single = input.array.ndim < 2
    if not target.array.ndim:
        target = reshape_p(target, shape=(1,))
    input, target = _rows(op, input, target, 2)
    t = target.array
    classes = t.shape[1]
    text = f"{op}: target is out of range: labels must be in [0, {classes - 1}], or -1, got {{}}"
    check_range(t, classes, text=text, low=-1)
    xp = array_module(t)
    counts = xp.cumsum(t < 0, axis=1) == 0
    if xp is np:  # another device would make the host wait for the largest number of labels
        counts = counts[:, : counts.sum(axis=1).max(initial=0)]
        t = t[:, : counts.shape[1]]
    label = xp.where(counts, t, 0)
    classes_of = counts[:, :, None] & (label[:, :, None] == xp.arange(classes))  # (N, T, C)
    pairs = counts[:, :, None] & ~classes_of.any(axis=1)[:, None]
    wanted = unsqueeze(gather_p(input, _mask(label), dim=1), 2)  # (N, T, 1)
    loss = where(_mask(pairs), clamp_min(1 - wanted + unsqueeze(input, 1), 0), 0.0)
    loss = sum_p(loss, dims=(1, 2), keepdim=False) / classes
    return reduced(reshape_p(loss, shape=()) if single else loss, reduction)


def multilabel_soft_margin_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """The binary cross entropy of scores (N, C) with targets 0 and 1, averaged over the classes."""
    reduction = reduction_name(size_average, reduce, reduction)
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        loss = loss * weight
    last = input.array.ndim - 1
    loss = sum_p(loss, dims=(last,), keepdim=False) / input.array.shape[last]
    return reduced(loss, reduction)


@as_one()
def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """``max(0, margin + ||anchor - positive||_p - ||anchor - negative||_p)`` of (N, D) or (D).

    Args:
        swap: take the negative's distance from the positive where that is smaller.
    """
    reduction = reduction_name(size_average, reduce, reduction)

    def distance(a: Any, b: Any) -> Any:
        return pairwise_distance(a, b, p, eps)

    return _triplet(
        "triplet_margin_loss", distance, anchor, positive, negative, margin, swap, reduction
    )


def triplet_margin_with_distance_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    distance_function: Callable[[Any, Any], Any] | None = None,
    margin: Any = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Any:
    """``triplet_margin_loss`` with any distance; Euclidean unless given."""
    reduction = reduction_name(None, None, reduction)
    op = "triplet_margin_with_distance_loss"
    distance = distance_function or pairwise_distance
    return _triplet(op, distance, anchor, positive, negative, margin, swap, reduction)


def _triplet(
    op: str,
    distance: Callable[[Any, Any], Any],
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: Any,
    swap: bool,
    reduction: str,
) -> Any:
    if margin <= 0:
        raise ValueError(f"{op}: margin must be greater than 0, got {margin}")
    ndims = [x.array.ndim for x in (anchor, positive, negative)]
    if len(set(ndims)) > 1:
        raise RuntimeError(
            f"{op}: The anchor, positive, and negative tensors are expected to have the same "
            f"number of dimensions, but got: anchor {ndims[0]}D, positive {ndims[1]}D, and "
            f"negative {ndims[2]}D inputs"
        )
    near, far = distance(anchor, positive), distance(anchor, negative)
    refuse_complex(op, near, far)
    if swap:
        far = minimum(far, distance(positive, negative))
    return reduced(clamp_min(margin + near - far, 0), reduction)
