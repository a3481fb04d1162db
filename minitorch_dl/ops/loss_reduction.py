"""The reduction of a loss: keeping, adding or averaging the losses of the elements."""

from __future__ import annotations

import warnings
from typing import Any

from .reductions import _mean, _sum


def reduction_name(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """``reduction``, or what PyTorch's older arguments say in its place.

    Raises:
        ValueError: not one of "none", "mean" and "sum".
    """
    if size_average is not None or reduce is not None:
        averages = size_average is None or size_average
        reduces = reduce is None or reduce
        reduction = "none" if not reduces else "mean" if averages else "sum"
        warnings.warn(
            "size_average and reduce args will be deprecated, please use "
            f"reduction='{reduction}' instead.",
            stacklevel=4,
        )
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(
            f"{reduction} is not a valid value for reduction: use 'none', 'mean' or 'sum'"
        )
    return reduction


def reduced(loss: Any, reduction: str) -> Any:
    """The values of the single elements, their sum or their mean."""
    if reduction == "mean":
        return _mean(loss, dims=None, keepdim=False)
    return loss if reduction == "none" else _sum(loss, dims=None, keepdim=False)
