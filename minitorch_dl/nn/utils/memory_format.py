"""The order in memory of convolutions' weights, which here is always row-major."""

from __future__ import annotations

from typing import Any

from ..module import Module

__all__ = ["convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"]


def convert_conv2d_weight_memory_format(module: Module, memory_format: Any) -> Module:
    """The module as it is: a memory format is accepted, and its weights stay row-major."""
    return module


convert_conv3d_weight_memory_format = convert_conv2d_weight_memory_format
