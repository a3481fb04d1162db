"""Padding layers.

``padding`` is a number, or (left, right, top, bottom, front, back) as far as there are axes.
"""

from __future__ import annotations

from typing import Any, ClassVar

from ..tensor import Tensor
from . import functional as F
from .module import Module

__all__ = [
    "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d",
    "ConstantPad3d", "ReflectionPad1d", "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d",
    "ReplicationPad2d", "ReplicationPad3d", "ZeroPad1d", "ZeroPad2d", "ZeroPad3d",
]  # fmt: skip


class _Pad(Module):
    dims: ClassVar[int]
    mode: ClassVar[str]

    def __init__(self, padding: Any) -> None:
        super().__init__()
        many = isinstance(padding, (tuple, list))
        self.padding = tuple(padding) if many else (padding,) * (2 * self.dims)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPadNd(_Pad):
    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class _ZeroPad(_ConstantPadNd):
    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ConstantPad1d(_ConstantPadNd):
    """Pads the last axis with ``value``."""

    dims = 1


class ConstantPad2d(_ConstantPadNd):
    """Pads the last two axes with ``value``."""

    dims = 2


class ConstantPad3d(_ConstantPadNd):
    """Pads the last three axes with ``value``."""

    dims = 3


class ZeroPad1d(_ZeroPad):
    """Pads the last axis with zeros.

    >>> import minitorch_dl as torch
    >>> torch.nn.ZeroPad1d((1, 2))(torch.ones(1, 2))
    tensor([[0., 1., 1., 0., 0.]])
    """

    dims = 1


class ZeroPad2d(_ZeroPad):
    """Pads the last two axes with zeros.

    >>> import minitorch_dl as torch
    >>> torch.nn.ZeroPad2d((1, 0, 0, 1))(torch.ones(1, 1, 2))
    tensor([[[0., 1., 1.],
             [0., 0., 0.]]])
    """

    dims = 2


class ZeroPad3d(_ZeroPad):
    """Pads the last three axes with zeros."""

    dims = 3


class _ReflectionPadNd(_Pad):
    mode = "reflect"


class ReflectionPad1d(_ReflectionPadNd):
    """Pads the last axis with its mirror image, the edge not repeated.

    >>> import minitorch_dl as torch
    >>> torch.nn.ReflectionPad1d(2)(torch.arange(4.0).reshape(1, 4))
    tensor([[2., 1., 0., 1., 2., 3., 2., 1.]])
    """

    dims = 1


class ReflectionPad2d(_ReflectionPadNd):
    """Pads the last two axes with their mirror image, the edges not repeated."""

    dims = 2


class ReflectionPad3d(_ReflectionPadNd):
    """Pads the last three axes with their mirror image, the edges not repeated."""

    dims = 3


class _ReplicationPadNd(_Pad):
    mode = "replicate"


class ReplicationPad1d(_ReplicationPadNd):
    """Pads the last axis with its edge values.

    >>> import minitorch_dl as torch
    >>> torch.nn.ReplicationPad1d(1)(torch.arange(3.0).reshape(1, 3))
    tensor([[0., 0., 1., 2., 2.]])
    """

    dims = 1


class ReplicationPad2d(_ReplicationPadNd):
    """Pads the last two axes with their edge values."""

    dims = 2


class ReplicationPad3d(_ReplicationPadNd):
    """Pads the last three axes with their edge values."""

    dims = 3


class _CircularPadNd(_Pad):
    mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        dims = self.dims
        if input.dim() not in (dims + 1, dims + 2):
            raise ValueError(
                f"expected {dims + 1}D or {dims + 2}D input (got {input.dim()}D input)"
            )
        return super().forward(input)


class CircularPad1d(_CircularPadNd):
    """Pads the last axis with values from its other end.

    >>> import minitorch_dl as torch
    >>> torch.nn.CircularPad1d(1)(torch.arange(3.0).reshape(1, 3))
    tensor([[2., 0., 1., 2., 0.]])
    """

    dims = 1


class CircularPad2d(_CircularPadNd):
    """Pads the last two axes with values from their other ends."""

    dims = 2


class CircularPad3d(_CircularPadNd):
    """Pads the last three axes with values from their other ends."""

    dims = 3
