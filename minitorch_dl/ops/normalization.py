"""Normalisation: over the batch, over the features, over groups of channels, by a norm.

Batch, layer, group, instance and RMS norm are one fused op: seen in the right shape, each makes a
tensor's mean 0 and variance 1 over some axes, then scales and shifts it along others.
"""

from __future__ import annotations

import math
from typing import Any

from ..autograd.engine_ops import cast, is_complex
from ..autograd.errors import not_implemented, refuse_complex
from ..autograd.node_names import as_one
from ..autograd.primitive import TensorBase, fused, write_out
from ..autograd.versions import mark_all_written
from ..backend import array_module, dtypes, standardization
from ..backend.precision import in_float32
from .linalg.norms import norm
from .pooling.windows import avg_pool_p
from .powers import sqrt
from .reductions import mean_p
from .selection import clamp_min
from .shape import reshape_p

__all__ = ["group_norm", "layer_norm", "rms_norm"]

Axes = tuple[int, ...]
_FLOAT32 = dtypes.float32.numpy


def _composite(
    x: Any, w: Any, b: Any, *, shape: Axes, axes: Axes, affine: Axes, eps: float, centered: bool
) -> Any:
    v = reshape_p(x, shape=shape)
    mean = mean_p(v, dims=axes, keepdim=True) if centered else None
    if centered:
        v = v - mean
    variance = mean_p(v * v, dims=axes, keepdim=True)
    mean = variance * 0 if mean is None else mean
    y = v / sqrt(variance + eps)
    if w is not None:
        y = y * reshape_p(w, shape=affine)
    if b is not None:
        y = y + reshape_p(b, shape=affine)
    return reshape_p(y, shape=x.array.shape), mean, variance


# The moments stay in float32: a mean square of float16 numbers may be none itself.
_forward = in_float32(standardization.forward, back=1)
_backward = in_float32(standardization.backward, back=1)


@fused(
    composite=_composite,
    outputs=("y", "mean", "variance"),
    constant=("mean", "variance"),
    min_kind="float",
)
def standardize_p(
    xp: Any, x: Any, w: Any, b: Any, *, shape: Axes, axes: Axes, affine: Axes, eps, centered
) -> Any:
    """``(x - mean) / sqrt(variance + eps) * w + b`` with the moments over ``axes`` of x in
    ``shape``.

    Args:
        affine: the shape of w and b there.
        centered: without it no mean is taken off, and the variance is the mean square.
    """
    y, mean, variance = _forward(
        xp, x, w, b, shape=shape, axes=axes, affine=affine, eps=eps, centered=centered
    )
    return y.reshape(x.shape), mean, variance


@standardize_p.defbackward
def _standardize_backward(
    g: Any, xp: Any, needs: Any, x: Any, w: Any, b: Any, mean: Any, variance: Any, shape: Axes,
    axes: Axes, affine: Axes, eps: float, centered: bool,
) -> Any:  # fmt: skip
    dx, dw, db = _backward(
        xp, g, x, w, mean, variance, needs=needs, shape=shape, axes=axes, affine=affine, eps=eps,
        centered=centered,
    )  # fmt: skip
    if needs[1] and dw.dtype != w.dtype:
        dw = dw.astype(w.dtype)
    if needs[2] and db.dtype != b.dtype:
        db = db.astype(b.dtype)
    return (
        # A view, even of the whole, would be copied where it becomes a leaf's gradient.
        dx if not needs[0] or dx.shape == x.shape else dx.reshape(x.shape),
        dw.reshape(w.shape) if needs[1] else None,
        db.reshape(b.shape) if needs[2] else None,
    )


def _composite_by(x: Any, w: Any, b: Any, mean: Any, variance: Any, *, eps: float) -> Any:
    scale = 1 / sqrt(variance + eps)
    scale = scale if w is None else scale * w
    shift = -mean * scale
    shift = shift if b is None else shift + b
    channels = (-1, *(1,) * (x.array.ndim - 2))
    y = x * scale.reshape(channels) + shift.reshape(channels)
    return cast(y, dtype=dtypes.from_numpy(x.array.dtype).name)


