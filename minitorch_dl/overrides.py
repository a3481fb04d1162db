"""Tools for libraries that override functions by ``__torch_function__``, or whose own can be.

A class with a classmethod ``__torch_function__(cls, func, types, args=(), kwargs=None)`` is called
in place of every public function that gets one of its instances; a subclass of Tensor that has none
of its own gets results of its class. See ``autograd/overriding.py``.

>>> import minitorch_dl as torch
>>> class Length:
...     def __init__(self, metres):
...         self.metres = metres
...
...     @classmethod
...     def __torch_function__(cls, func, types, args=(), kwargs=None):
...         if func is not torch.add:
...             return NotImplemented
...         return Length(sum(length.metres for length in args))
>>> torch.add(Length(2.0), Length(0.5)).metres
2.5
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

from .autograd.overriding import (
    DisableTorchFunction,
    DisableTorchFunctionSubclass,
    EnableTorchFunctionSubclass,
    TorchFunctionMode,
    call_override,
    overriding,
)

__all__ = [
    "BaseTorchFunctionMode", "DisableTorchFunction", "DisableTorchFunctionSubclass",
    "TorchFunctionMode", "enable_reentrant_dispatch", "handle_torch_function",
    "has_torch_function", "has_torch_function_unary", "has_torch_function_variadic",
    "is_tensor_like", "wrap_torch_function",
]  # fmt: skip


def has_torch_function(relevant_args: Iterable[Any]) -> bool:
    """Whether the class of one of these arguments, or a mode, overrides functions."""
    return overriding(relevant_args) is not None


def has_torch_function_unary(tensor: Any) -> bool:
    """``has_torch_function((tensor,))``."""
    return overriding((tensor,)) is not None


def has_torch_function_variadic(*tensors: Any) -> bool:
    """``has_torch_function(tensors)``."""
    return overriding(tensors) is not None


def handle_torch_function(
    public_api: Callable[..., Any], relevant_args: Iterable[Any], *args: Any, **kwargs: Any
) -> Any:
    """The result of the override of ``public_api(*args, **kwargs)``.

    Args:
        relevant_args: the arguments whose classes may override it.

    Raises:
        TypeError: there is no override, or each returned ``NotImplemented``.
    """
    return call_override(public_api, overriding(relevant_args) or [], args, kwargs)


def wrap_torch_function(dispatcher: Callable[..., Iterable[Any]]) -> Callable[..., Any]:
    """A decorator that lets classes override a function of the caller's own.

    Args:
        dispatcher: called as the function is; returns the arguments whose classes may override it.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            relevant = overriding(dispatcher(*args, **kwargs))
            if relevant is None:
                return function(*args, **kwargs)
            return call_override(wrapped, relevant, args, kwargs)

        return wrapped

    return decorate


def is_tensor_like(inp: Any) -> bool:
    """Whether ``inp`` is a Tensor or of a class with a ``__torch_function__``."""
    return hasattr(type(inp), "__torch_function__")


class BaseTorchFunctionMode(TorchFunctionMode):
    """A mode that lets every function do what it does."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        return func(*args, **(kwargs or {}))


enable_reentrant_dispatch = EnableTorchFunctionSubclass
