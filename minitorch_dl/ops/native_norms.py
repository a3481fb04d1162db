"""The ``native_*`` normalizations, which return their statistics as well."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.primitive import TensorBase, write_out
from ..backend import array_module
from .normalization import batch_norm, check_channels, group_norm, layer_norm, track
from .powers import rsqrt
from .reductions import mean
from .shape import reshape
from .variances import var

__all__ = ["batch_norm_update_stats", "native_batch_norm", "native_group_norm", "native_layer_norm"]


def _statistics(x: Any, dims: tuple[int, ...], keepdim: bool, eps: float) -> tuple[Any, Any]:
    return mean(x, dims, keepdim), rsqrt(var(x, dims, correction=0, keepdim=keepdim) + eps)


def batch_norm_update_stats(
    input: Any, running_mean: Any, running_var: Any, momentum: float
) -> tuple[Any, Any]:
    """The mean and variance (C) of the batch (N, C, *S), which move the running ones unless None:
    ``running = (1 - momentum) running + momentum batch``, by the unbiased variance.
    """
    op, shape = "batch_norm_update_stats", input.array.shape
    check_channels(op, input, False, running_mean=running_mean, running_var=running_var)
    dims = (0, *range(2, len(shape)))
    batch = mean(input, dims), var(input, dims, correction=0)
    count = math.prod(shape) // max(shape[1], 1)
    track(op, momentum, count, (running_mean, batch[0].array), (running_var, batch[1].array))
    return batch


def native_layer_norm(
    input: Any, normalized_shape: Any, weight: Any, bias: Any, eps: float
) -> tuple[Any, Any, Any]:
    """``(layer_norm, mean, 1 / standard deviation)``, the last two with axes of size 1."""
    dims = tuple(range(-len(normalized_shape), 0))
    y = layer_norm(input, normalized_shape, weight, bias, eps)
    return y, *_statistics(input.detach(), dims, True, eps)


def native_group_norm(
    input: Any, weight: Any, bias: Any, N: int, C: int, HxW: int, group: int, eps: float
) -> tuple[Any, Any, Any]:
    """``(group_norm, mean, 1 / standard deviation)``, the last two of shape (N, group)."""
    y = group_norm(input, group, weight, bias, eps)
    return y, *_statistics(reshape(input, N, group, C // group * HxW), (2,), False, eps)


def native_batch_norm(
    input: Any,
    weight: Any,
    bias: Any,
    running_mean: Any,
    running_var: Any,
    training: bool,
    momentum: float,
    eps: float,
    *,
    out: Any = None,
) -> tuple[Any, Any, Any]:
    """``(batch_norm, mean, 1 / standard deviation)`` of the batch, the last two (C); empty in
    evaluation.
    """
    y = batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)
    if training:
        dims = (0, *range(2, input.array.ndim))
        results = (y, *_statistics(input.detach(), dims, False, eps))
    else:
        nothing = array_module(input.array).empty(0, input.array.dtype)
        results = (y, TensorBase.wrap(nothing), TensorBase.wrap(nothing.copy()))
    return results if out is None else write_out("native_batch_norm", out, results)
