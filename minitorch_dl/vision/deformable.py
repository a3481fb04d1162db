"""Convolution whose kernel reads the image at places that an earlier layer chose."""

from __future__ import annotations

from typing import Any

from ..nn.functional import grid_sample
from ..ops import arange, matmul, stack
from ..tensor import Tensor

__all__ = ["deform_conv2d"]


def deform_conv2d(
    input: Tensor,
    weight: Tensor,
    offset: Tensor,
    mask: Tensor | None = None,
    bias: Tensor | None = None,
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    dilation: tuple[int, int] = (1, 1),
) -> Tensor:
    """A convolution that reads its input beside the places of the ordinary one, interpolated
    bilinearly, 0 outside:
    ``y[o, i, j] = b[o] + sum_ckl w[o, c, k, l] m[k, l, i, j] x[c](s i + d k - p + offset, ...)``.

    Source: X. Zhu et al., Deformable ConvNets v2, 2018.

    Args:
        input: ``(N, C, H, W)``.
        weight: ``(O, C / groups, KH, KW)``.
        offset: ``(N, 2 G KH KW, OH, OW)``: per group of channels and entry of the kernel, down and
            right, in pixels.
        mask: ``(N, G KH KW, OH, OW)``: a factor for each of these.
        bias: ``(O,)``.

    Returns:
        ``(N, O, OH, OW)``.
    """
    for name, x in (("input", input), ("weight", weight), ("offset", offset)):
        if x.ndim != 4:
            raise RuntimeError(
                f"deform_conv2d: expected {name} of 4 dims, got shape {tuple(x.shape)}"
            )
    n, c, h, w = input.shape
    o, channels, kh, kw = weight.shape
    if not channels or c % channels or o % (c // channels):
        raise RuntimeError(
            f"deform_conv2d: a weight of shape {tuple(weight.shape)} does not fit {c} channels: "
            "they and its outputs must be multiples of the groups, C / weight.shape[1]"
        )
    taps, (oh, ow) = kh * kw, offset.shape[2:]
    groups, offset_groups = c // channels, offset.shape[1] // (2 * taps)
    expected = tuple(
        (size + 2 * p - d * (k - 1) - 1) // s + 1
        for size, p, d, k, s in zip((h, w), padding, dilation, (kh, kw), stride)
    )
    if offset.shape != (n, 2 * offset_groups * taps, *expected) or c % max(offset_groups, 1):
        raise RuntimeError(
            f"deform_conv2d: expected offset of shape ({n}, 2 * G * {taps}, *{expected}) with G a "
            f"divisor of {c}, got {tuple(offset.shape)}"
        )
    shapes = (("mask", mask, (n, offset_groups * taps, *expected)), ("bias", bias, (o,)))
    for name, given, shape in shapes:
        if given is not None and given.shape != shape:
            raise RuntimeError(
                f"deform_conv2d: expected {name} of shape {shape}, got {tuple(given.shape)}"
            )
    moved = offset.reshape(n * offset_groups, kh, kw, 2, oh, ow)
    down = _places(moved, oh, kh, stride[0], padding[0], dilation[0]).reshape(kh, 1, oh, 1)
    right = _places(moved, ow, kw, stride[1], padding[1], dilation[1]).reshape(1, kw, 1, ow)
    y, x = moved[:, :, :, 0] + down, moved[:, :, :, 1] + right  # (N G, KH, KW, OH, OW)
    grid = stack([(2 * x + 1) / w - 1, (2 * y + 1) / h - 1], -1)
    columns = grid_sample(
        input.reshape(n * offset_groups, -1, h, w),
        grid.reshape(n * offset_groups, taps * oh, ow, 2),
        align_corners=False,
    ).reshape(n, offset_groups, -1, taps, oh, ow)
    if mask is not None:
        columns = columns * mask.reshape(n, offset_groups, 1, taps, oh, ow)
    columns = columns.reshape(n, groups, channels * taps, oh * ow)
    result = matmul(weight.reshape(groups, o // groups, -1), columns).reshape(n, o, oh, ow)
    return result if bias is None else result + bias.reshape(-1, 1, 1)


def _places(like: Any, outputs: int, taps: int, stride: int, padding: int, dilation: int) -> Any:
    """The pixels that an ordinary kernel reads for each output: ``(taps, outputs)``."""
    options = {"dtype": like.dtype, "device": like.device}
    starts = arange(outputs, **options) * stride - padding
    return arange(taps, **options)[:, None] * dilation + starts
