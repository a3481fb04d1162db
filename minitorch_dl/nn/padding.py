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


class _ConstantPad(_Pad):
    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class _ZeroPad(_ConstantPad):
    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ConstantPad1d(_ConstantPad):
    """Pads the last axis with ``value``."""

    dims = 1


class ConstantPad2d(_ConstantPad):
    """Pads the last two axes with ``value``."""

    dims = 2


class ConstantPad3d(_ConstantPad):
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


class ReflectionPad1d(_Pad):
    """Pads the last axis with its mirror image, the edge not repeated.

    >>> import minitorch_dl as torch
    >>> torch.nn.ReflectionPad1d(2)(torch.arange(4.0).reshape(1, 4))
    tensor([[2., 1., 0., 1., 2., 3., 2., 1.]])
    """

    dims, mode = 1, "reflect"


class ReflectionPad2d(_Pad):
    """Pads the last two axes with their mirror image, the edges not repeated."""

    dims, mode = 2, "reflect"


class ReflectionPad3d(_Pad):
    """Pads the last three axes with their mirror image, the edges not repeated."""

    dims, mode = 3, "reflect"


class ReplicationPad1d(_Pad):
    """Pads the last axis with its edge values.

    >>> import minitorch_dl as torch
    >>> torch.nn.ReplicationPad1d(1)(torch.arange(3.0).reshape(1, 3))
    tensor([[0., 0., 1., 2., 2.]])
    """

    dims, mode = 1, "replicate"


class ReplicationPad2d(_Pad):
    """Pads the last two axes with their edge values."""

    dims, mode = 2, "replicate"


class ReplicationPad3d(_Pad):
    """Pads the last three axes with their edge values."""

    dims, mode = 3, "replicate"


class _CircularPad(_Pad):
    mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        dims = self.dims
        if input.dim() not in (dims + 1, dims + 2):
            raise ValueError(
                f"expected {dims + 1}D or {dims + 2}D input (got {input.dim()}D input)"
            )
        return super().forward(input)


class CircularPad1d(_CircularPad):
    """Pads the last axis with values from its other end.

    >>> import minitorch_dl as torch
    >>> torch.nn.CircularPad1d(1)(torch.arange(3.0).reshape(1, 3))
    tensor([[2., 0., 1., 2., 0.]])
    """

    dims = 1


class CircularPad2d(_CircularPad):
    """Pads the last two axes with values from their other ends."""

    dims = 2


class CircularPad3d(_CircularPad):
    """Pads the last three axes with values from their other ends."""

    dims = 3
