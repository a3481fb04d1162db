"""Patches of images as columns and back; channels moved into space and back."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.errors import not_implemented
from ..autograd.node_names import as_one
from ..autograd.primitive import primitive
from ..backend import windows
from .movement import clone_p
from .shape import permute_p, reshape_p
from .spatial import batched, per_axis

__all__ = ["channel_shuffle", "native_channel_shuffle", "pixel_shuffle", "pixel_unshuffle"]

# -- sliding blocks: a closed pair ----------------------------------------------------------------


@primitive(name="unfold_patches", complex=True)
def unfold_p(xp: Any, a: Any, *, kernel, stride, padding, dilation) -> Any:
    """The windows of (N, C, *S) as columns, (N, C * K, T)."""
    columns = windows.im2col(xp, a, kernel, stride, padding, dilation)
    count = math.prod(columns.shape[2 + len(kernel) :])
    return columns.reshape(len(a), a.shape[1] * math.prod(kernel), count)


unfold_p.defvjp(
    a=lambda g, a_shape, kernel, stride, padding, dilation: fold_p(
        g, size=a_shape[2:], kernel=kernel, stride=stride, padding=padding, dilation=dilation
    )
)


@primitive(name="fold_patches", complex=True)
def fold_p(xp: Any, a: Any, *, size, kernel, stride, padding, dilation) -> Any:
    """Columns (N, C * K, T) added up to (N, C, *size)."""
    out = windows.window_counts(size, kernel, stride, padding, dilation)
    columns = a.reshape(len(a), a.shape[1] // math.prod(kernel), *kernel, *out)
    return windows.col2im(xp, columns, size, stride, padding, dilation)


fold_p.defvjp(
    a=lambda g, kernel, stride, padding, dilation: unfold_p(
        g, kernel=kernel, stride=stride, padding=padding, dilation=dilation
    )
)


@as_one("Im2ColBackward0")
def unfold(
    input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Any:
    """The windows of (N, C, H, W) or (C, H, W) as columns: (N, C * kH * kW, L), L windows.

    >>> import minitorch_dl as torch
    >>> torch.nn.functional.unfold(torch.zeros(1, 3, 4, 5), (2, 3)).shape
    torch.Size([1, 18, 9])
    """
    if input.array.dtype.kind in "iu":
        raise not_implemented("unfold", [input.array])
    shape = input.array.shape
    if len(shape) not in (3, 4) or 0 in shape[-3:]:
        raise RuntimeError(
            "unfold: Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other "
            f"non-zero dimensions for input, but got: {list(shape)}"
        )
    window = _window("unfold", kernel_size, dilation, padding, stride)
    out = windows.window_counts(shape[-2:], **window)
    if min(out) < 1:
        raise RuntimeError(
            f"unfold: Given input with spatial size {shape[-2:]} and {window}, calculated shape of "
            f"the array of sliding blocks as {out}, but its components must be at least one."
        )
    return batched(input, 2, lambda x: unfold_p(x, **window))


@as_one("Col2ImBackward0")
def fold(
    input: Any,
    output_size: Any,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> Any:
    """Columns (N, C * kH * kW, L), or without N, added up to (N, C, *output_size)."""
    shape = input.array.shape
    size = per_axis("fold", "output_size", output_size, 2)
    window = _window("fold", kernel_size, dilation, padding, stride)
    taps = math.prod(window["kernel"])
    if len(shape) not in (2, 3) or 0 in shape[-2:]:
        raise RuntimeError(
            "fold: Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and "
            f"non-zero dimensions for input, but got: {list(shape)}"
        )
    if shape[-2] % taps:
        raise RuntimeError(
            "fold: Expected size of input's dimension 1 to be divisible by the product of "
            f"kernel_size, but got input.size(1)={shape[-2]} and kernel_size={window['kernel']}."
        )
    out = windows.window_counts(size, **window)
    if min(out) < 1 or math.prod(out) != shape[-1]:
        raise RuntimeError(
            f"fold: Given output_size={size} and {window}, calculated shape of the array of "
            f"sliding blocks as {tuple(out)}: expected size of input's dimension 2 to match the "
            f"calculated number of sliding blocks {' * '.join(map(str, out))} = {math.prod(out)}, "
            f"but got input.size(2)={shape[-1]}."
        )
    return batched(input, 1, lambda x: fold_p(x, size=size, **window))


def _window(op: str, kernel: Any, dilation: Any, padding: Any, stride: Any) -> dict[str, Any]:
    values = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    window: dict[str, Any] = {k: per_axis(op, k, v, 2) for k, v in values.items()}
    for name, value in window.items():
        if min(value) < (0 if name == "padding" else 1):
            raise RuntimeError(f"{op}: {name} should be greater than zero, but got {value}")
    window["padding"] = tuple([(p, p) for p in window["padding"]])
    return window


# -- channels and space ---------------------------------------------------------------------------


@as_one("PixelShuffleBackward0")
def pixel_shuffle(input: Any, upscale_factor: int) -> Any:
    """(*, C r^2, H, W) as (*, C, H r, W r): each pixel's channels become an r x r block.

    Source: Shi et al., 2016.

    >>> import minitorch_dl as torch
    >>> torch.nn.functional.pixel_shuffle(torch.ones(1, 8, 2, 2), 2).shape
    torch.Size([1, 2, 4, 4])
    """
    shape, r = input.array.shape, upscale_factor
    if len(shape) < 3:
        raise RuntimeError(
            "pixel_shuffle expects input to have at least 3 dimensions, but got input with "
            f"{len(shape)} dimension(s)"
        )
    if r <= 0:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {r}")
    *lead, c, h, w = shape
    if c % (r * r):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square "
            f"of upscale_factor, but input.size(-3)={c} is not divisible by {r * r}"
        )
    x = reshape_p(input, shape=(math.prod(lead), c // (r * r), r, r, h, w))
    x = permute_p(x, dims=(0, 1, 4, 2, 5, 3))  # (N, C, H, r, W, r)
    return reshape_p(clone_p(x), shape=(*lead, c // (r * r), h * r, w * r))


@as_one("PixelUnshuffleBackward0")
def pixel_unshuffle(input: Any, downscale_factor: int) -> Any:
    """(*, C, H r, W r) as (*, C r^2, H, W): the reverse of ``pixel_shuffle``."""
    shape, r = input.array.shape, downscale_factor
    if len(shape) < 3:
        raise RuntimeError(
            "pixel_unshuffle expects input to have at least 3 dimensions, but got input with "
            f"{len(shape)} dimension(s)"
        )
    if r <= 0:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {r}")
    *lead, c, h, w = shape
    if h % r or w % r:
        raise RuntimeError(
            "pixel_unshuffle expects height and width to be divisible by downscale_factor, but "
            f"input.size(-2)={h} and input.size(-1)={w} are not both divisible by {r}"
        )
    x = reshape_p(input, shape=(math.prod(lead), c, h // r, r, w // r, r))
    x = permute_p(x, dims=(0, 1, 3, 5, 2, 4))  # (N, C, r, r, H, W)
    return reshape_p(clone_p(x), shape=(*lead, c * r * r, h // r, w // r))


@as_one("ChannelShuffleBackward0")
def channel_shuffle(input: Any, groups: int) -> Any:
    """The channels of (N, C, *S) reordered: one of each of ``groups`` groups in turn."""
    shape = input.array.shape
    if len(shape) < 3:
        raise RuntimeError(
            f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(shape)}"
        )
    if groups < 1 or shape[1] % groups:
        raise RuntimeError(
            "Number of groups to divide channels in must be positive, and divide the channels. "
            f"Value of groups:{groups}, channels: {shape[1]}"
        )
    x = reshape_p(input, shape=(shape[0], groups, shape[1] // groups, math.prod(shape[2:])))
    return reshape_p(permute_p(x, dims=(0, 2, 1, 3)), shape=shape)


native_channel_shuffle = channel_shuffle
