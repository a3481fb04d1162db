"""Fake quantization: floats rounded to the values that small integers could stand for, so that a
network learns with the error that it will have (Jacob et al., 2018)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.node_names import named
from ..autograd.primitive import TensorBase, primitive
from ..backend import array_module
from ..backend.selection import clip
from .selection import keep

__all__ = ["fake_quantize_per_channel_affine", "fake_quantize_per_tensor_affine"]


@primitive(tensors=("a",), aux=("fits",), min_kind="float")
def fake_quantize(xp: Any, a: Any, scale: Any, zero: Any, *, low: int, high: int) -> Any:
    q = xp.rint(a * (1 / scale)) + zero
    fits = (low <= q) & (q <= high)
    q = clip(xp, xp.nan_to_num(q, nan=low, posinf=high, neginf=low), low, high)
    return ((q - zero).astype(scale.dtype) * scale).astype(a.dtype), fits


# "Straight through": as if nothing were rounded, but 0 for what lies outside.
fake_quantize.defvjp(a=lambda g, fits: keep(g, fits))


def _quantized(op: str, node: str, input: Any, scale: Any, zero: Any, low: int, high: int) -> Any:
    if low > high:
        raise RuntimeError(
            f"{op}(): `quant_min` should be less than or equal to `quant_max`, got {low} and {high}"
        )
    if zero.size and not low <= zero.min() <= zero.max() <= high:
        raise RuntimeError(f"{op}(): `zero_point` must be between `quant_min` and `quant_max`.")
    scale, zero = TensorBase.wrap(scale), TensorBase.wrap(zero)
    return named(fake_quantize(input, scale, zero, low=low, high=high), f"{node}Backward0")


def fake_quantize_per_tensor_affine(
    input: Any, scale: Any, zero_point: Any, quant_min: int, quant_max: int
) -> Any:
    """``(clamp(round(input / scale) + zero_point, quant_min, quant_max) - zero_point) * scale``.

    The gradient is that of the output where the rounded number lies in the range, and 0 elsewhere.

    Args:
        scale: the distance of two values, a number or a tensor of one.
        zero_point: the integer that stands for 0, a number or a tensor of one.
        quant_min, quant_max: the smallest and largest integer.

    Raises:
        RuntimeError: an empty range, or a ``zero_point`` outside.

    >>> import minitorch_dl as torch
    >>> x = torch.tensor([-0.26, 0.04, 0.3, 9.0])
    >>> torch.fake_quantize_per_tensor_affine(x, 0.1, 0, 0, 255)
    tensor([0.0000, 0.0000, 0.3000, 9.0000])
    """
    xp, op = array_module(input.array), "fake_quantize_per_tensor_affine"
    node = "FakeQuantizePerTensorAffineCachemask"
    if isinstance(scale, TensorBase):
        node += "TensorQparams"
    scale, zero = (
        x.array.reshape(()) if isinstance(x, TensorBase) else xp.asarray(x)
        for x in (scale, zero_point)
    )
    return _quantized(op, node, input, scale.astype("float32"), zero, quant_min, quant_max)


def fake_quantize_per_channel_affine(
    input: Any, scale: Any, zero_point: Any, axis: int, quant_min: int, quant_max: int
) -> Any:
    """``fake_quantize_per_tensor_affine`` with a ``scale`` and a ``zero_point``, (C), for each
    place along ``axis``.

    Raises:
        RuntimeError: no such axis, or not as many of them as places, or a ``zero_point`` of
            another dtype than int32 or a float.
    """
    op, sizes = "fake_quantize_per_channel_affine", input.array.shape
    if not 0 <= axis < len(sizes):
        raise RuntimeError(
            f"{op}(): `axis` must be between 0 and number of dimensions of input, {len(sizes)}, "
            f"got {axis}"
        )
    if zero_point.array.dtype not in (np.int32, np.float32, np.float16):
        raise RuntimeError(
            f"{op}(): Zero-point must be Int32, Float or Half, found {zero_point.dtype}"
        )
    if not scale.array.shape == zero_point.array.shape == (sizes[axis],):
        raise RuntimeError(
            f"{op}(): dimensions of scale and zero-point are not consistent with input tensor: "
            f"expected [{sizes[axis]}], got {list(scale.array.shape)} and "
            f"{list(zero_point.array.shape)}"
        )
    along = (-1, *(1,) * (len(sizes) - axis - 1))
    steps = scale.array.reshape(along).astype("float32")
    if input.array.dtype == "float64":  # in PyTorch the other function computes in float32 then
        steps = steps.astype("float64")
    zero, node = zero_point.array.reshape(along), "FakeQuantizePerChannelAffineCachemask"
    return _quantized(op, node, input, steps, zero, quant_min, quant_max)
