"""The gradients of convolutions as functions of their own, by PyTorch's names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..autograd import enable_grad, grad as _grad
from ..ops.convolution import conv1d, conv2d, conv3d
from ..tensor import Tensor

__all__ = [
    "conv1d_input", "conv1d_weight", "conv2d_input", "conv2d_weight", "conv3d_input",
    "conv3d_weight",
]  # fmt: skip


def _of_input(conv: Callable[..., Tensor], name: str) -> Callable[..., Tensor]:
    def gradient(
        input_size: Sequence[int],
        weight: Tensor,
        grad_output: Tensor,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Tensor:
        # A convolution is linear: the input's values don't matter, and none need memory.
        input = weight.detach().new_zeros(()).expand(tuple(input_size)).requires_grad_()
        with enable_grad():
            output = conv(input, weight, None, stride, padding, dilation, groups)
        (found,) = _grad(output, input, grad_output, create_graph=_recorded(weight, grad_output))
        return found

    return _named(gradient, name, "input", conv)


def _of_weight(conv: Callable[..., Tensor], name: str) -> Callable[..., Tensor]:
    def gradient(
        input: Tensor,
        weight_size: Sequence[int],
        grad_output: Tensor,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Tensor:
        weight = input.detach().new_zeros(()).expand(tuple(weight_size)).requires_grad_()
        with enable_grad():
            output = conv(input, weight, None, stride, padding, dilation, groups)
        (found,) = _grad(output, weight, grad_output, create_graph=_recorded(input, grad_output))
        return found

    return _named(gradient, name, "weight", conv)


def _recorded(*tensors: Tensor) -> bool:
    """Whether the gradient is to be differentiated again."""
    return any(x.requires_grad for x in tensors)


def _named(gradient: Any, name: str, of: str, conv: Any) -> Any:
    gradient.__name__ = gradient.__qualname__ = name
    gradient.__doc__ = (
        f"The gradient of ``{conv.__name__}`` with respect to its {of}, of the size "
        f"``{of}_size``, for the gradient ``grad_output`` of its output."
    )
    return gradient


conv1d_input, conv1d_weight = _of_input(conv1d, "conv1d_input"), _of_weight(conv1d, "conv1d_weight")
conv2d_input, conv2d_weight = _of_input(conv2d, "conv2d_input"), _of_weight(conv2d, "conv2d_weight")
conv3d_input, conv3d_weight = _of_input(conv3d, "conv3d_input"), _of_weight(conv3d, "conv3d_weight")
