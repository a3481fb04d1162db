"""Tools for libraries that override functions by ``__torch_function__``, or whose own can be.

A class with a classmethod ``__torch_function__(cls, func, types, args=(), kwargs=None)`` is called
in place of every public function that gets one of its instances; a subclass of Tensor that has none
of its own gets results of its class. See ``autograd/torch_function.py``.

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
import importlib
import inspect
import sys
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any

from . import fft, linalg, special
from .autograd.torch_function import (
    DisableTorchFunction,
    DisableTorchFunctionSubclass,
    EnableTorchFunctionSubclass,
    TorchFunctionMode,
    call_override,
    overriding,
)
from .tensor import Tensor

__all__ = [
    "BaseTorchFunctionMode", "DisableTorchFunction", "DisableTorchFunctionSubclass",
    "TorchFunctionMode", "enable_reentrant_dispatch", "get_ignored_functions",
    "get_overridable_functions", "get_testing_overrides", "handle_torch_function",
    "has_torch_function", "has_torch_function_unary", "has_torch_function_variadic",
    "is_tensor_like", "is_tensor_method_or_property", "resolve_name", "wrap_torch_function",
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


# -- which functions there are ---------------------------------------------------------------------


def get_overridable_functions() -> dict[Any, list[Callable[..., Any]]]:
    """The functions that can be overridden, per namespace and for the class Tensor."""
    found, top = dict(_functions()), sys.modules.get("torch")
    if getattr(top, "Tensor", None) is Tensor:  # this package under that name
        found[top] = found[importlib.import_module(__package__)]
    return found


@functools.cache
def _functions() -> dict[Any, list[Callable[..., Any]]]:
    top = importlib.import_module(__package__)
    spaces: list[Any] = [top, top.nn.functional, top.nn.init, linalg, special, fft, Tensor]
    return {
        space: [
            value
            for name, value in vars(space).items()
            if name[0] != "_" and isinstance(value, FunctionType) and _is_op(value)
        ]
        for space in spaces
    }


def _is_op(function: Any) -> bool:
    homes = tuple(
        f"{__package__}.{part}"
        for part in ("ops", "tensor", "nn", "compat.aten", "autograd.inplace")
    )
    module = function.__module__ or ""
    return hasattr(function, "primitive") or module == __package__ or module.startswith(homes)


@functools.cache
def _names() -> dict[Any, str]:
    names: dict[Any, str] = {}
    for space, functions in _functions().items():
        path = "Tensor" if space is Tensor else space.__name__.partition(".")[2]
        for function in functions:
            known = function.__name__
            if vars(space).get(known) is not function:
                known = next((n for n, v in vars(space).items() if v is function), known)
            names.setdefault(function, ".".join(filter(None, ("torch", path, known))))
    for name in dir(Tensor):
        value = inspect.getattr_static(Tensor, name)
        if isinstance(value, FunctionType):
            names.setdefault(value, f"torch.Tensor.{name}")
    return names


def resolve_name(f: Any) -> str | None:
    """The name of a function in PyTorch, such as ``torch.Tensor.add``; None for one that can't be
    overridden.

    >>> import minitorch_dl as torch
    >>> torch.overrides.resolve_name(torch.mean)
    'torch.mean'
    """
    return _names().get(f)


def is_tensor_method_or_property(func: Any) -> bool:
    """Whether ``func`` is a method of Tensor, and no function of a namespace."""
    name = _names().get(func, "")
    return name.startswith("torch.Tensor.") or getattr(func, "__name__", "") == "__get__"


def get_ignored_functions() -> set[Callable[..., Any]]:
    """The functions of the top level that can't be overridden."""
    top = importlib.import_module(__package__)
    known = set(_functions()[top])
    values = [v for name, v in vars(top).items() if name[0] != "_"]
    return {v for v in values if isinstance(v, FunctionType) and v not in known}


@functools.cache
def get_testing_overrides() -> dict[Callable[..., Any], Callable[..., Any]]:
    """Per function that can be overridden another of the same arguments, which returns -1."""

    def like(function: Callable[..., Any]) -> Callable[..., Any]:
        def override(*args: Any, **kwargs: Any) -> int:
            signature.bind(*args, **kwargs)
            return -1

        signature = inspect.signature(function)
        override.__signature__ = signature  # type: ignore[attr-defined]
        return override

    return {f: like(f) for f in _names()}
