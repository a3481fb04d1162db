"""Results that depend on their inputs and have no derivative, as in PyTorch: they require a
gradient, and a backward pass that reaches them is refused. Without that it would leave out a part
of the derivative in silence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .function import Function
from .modes import GRAD, state
from .primitive import TensorBase

PYTORCH_NAME = "torch::autograd::NotImplemented"
"""PyTorch's name of most such nodes."""


def no_derivative(op: str, cure: str = "Detach its input") -> Callable[[Any], Any]:
    """The formula of a derivative that is refused."""

    def refuse(g: Any) -> Any:
        raise NotImplementedError(f"the derivative for '{op}' is not implemented. {cure}")

    return refuse


class _Underived(Function):
    @staticmethod
    def forward(ctx: Any, op: str, array: Any, *inputs: Any) -> Any:
        ctx.op = op
        return TensorBase.wrap(array)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return no_derivative(ctx.op)(g)


def without_derivative(op: str, array: Any, *inputs: Any) -> Any:
    """A tensor of this array, computed from these inputs by what has no derivative."""
    if state.flags & GRAD and any(isinstance(x, TensorBase) and x.requires_grad for x in inputs):
        return _Underived.apply(op, array, *inputs)
    return TensorBase.wrap(array)
