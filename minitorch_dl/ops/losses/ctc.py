"""Connectionist temporal classification (Graves et al., 2006)."""

from __future__ import annotations

import math
from typing import Any

from ...autograd.node_names import as_one
from ...autograd.primitive import TensorBase, fused
from ...backend import array_module, check_all, check_range, common_module, ctc
from ...backend.ctc import NEVER
from ...backend.precision import in_float32
from ..gathering import gather_p
from ..indexing import getitem
from ..joining import cat, stack
from ..reductions import logsumexp
from ..selection import where
from ..shape import reshape_p
from ..softmax import log_softmax_p
from .reduction import reduced, reduction_name

__all__ = ["ctc_loss"]


def _composite(
    log_probs: Any,
    path: Any,
    input_lengths: Any,
    target_lengths: Any,
    *,
    blank: int,
    zero_infinity: bool,
) -> Any:
    """The recursion in plain ops. It normalises first: the gradient takes that as given."""
    xp = array_module(log_probs.array)
    steps, batch, _ = log_probs.array.shape
    states, lengths, ends = (getattr(x, "array", x) for x in (path, input_lengths, target_lengths))
    where_to = TensorBase.wrap(xp.broadcast_to(states, (steps, *states.shape)))
    emit = gather_p(log_softmax_p(log_probs, dim=2), where_to, dim=2)  # (T, N, L)
    at = xp.arange(states.shape[1])
    starts = TensorBase.wrap((at == 0) | ((at == 1) & (ends > 0)[:, None]))
    skips = TensorBase.wrap(ctc.path_masks(xp, states, blank))
    never = TensorBase.wrap(xp.full((batch, 2), NEVER, log_probs.array.dtype))
    alpha = [where(starts, getitem(emit, 0), NEVER)]
    for t in range(1, steps):
        padded = cat([never, alpha[-1]], 1)
        one, two = (
            getitem(padded, (slice(None), slice(1, -1))),
            getitem(padded, (slice(None), slice(0, -2))),
        )
        reached = logsumexp(stack([alpha[-1], one, where(skips, two, NEVER)]), 0)
        alpha.append(reached + getitem(emit, t))
    last = TensorBase.wrap(xp.maximum(lengths - 1, 0))
    final = getitem(stack(alpha), (last, TensorBase.wrap(xp.arange(batch))))  # (N, L)
    is_end = (at == 2 * ends[:, None]) | (at == 2 * ends[:, None] - 1)
    loss = -logsumexp(where(TensorBase.wrap(is_end), final, NEVER), 1)
    impossible = TensorBase.wrap(loss.array > -0.5 * NEVER)
    return where(impossible, 0.0 if zero_infinity else math.inf, loss)


@fused(composite=_composite, aux=("slope",))
def ctc_loss_p(
    xp: Any,
    log_probs: Any,
    path: Any,
    input_lengths: Any,
    target_lengths: Any,
    *,
    blank: int,
    zero_infinity: bool,
) -> Any:
    """The negative log likelihood of each target, (N): of all paths that spell it."""
    return in_float32(ctc.likelihood)(
        xp, log_probs, path, input_lengths, target_lengths, blank=blank, zero_infinity=zero_infinity
    )


@ctc_loss_p.defbackward
def _ctc_backward(
    g: Any, xp: Any, log_probs: Any, path: Any, input_lengths: Any, target_lengths: Any,
    slope: Any, blank: int, zero_infinity: bool,
) -> Any:  # fmt: skip
    return slope * g[:, None], None, None, None


