"""The ops of torchvision's compiled library, ``torch.ops.torchvision``, with its arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd import enable_grad, grad
from ..library import Library, infer_schema
from ..ops import gather, zeros
from ..tensor import Tensor
from . import deformable
from .regions import nms, ps_roi_align, ps_roi_pool, roi_align, roi_pool

_library = Library("torchvision", "DEF", "CompositeImplicitAutograd")


def _defined(function: Callable[..., Any]) -> Callable[..., Any]:
    name = function.__name__
    _library.define(name + infer_schema(function, mutates_args=()))
    _library.impl(name, function)
    return function


for _function in (nms, ps_roi_align, ps_roi_pool, roi_align, roi_pool):
    _defined(_function)
for _name in ("qnms", "qroi_align"):  # of quantized tensors, which there aren't
    _library.define(f"{_name}(Tensor x) -> Tensor")


@_defined
def deform_conv2d(
    input: Tensor, weight: Tensor, offset: Tensor, mask: Tensor, bias: Tensor,
    stride_h: int, stride_w: int, pad_h: int, pad_w: int, dilation_h: int, dilation_w: int,
    groups: int, offset_groups: int, use_mask: bool,
) -> Tensor:  # fmt: skip
    return deformable.deform_conv2d(
        input, weight, offset, mask if use_mask else None, bias,
        (stride_h, stride_w), (pad_h, pad_w), (dilation_h, dilation_w),
    )  # fmt: skip


@_defined
def _cuda_version() -> int:
    """The CUDA that the library was compiled for: -1, since it is compiled for none."""
    return -1


def _gradients(function: Callable[..., Any], inputs: tuple[Tensor, ...], g: Tensor) -> Any:
    leaves = [x.detach().requires_grad_() for x in inputs]
    with enable_grad():
        return grad(function(*leaves), leaves, g, allow_unused=True)


def _of_image(function: Callable[..., Tensor], g: Tensor, *shape: int) -> Tensor:
    """The gradient of a pooled image, on which the places that it is read at don't depend."""
    image = zeros(*shape, dtype=g.dtype, device=g.device)
    return _gradients(function, (image,), g)[0]


@_defined
def _roi_align_backward(
    g: Tensor, rois: Tensor, spatial_scale: float, pooled_height: int, pooled_width: int,
    batch_size: int, channels: int, height: int, width: int, sampling_ratio: int, aligned: bool,
) -> Tensor:  # fmt: skip
    options = (spatial_scale, pooled_height, pooled_width, sampling_ratio, aligned)
    shape = (batch_size, channels, height, width)
    return _of_image(lambda x: roi_align(x, rois, *options), g, *shape)


@_defined
def _ps_roi_align_backward(
    g: Tensor, rois: Tensor, channel_mapping: Tensor, spatial_scale: float, pooled_height: int,
    pooled_width: int, sampling_ratio: int, batch_size: int, channels: int, height: int, width: int,
) -> Tensor:  # fmt: skip
    options = (spatial_scale, pooled_height, pooled_width, sampling_ratio)
    shape = (batch_size, channels, height, width)
    return _of_image(lambda x: ps_roi_align(x, rois, *options)[0], g, *shape)


@_defined
def _ps_roi_pool_backward(
    g: Tensor, rois: Tensor, channel_mapping: Tensor, spatial_scale: float, pooled_height: int,
    pooled_width: int, batch_size: int, channels: int, height: int, width: int,
) -> Tensor:  # fmt: skip
    options = (spatial_scale, pooled_height, pooled_width)
    shape = (batch_size, channels, height, width)
    return _of_image(lambda x: ps_roi_pool(x, rois, *options)[0], g, *shape)


@_defined
def _roi_pool_backward(
    g: Tensor, rois: Tensor, argmax: Tensor, spatial_scale: float, pooled_height: int,
    pooled_width: int, batch_size: int, channels: int, height: int, width: int,
) -> Tensor:  # fmt: skip
    images, places = rois[:, 0].long(), argmax.long().flatten(2)

    def pooled(x: Tensor) -> Tensor:
        return gather(x.flatten(2)[images], 2, places.clamp(min=0)).view_as(g)

    shape = (batch_size, channels, height, width)
    return _of_image(pooled, g.masked_fill(argmax < 0, 0), *shape)


@_defined
def _deform_conv2d_backward(
    g: Tensor, input: Tensor, weight: Tensor, offset: Tensor, mask: Tensor, bias: Tensor,
    stride_h: int, stride_w: int, pad_h: int, pad_w: int, dilation_h: int, dilation_w: int,
    groups: int, offset_groups: int, use_mask: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    options = (stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w)
    inputs = (input, weight, offset, mask, bias)
    found = _gradients(
        lambda *xs: deform_conv2d(*xs, *options, groups, offset_groups, use_mask), inputs, g
    )
    return tuple(x.new_zeros(x.shape) if d is None else d for x, d in zip(inputs, found))
