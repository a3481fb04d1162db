"""Convolutions and transposed convolutions in one, two and three dimensions."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ..ops import empty
from ..tensor import Tensor
from . import functional as F, init
from .module import Module
from .parameter import Parameter

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


def per_axis(value: Any, dims: int) -> tuple[Any, ...]:
    """A setting for every spatial axis: a number serves all of them."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * dims


class _ConvNd(Module):
    """What all convolutions share: their parameters and how these start."""

    dims: ClassVar[int]
    transposed: ClassVar[bool] = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        output_padding: Any,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any,
        dtype: Any,
    ) -> None:
        super().__init__()
        dims = self.dims
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups != 0:
            raise ValueError("out_channels must be divisible by groups")
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(
                    f"Invalid padding string {padding!r}, should be one of 'valid', 'same'"
                )
            if padding == "same" and any(s != 1 for s in per_axis(stride, dims)):
                raise ValueError("padding='same' is not supported for strided convolutions")
        if padding_mode not in _PADDING_MODES:
            raise ValueError(
                f"padding_mode must be one of {set(_PADDING_MODES)}, but got "
                f"padding_mode='{padding_mode}'"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = per_axis(kernel_size, dims)
        self.stride = per_axis(stride, dims)
        self.padding = padding if isinstance(padding, str) else per_axis(padding, dims)
        self.dilation = per_axis(dilation, dims)
        self.output_padding = per_axis(output_padding, dims)
        self.groups = groups
        self.padding_mode = padding_mode
        if self.transposed:
            shape = (in_channels, out_channels // groups, *self.kernel_size)
        else:
            shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = Parameter(empty(shape, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters anew, uniform on ``±1/√fan_in``."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in = self.weight[0].numel() if self.weight.numel() else 0
            if fan_in != 0:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}"
        )
        plain = (0,) * self.dims
        if self.padding != plain:
            text += f", padding={self.padding}"
        if self.dilation != (1,) * self.dims:
            text += f", dilation={self.dilation}"
        if self.output_padding != plain:
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text


class _ConvForward(_ConvNd):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, bias,
            padding_mode, device, dtype,
        )  # fmt: skip
        # F.pad counts from the last axis: (left, right) of each.
        sides = []
        for k, d, p in zip(self.kernel_size, self.dilation, per_axis(self.padding, self.dims)):
            total = d * (k - 1)
            both = {"same": (total // 2, total - total // 2), "valid": (0, 0)}.get(p, (p, p))
            sides.append(both)
        self._reversed_padding_repeated_twice = [n for pair in reversed(sides) for n in pair]

    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self.weight, self.bias)

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """The layer's convolution with these parameters: what subclasses call with a weight that
        they computed, or replace."""
        raise NotImplementedError

    def _convolve(self, function: Any, input: Tensor, weight: Tensor, bias: Any) -> Tensor:
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            border = self._reversed_padding_repeated_twice
            input = F.pad(input, border, mode=self.padding_mode)
            padding = 0
        return function(input, weight, bias, self.stride, padding, self.dilation, self.groups)


class Conv1d(_ConvForward):
    """Cross-correlation over ``(N, C_in, L)``; arguments as :class:`Conv2d`.

    >>> import minitorch_dl as torch
    >>> torch.nn.Conv1d(16, 33, 3, stride=2)(torch.ones(20, 16, 50)).shape
    torch.Size([20, 33, 24])
    """

    dims = 1

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return self._convolve(F.conv1d, input, weight, bias)


class Conv2d(_ConvForward):
    """Cross-correlation: ``out[n, o] = b[o] + Σ_c weight[o, c] ⋆ input[n, c]``.

    Args:
        in_channels, out_channels: channels of the input ``(N, C_in, H, W)`` and of the output
            ``(N, C_out, H', W')``.
        kernel_size, stride, dilation: a number or one per axis.
        padding: zeros on each side; "same" keeps the size (stride 1), "valid" adds none.
        groups: input and output channels fall into so many independent groups.
        bias: add ``b``.
        padding_mode: "zeros", "reflect", "replicate" or "circular".

    ``H' = ⌊(H + 2·padding - dilation·(kernel_size - 1) - 1) / stride⌋ + 1``.

    >>> import minitorch_dl as torch
    >>> torch.nn.Conv2d(16, 33, 3, stride=2)(torch.ones(2, 16, 50, 100)).shape
    torch.Size([2, 33, 24, 49])
    """

    dims = 2

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return self._convolve(F.conv2d, input, weight, bias)


class Conv3d(_ConvForward):
    """Cross-correlation over ``(N, C_in, D, H, W)``; arguments as :class:`Conv2d`."""

    dims = 3

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return self._convolve(F.conv3d, input, weight, bias)


class _ConvTransposeNd(_ConvNd):
    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding,
            groups, bias, padding_mode, device, dtype,
        )  # fmt: skip

    def _output_padding(
        self,
        input: Tensor,
        output_size: Any,
        stride: Any,
        padding: Any,
        kernel_size: Any,
        num_spatial_dims: int,
        dilation: Any = None,
    ) -> tuple[int, ...]:
        """The output padding that gives ``output_size``."""
        if output_size is None:
            return self.output_padding
        dims = num_spatial_dims
        batched = input.dim() == dims + 2
        if len(output_size) == dims + (2 if batched else 1):
            output_size = output_size[-dims:]
        if len(output_size) != dims:
            raise ValueError(
                f"{type(self).__name__}: for {input.dim()}D input, output_size must have {dims} or "
                f"{dims + 2} elements (got {len(output_size)})"
            )
        least = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(
                input.shape[-dims:], stride, padding, dilation or (1,) * dims, kernel_size
            )
        ]
        most = [n + s - 1 for n, s in zip(least, stride)]
        for size, low, high in zip(output_size, least, most):
            if not low <= size <= high:
                raise ValueError(
                    f"requested an output size of {list(output_size)}, but valid sizes range from "
                    f"{least} to {most} (for an input of {list(input.shape[-dims:])})"
                )
        return tuple(size - low for size, low in zip(output_size, least))

    def _convolve(self, function: Any, input: Tensor, output_size: Any) -> Tensor:
        output_padding = self._output_padding(
            input, output_size, self.stride, self.padding, self.kernel_size, self.dims,
            self.dilation,
        )  # fmt: skip
        return function(
            input, self.weight, self.bias, self.stride, self.padding, output_padding, self.groups,
            self.dilation,
        )  # fmt: skip


class ConvTranspose1d(_ConvTransposeNd):
    """Transposed convolution over ``(N, C_in, L)``; arguments as :class:`ConvTranspose2d`."""

    dims = 1

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        return self._convolve(F.conv_transpose1d, input, output_size)


class ConvTranspose2d(_ConvTransposeNd):
    """The derivative of a convolution with respect to its input, as a layer (Zeiler et al., 2010).

    ``weight`` is ``(in_channels, out_channels / groups, *kernel_size)``;
    ``H' = (H - 1)·stride - 2·padding + dilation·(kernel_size - 1) + output_padding + 1``.

    >>> import minitorch_dl as torch
    >>> torch.nn.ConvTranspose2d(16, 33, 3, stride=2)(torch.ones(2, 16, 24, 49)).shape
    torch.Size([2, 33, 49, 99])
    """

    dims = 2

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        return self._convolve(F.conv_transpose2d, input, output_size)


class ConvTranspose3d(_ConvTransposeNd):
    """Transposed convolution over ``(N, C_in, D, H, W)``; arguments as :class:`ConvTranspose2d`."""

    dims = 3

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        return self._convolve(F.conv_transpose3d, input, output_size)