@as_one()
def ctc_loss(
    log_probs: Any,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Any:
    """The negative log likelihood of label sequences whose alignment in time is not known.

    Args:
        log_probs: log probabilities (a log_softmax's), (T, N, C) or (T, C). The gradient takes for
            given that they are normalised.
        targets: labels, (N, S), or one after the other (sum of target_lengths); without blanks.
        input_lengths, target_lengths: (N), tensors or sequences.
        blank: the label that stands for none.
        reduction: "mean" divides each loss by its target's length, and averages.
        zero_infinity: an impossible alignment's loss, and gradient, count as zero.

    >>> import minitorch_dl as torch
    >>> log_p = torch.full((4, 1, 3), 1 / 3).log()
    >>> torch.nn.functional.ctc_loss(log_p, torch.tensor([[1, 2]]), (4,), (2,))
    tensor(0.8432)
    """
    op = "ctc_loss"
    reduction = reduction_name(None, None, reduction)
    a = log_probs.array
    xp = array_module(a)
    if a.ndim not in (2, 3):
        raise RuntimeError(f"{op}: Expected 3-dimensional log_probs, but got {a.ndim} dimensions")
    single = a.ndim == 2
    if single:
        log_probs = reshape_p(log_probs, shape=(a.shape[0], 1, a.shape[1]))
    steps, batch, classes = log_probs.array.shape
    if a.dtype.kind in "iub":
        raise RuntimeError(f"{op}: log_probs must be of a floating point dtype, got {a.dtype}")
    if not 0 <= blank < classes:
        raise RuntimeError(f"{op}: blank must be in label range [0, {classes - 1}], got {blank}")
    labels = targets.array
    common_module(op, [a, labels])
    if labels.dtype.kind not in "iu":
        raise RuntimeError(f"{op}: targets must be integers, got {labels.dtype}")
    lengths = [_lengths(op, name, xp, value, batch) for name, value in
               (("input_lengths", input_lengths), ("target_lengths", target_lengths))]  # fmt: skip
    text = f"{op}: Expected input_lengths to have value at most {steps} (log_probs' first size), "
    check_range(lengths[0], steps + 1, text=text + "but got {}")
    check_all(
        lengths[1] >= 0,
        RuntimeError,
        f"{op}: Expected target_lengths to have non-negative values",
    )
    path = _path(op, xp, labels, lengths[1], batch, blank)
    check_range(path, classes, IndexError, f"{op}: targets must be in [0, {classes - 1}], got {{}}")
    options = {"blank": blank, "zero_infinity": bool(zero_infinity)}
    loss = ctc_loss_p(log_probs, *(TensorBase.wrap(x) for x in (path, *lengths)), **options)
    if reduction == "mean":
        return reduced(loss / TensorBase.wrap(xp.maximum(lengths[1], 1).astype(a.dtype)), "mean")
    if single and reduction == "none":
        return reshape_p(loss, shape=())
    return reduced(loss, reduction)


def _lengths(op: str, name: str, xp: Any, value: Any, batch: int) -> Any:
    value = value.array if isinstance(value, TensorBase) else value
    lengths = xp.asarray(value).reshape(-1)
    if lengths.dtype.kind not in "iu" and lengths.size:
        raise RuntimeError(f"{op}: {name} must be integral, got {lengths.dtype}")
    if lengths.size != batch:
        raise RuntimeError(
            f"{op}: {name} must be of size batch_size {batch}, but got {lengths.size} lengths"
        )
    return lengths.astype("int64")


def _path(op: str, xp: Any, labels: Any, lengths: Any, batch: int, blank: int) -> Any:
    """The labels with blanks between and around them, (N, 2 S + 1); blanks after a target's end."""
    longest = int(lengths.max()) if batch else 0
    inside = xp.arange(longest) < lengths[:, None]  # (N, S)
    padded = xp.full((batch, longest), blank, "int64")
    if labels.ndim == 2 or (labels.ndim == 1 and batch == 1):
        labels = labels.reshape(batch, -1)
        if labels.shape[1] < longest:
            raise RuntimeError(
                f"{op}: Expected tensor to have size at least {longest} at dimension 1, but got "
                "targets of "
                f"size {list(labels.shape)}"
            )
        padded[inside] = labels[:, :longest][inside]
    else:
        if labels.size < int(lengths.sum()):
            raise RuntimeError(
                f"{op}: Expected targets of at least {int(lengths.sum())} labels, the sum of "
                "target_lengths, "
                f"but got {labels.size}"
            )
        padded[inside] = labels[: int(lengths.sum())]
    path = xp.full((batch, 2 * longest + 1), blank, "int64")
    path[:, 1::2] = padded
    return path
