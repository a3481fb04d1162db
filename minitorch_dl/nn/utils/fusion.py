"""Folding a batch normalisation into the layer before it, for inference."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from ...ops import rsqrt, zeros_like
from ...tensor import Tensor
from ..module import Module
from ..parameter import Parameter

__all__ = [
    "fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights",
]  # fmt: skip

M = TypeVar("M", bound=Module)


def _check(layer: Module, bn: Any) -> None:
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("bn.running_mean and bn.running_var must not be None")


def fuse_conv_bn_eval(conv: M, bn: Any, transpose: bool = False) -> M:
    """A copy of a convolution that does the batch normalisation after it too; both in eval mode."""
    _check(conv, bn)
    fused: Any = copy.deepcopy(conv)
    statistics = (bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        fused.weight, fused.bias, *statistics, transpose
    )
    return fused


def fuse_conv_bn_weights(
    conv_w: Tensor,
    conv_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """Weight and bias of the convolution that equals ``bn(conv(x))``.

    ``γ / √(σ² + ε)`` scales the output channels, axis 0 of the weight or, for a transposed
    convolution (``transpose``), axis 1; the bias becomes ``(b - μ) γ / √(σ² + ε) + β``.
    """
    shape = [1] * conv_w.ndim
    shape[1 if transpose else 0] = -1
    scale = rsqrt(bn_rv + bn_eps)
    if bn_w is not None:
        scale = bn_w * scale
    bias = zeros_like(bn_rm) if conv_b is None else conv_b
    bias = (bias - bn_rm) * scale
    if bn_b is not None:
        bias = bias + bn_b
    weight = (conv_w * scale.reshape(shape)).to(conv_w.dtype)
    bias = bias.to(conv_w.dtype if conv_b is None else conv_b.dtype)
    requires_grad = conv_w.requires_grad
    bias_requires_grad = requires_grad if conv_b is None else conv_b.requires_grad
    return Parameter(weight.detach(), requires_grad), Parameter(bias.detach(), bias_requires_grad)


def fuse_linear_bn_eval(linear: M, bn: Any) -> M:
    """A copy of a linear layer that does the batch normalisation after it; both in eval mode."""
    _check(linear, bn)
    fused: Any = copy.deepcopy(linear)
    if fused.out_features != bn.num_features and bn.num_features != 1:
        raise AssertionError(
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1, got "
            f"{fused.out_features} and {bn.num_features}"
        )
    fused.weight, fused.bias = fuse_linear_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    return fused


def fuse_linear_bn_weights(
    linear_w: Tensor,
    linear_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
) -> tuple[Parameter, Parameter]:
    """Weight and bias of the linear layer that equals ``bn(linear(x))``."""
    return fuse_conv_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)
