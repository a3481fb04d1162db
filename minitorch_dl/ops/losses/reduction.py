"""The reduction of a loss: keeping, adding or averaging the losses of the elements."""

from __future__ import annotations

from typing import Any

from ...backend.warning import warn
from ..reductions import mean_p, sum_p

REDUCTIONS = ("none", "mean", "sum")
"""By their numbers."""


def reduction_name(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """``reduction``, or what PyTorch's older arguments say in its place.

    Raises:
        ValueError: not one of "none", "mean" and "sum".
    """
    if size_average is not None or reduce is not None:
        reduction = legacy_get_string(size_average, reduce)
    if reduction not in REDUCTIONS:
        get_enum(reduction)  # which refuses it
    return reduction


def legacy_get_string(
    size_average: bool | None, reduce: bool | None, emit_warning: bool = True
) -> str:
    """The reduction that PyTorch's older arguments mean."""
    averages = size_average is None or size_average
    reduces = reduce is None or reduce
    reduction = "none" if not reduces else "mean" if averages else "sum"
    if emit_warning:
        warn(
            "size_average and reduce args will be deprecated, please use "
            f"reduction='{reduction}' instead.",
        )
    return reduction


def get_enum(reduction: str) -> int:
    """The number of a reduction for functions that take numbers, such as
    ``torch.margin_ranking_loss``."""
    if reduction not in REDUCTIONS:
        raise ValueError(
            f"{reduction} is not a valid value for reduction: use 'none', 'mean' or 'sum'"
        )
    return REDUCTIONS.index(reduction)


def reduced(loss: Any, reduction: str) -> Any:
    """The values of the single elements, their sum or their mean."""
    if reduction == "mean":
        return mean_p(loss, dims=None, keepdim=False)
    return loss if reduction == "none" else sum_p(loss, dims=None, keepdim=False)
