"""The modules of ``torch.ao.quantization`` that a model in floating point holds, and the fusion of
layers that comes before quantizing; quantizing itself is not supported."""

from __future__ import annotations

import copy
import sys
from typing import Any

from . import nn, ops
from .compat.names import explain_missing
from .nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval
from .tensor import Tensor

__all__ = [
    "BNReLU2d", "BNReLU3d", "ConvReLU1d", "ConvReLU2d", "ConvReLU3d", "DeQuantStub",
    "FakeQuantizeBase", "FloatFunctional", "LinearReLU", "ObserverBase", "QuantStub",
    "QuantWrapper", "convert", "fuse_modules", "get_default_qat_qconfig", "get_default_qconfig",
    "prepare", "prepare_qat", "quantize", "quantize_dynamic", "quantize_qat",
]  # fmt: skip


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


class QuantWrapper(nn.Module):
    """A module between a ``QuantStub`` and a ``DeQuantStub``."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.quant, self.dequant, self.module = QuantStub(), DeQuantStub(), module
        self.train(module.training)

    def forward(self, X: Tensor) -> Tensor:
        """``module(X)``."""
        return self.dequant(self.module(self.quant(X)))


class ConvReLU1d(nn.Sequential):
    """A convolution and ReLU that were fused: run one after the other."""


class ConvReLU2d(ConvReLU1d):
    """As :class:`ConvReLU1d`."""


class ConvReLU3d(ConvReLU1d):
    """As :class:`ConvReLU1d`."""


class LinearReLU(nn.Sequential):
    """A linear layer and ReLU that were fused: run one after the other."""


class BNReLU2d(nn.Sequential):
    """A batch normalisation and ReLU that were fused: run one after the other."""


class BNReLU3d(BNReLU2d):
    """As :class:`BNReLU2d`."""


_WITH_NORM = {
    **{
        (getattr(nn, f"{kind}{n}d"), getattr(nn, f"BatchNorm{n}d")): fuse_conv_bn_eval
        for kind in ("Conv", "ConvTranspose")
        for n in (1, 2, 3)
    },
    (nn.Linear, nn.BatchNorm1d): fuse_linear_bn_eval,
}
_WITH_RELU: dict[type, type[nn.Sequential]] = {
    nn.Conv1d: ConvReLU1d,
    nn.Conv2d: ConvReLU2d,
    nn.Conv3d: ConvReLU3d,
    nn.Linear: LinearReLU,
    nn.BatchNorm2d: BNReLU2d,
    nn.BatchNorm3d: BNReLU3d,
}


def _fused(layers: list[nn.Module]) -> nn.Module:
    first, *rest = layers
    fuse: Any = _WITH_NORM.get((type(first), type(rest[0]))) if rest else None
    if fuse is not None:
        options = {"transpose": True} if getattr(first, "transposed", False) else {}
        first, rest = fuse(first, rest[0], **options), rest[1:]
    if len(rest) == 1 and type(rest[0]) is nn.ReLU and type(first) in _WITH_RELU:
        return _WITH_RELU[type(first)](first, rest[0])
    if rest or fuse is None:
        kinds = tuple(type(layer) for layer in layers)
        raise AssertionError(
            f"did not find fuser method for: {kinds}. A convolution or linear layer can be fused "
            "with the batch normalisation and the ReLU after it"
        )
    return first


def fuse_modules(
    model: nn.Module, modules_to_fuse: Any, inplace: bool = False, **options: Any
) -> nn.Module:
    """A copy of a model in eval mode in which a batch normalisation is folded into the layer before
    it, and an ``Identity`` stands in its place.

    Args:
        modules_to_fuse: the names of layers that follow each other, or several such lists.
        inplace: change the model itself.

    >>> import minitorch_dl as torch
    >>> from minitorch_dl import nn
    >>> model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).eval()
    >>> torch.ao.quantization.fuse_modules(model, ["0", "1"])
    Sequential(
      (0): Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1))
      (1): Identity()
    )
    """
    model = model if inplace else copy.deepcopy(model)
    groups = [modules_to_fuse] if isinstance(modules_to_fuse[0], str) else modules_to_fuse
    for names in groups:
        fused = _fused([model.get_submodule(name) for name in names])
        for name in names:
            parent, _, own = name.rpartition(".")
            setattr(model.get_submodule(parent), own, fused if name == names[0] else nn.Identity())
    return model


def prepare(model: nn.Module, *args: Any, **kwargs: Any) -> nn.Module:
    """Always fails.

    Raises:
        NotImplementedError: there are no quantized tensors here.
    """
    raise NotImplementedError("minitorch_dl has no quantized tensors; run the model in floats")


prepare_qat = convert = quantize = quantize_dynamic = quantize_qat = prepare


def get_default_qconfig(backend: str = "x86", version: int = 0) -> None:
    """None: there is nothing to quantize by."""


get_default_qat_qconfig = get_default_qconfig
explain_missing(sys.modules[__name__])
