"""What model files ask of ``torch.onnx``: whether they are being exported. Nothing is exported
here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .ops.from_data import tensor
from .tensor import Tensor

__all__ = [
    "OnnxExporterError", "SymbolicValueError", "UnsupportedOperatorError", "export",
    "is_in_onnx_export", "operators", "parse_args", "register_custom_op_symbolic",
    "reshape_from_tensor_shape", "shape_as_tensor", "symbolic_opset11",
]  # fmt: skip

operators = symbolic_opset11 = None
"""The symbols that exporters of single ops are written with."""


class OnnxExporterError(NotImplementedError):
    """What an exporter raises: here always, and in PyTorch a RuntimeError."""


class UnsupportedOperatorError(OnnxExporterError):
    """An op that has no equal in ONNX."""


class SymbolicValueError(OnnxExporterError):
    """An op whose arguments an exporter of single ops doesn't take."""


def is_in_onnx_export() -> bool:
    """False."""
    return False


def shape_as_tensor(x: Tensor) -> Tensor:
    """The sizes of ``x`` in a tensor, as exporters record them."""
    return tensor(x.shape)


def reshape_from_tensor_shape(x: Tensor, shape: Tensor) -> Tensor:
    """``x`` in the shape whose sizes a tensor holds."""
    return x.reshape(shape.tolist())


def export(*args: Any, **kwargs: Any) -> Any:
    """Always fails.

    Raises:
        OnnxExporterError: save the weights by ``torch.save`` and export them with PyTorch.
    """
    raise OnnxExporterError(
        "minitorch_dl exports no ONNX files. Save the weights by torch.save(model.state_dict(), "
        "...), load them in PyTorch, and export there"
    )


def register_custom_op_symbolic(
    symbolic_name: str, symbolic_fn: Callable[..., Any], opset_version: int, **options: Any
) -> None:
    """Accepted: how an op would be exported is not asked."""


def parse_args(*descriptors: str) -> Callable[..., Any]:
    """A decorator that leaves the exporter of an op as it is."""
    return lambda function: function
