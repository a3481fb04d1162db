"""What functions ask before they work on tensors of other libraries: there are none here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .tensor import Tensor

__all__ = [
    "handle_torch_function", "has_torch_function", "has_torch_function_unary",
    "has_torch_function_variadic", "is_tensor_like",
]  # fmt: skip


def has_torch_function(relevant_args: Any) -> bool:
    """False: no argument overrides functions."""
    return False


def has_torch_function_unary(tensor: Any) -> bool:
    """False: the argument doesn't override functions."""
    return False


def has_torch_function_variadic(*tensors: Any) -> bool:
    """False: no argument overrides functions."""
    return False


def handle_torch_function(
    public_api: Callable[..., Any], relevant_args: Any, *args: Any, **kwargs: Any
) -> Any:
    """Call the function itself."""
    return public_api(*args, **kwargs)


def is_tensor_like(inp: Any) -> bool:
    """Whether ``inp`` is a Tensor."""
    return isinstance(inp, Tensor)