@fused(composite=_composite_by, min_kind="float")
def standardize_by(xp: Any, x: Any, w: Any, b: Any, mean: Any, variance: Any, *, eps) -> Any:
    """``(x - mean) / sqrt(variance + eps) * w + b`` with given moments of each channel, which are
    constants."""
    return in_float32(standardization.forward_by)(xp, x, w, b, mean, variance, eps=eps)


@standardize_by.defbackward
def _standardize_by_backward(
    g: Any, xp: Any, needs: Any, x: Any, w: Any, b: Any, mean: Any, variance: Any, eps: float
) -> Any:
    dx, dw, db = in_float32(standardization.backward_by, back=1)(
        xp, g, x, w, mean, variance, needs=needs, eps=eps
    )
    return (
        dx,
        dw.astype(w.dtype, copy=False) if needs[1] else None,
        db.astype(b.dtype, copy=False) if needs[2] else None,
        None,
        None,
    )


# -- the public functions -------------------------------------------------------------------------


@as_one("NativeBatchNormBackward0")
def batch_norm(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Each channel of (N, C, *S) made mean 0 and variance 1 over the batch, then
    ``* weight + bias``.

    Args:
        running_mean, running_var: (C), used in place of the batch's moments unless ``training``;
            with it they are moved towards these (the unbiased variance) by the share ``momentum``.
        weight, bias: (C) or None.

    Source: Ioffe and Szegedy, 2015.
    """
    refuse_complex("batch_norm", input)
    if input.array.dtype.kind in "biu":
        raise not_implemented("batch_norm", [input.array])
    op, shape = "batch_norm", input.array.shape
    if eps < 0 or (training and not eps):
        wanted = "positive during training" if training else "non-negative"
        raise ValueError(f"{op}: eps must be {wanted}, but got {eps}")
    if len(shape) < 2 and input.array.size:
        raise RuntimeError(
            f"{op}: Expected input of 2 or more dimensions, but got size {list(shape)}"
        )
    if len(shape) < 2:  # no elements, and no channels
        given = (running_mean, running_var, weight, bias)
        return reshape_p(batch_norm(reshape_p(input, shape=(0, 0)), *given, training), shape=shape)
    channels = shape[1]
    check_channels(
        op, input, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias
    )
    if training:
        view = (shape[0], channels, math.prod(shape[2:]))
        count = view[0] * view[2]
        _check_batch(count, shape)
        if not count:  # an empty batch has no moments, and moves none
            xp, dtype = array_module(input.array), input.array.dtype
            mean, variance = (TensorBase.wrap(f((channels,), dtype)) for f in (xp.zeros, xp.ones))
            return standardize_by(input, weight, bias, mean, variance, eps=eps)
        y, mean, variance = standardize_p(
            input,
            weight,
            bias,
            shape=view,
            axes=(0, 2),
            affine=(1, channels, 1),
            eps=eps,
            centered=True,
        )
        track(op, momentum, count, (running_mean, mean.array), (running_var, variance.array))
        return y
    if running_mean is None or running_var is None:
        raise RuntimeError(
            f"{op}: Expected running_mean and running_var to be defined when training=False"
        )
    return standardize_by(input, weight, bias, running_mean, running_var, eps=eps)


@as_one("ViewBackward0")
def instance_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Each channel of each sample of (N, C, *S) made mean 0 and variance 1, then
    ``* weight + bias``.

    Args:
        running_mean, running_var: (C), moved by ``momentum`` towards the samples' average moments,
            or used in their place without ``use_input_stats``.

    Source: Ulyanov et al., 2016.
    """
    refuse_complex("instance_norm", input)
    op, shape = "instance_norm", input.array.shape
    if not use_input_stats:
        running_mean, running_var = (
            x if x is None else cast(x, dtype=input.dtype.name) for x in (running_mean, running_var)
        )
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    if len(shape) < 3 or math.prod(shape[2:]) == 1:
        raise ValueError(
            f"Expected more than 1 spatial element when training, got input size {list(shape)}"
        )
    check_channels(op, input, weight=weight, bias=bias)
    check_channels(op, input, False, running_mean=running_mean, running_var=running_var)
    view = (*shape[:2], math.prod(shape[2:]))
    y, mean, variance = standardize_p(
        input, weight, bias, shape=view, axes=(2,), affine=(1, shape[1], 1), eps=eps, centered=True
    )
    if running_mean is not None or running_var is not None:
        moments = mean.array.mean(axis=0), variance.array.mean(axis=0)
        track(op, momentum, view[2], *zip((running_mean, running_var), moments))
    return y


@as_one("NativeGroupNormBackward0")
def group_norm(
    input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Each of ``num_groups`` groups of channels of (N, C, *S) made mean 0 and variance 1 per
    sample.

    Then ``* weight + bias``, each (C) or None. Source: Wu and He, 2018.

    >>> import minitorch_dl as torch
    >>> torch.nn.functional.group_norm(torch.tensor([[1.0, 3.0, 5.0, 9.0]]), 2)
    tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """
    op, shape = "group_norm", input.array.shape
    if len(shape) < 2:
        raise RuntimeError(
            f"{op}: Expected at least 2 dimensions for input tensor but received {len(shape)}"
        )
    if num_groups < 1 or shape[1] % num_groups:
        raise RuntimeError(
            f"{op}: Expected number of channels in input to be divisible by num_groups, but got "
            "input of "
            f"shape {list(shape)} and num_groups={num_groups}"
        )
    per_group, size = shape[1] // num_groups, math.prod(shape[2:])
    _check_batch(shape[0] * per_group * size, shape)
    check_channels(op, input, weight=weight, bias=bias)
    return standardize_p(
        input,
        weight,
        bias,
        shape=(shape[0], num_groups, per_group, size),
        axes=(2, 3),
        affine=(1, num_groups, per_group, 1),
        eps=eps,
        centered=True,
    )[0]


@as_one("NativeLayerNormBackward0")
def layer_norm(
    input: Any,
    normalized_shape: Any,
    weight: Any = None,
    bias: Any = None,
    eps: float = 1e-5,
) -> Any:
    """The last axes, of sizes ``normalized_shape``, made mean 0 and variance 1, then
    ``* weight + bias``.

    Source: Ba et al., 2016.

    >>> import minitorch_dl as torch
    >>> torch.layer_norm(torch.tensor([1.0, 3.0]), (2,), eps=0)
    tensor([-1.,  1.])
    """
    return _feature_norm("layer_norm", input, normalized_shape, weight, bias, eps, True)


@as_one("MulBackward0")
def rms_norm(
    input: Any, normalized_shape: Any, weight: Any = None, eps: float | None = None
) -> Any:
    """``x / sqrt(mean(x^2) + eps) * weight`` over the last axes, of sizes ``normalized_shape``.

    ``eps`` is unless given the machine epsilon of the dtype that it is computed in, float32 for
    half precision. Source: Zhang and Sennrich, 2019.
    """
    if eps is None:
        eps = 2.0**-52 if input.array.real.dtype.itemsize == 8 else 2.0**-23
    return _feature_norm("rms_norm", input, normalized_shape, weight, None, eps, False)


def _feature_norm(
    op: str, input: Any, sizes: Any, weight: Any, bias: Any, eps: float, centered: bool
) -> Any:
    shape = input.array.shape
    sizes = (sizes,) if isinstance(sizes, int) else tuple(sizes)
    if not sizes:
        raise RuntimeError(
            f"{op}: Expected normalized_shape to be at least 1-dimensional, i.e., containing at "
            "least one "
            f"element, but got normalized_shape = {list(sizes)}"
        )
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None and value.array.shape != sizes:
            raise RuntimeError(
                f"{op}: Expected {name} to be of same shape as normalized_shape, but got {name} "
                "of shape "
                f"{list(value.array.shape)} and normalized_shape = {list(sizes)}"
            )
        if value is not None and value.array.dtype != input.array.dtype and centered:
            _check_dtypes(op, input, weight, bias)
    if shape[-len(sizes) :] != sizes:
        raise RuntimeError(
            f"{op}: Given normalized_shape={list(sizes)}, expected input with shape "
            f"[*, {', '.join(map(str, sizes))}], but got input of size {list(shape)}"
        )
    rows, width = math.prod(shape[: len(shape) - len(sizes)]), math.prod(sizes)
    run = standardize_p if centered or not is_complex(input) else _composite
    return run(
        input,
        weight,
        bias,
        shape=(rows, width),
        axes=(1,),
        affine=(1, width),
        eps=eps,
        centered=centered,
    )[0]


def track(
    op: str, momentum: float, count: int, mean: tuple[Any, Any], variance: tuple[Any, Any]
) -> None:
    """Move the running mean and variance, unless None, towards the batch's beside them, in place:
    towards the unbiased variance of its ``count`` elements."""
    arrays = []
    for (running, batch), share in ((mean, 1.0), (variance, count / max(count - 1, 1))):
        if running is not None:
            array = running.array
            array *= 1 - momentum
            array += batch.reshape(array.shape) * (momentum * share)
            arrays.append(array)
    if arrays:
        mark_all_written(arrays, op)


def check_channels(op: str, input: Any, dtypes: bool = True, **given: Any) -> None:
    """Refuse moments and parameters that aren't one number for each channel, or, where ``dtypes``
    count, of a dtype that doesn't go with the input's."""
    channels = input.array.shape[1]
    for name, value in given.items():
        if value is not None and value.array.shape != (channels,):
            raise RuntimeError(
                f"{op}: {name} should contain {channels} elements not {list(value.array.shape)}"
            )
        if dtypes and value is not None and value.array.dtype != input.array.dtype:
            _check_dtypes(op, input, *given.values())


def _check_dtypes(op: str, input: Any, *given: Any) -> None:
    """Moments and parameters are of the input's dtype, or of float32 beside 16 bit numbers."""
    x = input.array.dtype
    found = {value.array.dtype for value in given if value is not None}
    if found - {x} and not (x.itemsize == 2 and found == {_FLOAT32}):
        names = ", ".join(sorted(map(str, found)))
        raise RuntimeError(
            f"{op}: mixed dtype: expect parameters of the input's dtype, {x}, but got {names}: "
            "convert the input or the module with .to()"
        )


def _check_batch(count: int, shape: Axes) -> None:
    if count == 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {list(shape)}"
        )


# -- by neighbours, by a norm ---------------------------------------------------------------------


def local_response_norm(
    input: Any, size: int, alpha: Any = 1e-4, beta: Any = 0.75, k: Any = 1.0
) -> Any:
    """``x / (k + alpha mean(x^2))^beta``, the mean over ``size`` neighbouring channels of (N, C,
    *S).

    Source: Krizhevsky et al., 2012.
    """
    shape = input.array.shape
    if len(shape) < 3:
        raise ValueError(
            f"local_response_norm: Expected 3D or higher dimensionality input (got {len(shape)} "
            "dimensions)"
        )
    if not input.array.size:
        return input
    squares = reshape_p(input * input, shape=(shape[0], 1, shape[1], math.prod(shape[2:])))
    before, after = size // 2, (size - 1) // 2
    mean = avg_pool_p(
        squares,
        kernel=(size, 1),
        stride=(1, 1),
        padding=((before, after), (0, 0)),
        ceil_mode=False,
        count_include_pad=True,
        divisor=size,
    )
    return input / (reshape_p(mean, shape=shape) * alpha + k) ** beta


def normalize(input: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Any = None) -> Any:
    """``x / max(||x||_p, eps)`` along ``dim``.

    >>> import minitorch_dl as torch
    >>> torch.nn.functional.normalize(torch.tensor([3.0, 4.0]), dim=0)
    tensor([0.6000, 0.8000])
    """
    y = input / clamp_min(norm(input, p, dim, keepdim=True), eps)
    return y if out is None else write_out("normalize", out, y)
