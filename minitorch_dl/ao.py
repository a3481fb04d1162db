"""The modules of ``torch.ao.quantization`` that a model in floating point holds; quantizing it is
not supported."""

from __future__ import annotations

from typing import Any

from . import nn, ops
from .tensor import Tensor

__all__ = [
    "DeQuantStub",
    "FakeQuantizeBase",
    "FloatFunctional",
    "ObserverBase",
    "QuantStub",
    "convert",
    "prepare",
    "prepare_qat",
]


class QuantStub(nn.Module):
    """Where numbers would be quantized: the identity."""

    def __init__(self, qconfig: Any = None) -> None:
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        """``x``."""
        return x


class DeQuantStub(QuantStub):
    """Where quantized numbers would become floats again: the identity."""


class ObserverBase(nn.Module):
    """The class of what collects ranges for quantizing: no module is of it."""


class FakeQuantizeBase(nn.Module):
    """The class of what rounds as quantizing would: no module is of it."""


class FloatFunctional(nn.Module):
    """Operations as methods, where a quantized model would observe their results."""

    def forward(self, x: Any) -> Any:
        """Refused: its methods are to be called."""
        raise RuntimeError("FloatFunctional has no forward of its own: use its add, mul, ...")

    def add(self, x: Tensor, y: Any) -> Tensor:
        """``x + y``."""
        return x + y

    def mul(self, x: Tensor, y: Any) -> Tensor:
        """``x * y``."""
        return x * y

    def cat(self, x: list[Tensor], dim: int = 0) -> Tensor:
        """The tensors joined."""
        return ops.cat(x, dim)

    def add_relu(self, x: Tensor, y: Any) -> Tensor:
        """``max(x + y, 0)``."""
        return nn.functional.relu(x + y)

    def matmul(self, x: Tensor, y: Tensor) -> Tensor:
        """``x @ y``."""
        return x @ y


def prepare(model: nn.Module, *args: Any, **kwargs: Any) -> nn.Module:
    """Always fails.

    Raises:
        NotImplementedError: there are no quantized tensors here.
    """
    raise NotImplementedError("minitorch_dl has no quantized tensors; run the model in floats")


prepare_qat = convert = prepare
