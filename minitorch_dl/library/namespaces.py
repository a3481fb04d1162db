"""Ops by namespace: ``Library`` registers them, ``torch.ops`` finds them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..compat import aten
from ..compat.module_map import COMPILED
from .custom_ops import REGISTERED, op_named

__all__ = ["Library", "ops"]


class Library:
    """A namespace of ops: ``define`` names one, ``impl`` gives it a kernel.

    Args:
        ns: the namespace.
        kind: "DEF", "IMPL" or "FRAGMENT".
        dispatch_key: the default of ``impl``.

    >>> import minitorch_dl as torch
    >>> library = torch.library.Library("shapes", "DEF")
    >>> name = library.define("double(Tensor x) -> Tensor")
    >>> library.impl(name, lambda x: 2 * x, "CPU")
    >>> from minitorch_dl.library import ops
    >>> ops.shapes.double(torch.ones(2))
    tensor([2., 2.])
    """

    def __init__(self, ns: str, kind: str, dispatch_key: str = "") -> None:
        if kind not in ("DEF", "IMPL", "FRAGMENT"):
            raise ValueError(f"Unsupported library kind: {kind}")
        self.ns, self.kind, self.dispatch_key = ns, kind, dispatch_key

    def define(self, schema: str, alias_analysis: str = "", *, tags: Any = ()) -> str:
        """Name the op that ``name(Tensor x, ...) -> Tensor`` describes; returns its name."""
        name, _, rest = schema.partition("(")
        op_named(f"{self.ns}::{name}", f"({rest}")
        return name

    def impl(
        self, op_name: Any, fn: Callable[..., Any], dispatch_key: str = "", **options: Any
    ) -> None:
        """Compute the op by ``fn`` for a key.

        Args:
            dispatch_key: "CPU" or "CUDA"; "Meta": ``register_fake``; "AutocastCPU" or
                "AutocastCUDA": under ``autocast``, which is off inside ``fn``;
                "CompositeImplicitAutograd": all devices, and its derivative is that of the ops in
                it; any other: all devices.
        """
        name = op_name if isinstance(op_name, str) else op_name.name
        op, key = (
            op_named(f"{self.ns}::{name.rpartition('::')[2]}"),
            dispatch_key or self.dispatch_key,
        )
        if key == "Meta":
            op.register_fake(fn)
        elif key.startswith("Autocast"):
            op.autocasts[key.removeprefix("Autocast").lower()] = fn
        else:
            op.composite = key == "CompositeImplicitAutograd"
            op.register_kernel({"CPU": "cpu", "CUDA": "cuda"}.get(key), fn)


class _Namespace:
    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        found = REGISTERED.get(f"{self._name}::{name}")
        if found is None:
            raise AttributeError(f"'_OpNamespace' '{self._name}' object has no attribute '{name}'")
        return found


class _Overloads:
    """A function of the package under PyTorch's internal name: every overload is the function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.__name__ = function.__name__

    def __str__(self) -> str:
        return f"aten.{self.__name__}"

    def __repr__(self) -> str:
        return f"<OpOverloadPacket(op='{self}')>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._function(*args, **kwargs)

    def __getattr__(self, name: str) -> _Overloads:
        if name.startswith("__"):
            raise AttributeError(name)
        return self


_ATEN = {"_to_copy": "to", "_pin_memory": "pin_memory"}


class _Aten(_Namespace):
    """``torch.ops.aten``: the functions of the package."""

    def __getattr__(self, name: str) -> Any:
        package = sys.modules[__package__.partition(".")[0]]
        for home in (aten, package, package.Tensor):
            if callable(function := getattr(home, _ATEN.get(name, name), None)):
                found = self.__dict__[name] = _Overloads(function)
                return found
        raise AttributeError(f"'_OpNamespace' 'aten' object has no attribute '{name}'")


class _Ops:
    """``torch.ops``: the registered ops by namespace."""

    aten = _Aten("aten")

    def __getattr__(self, name: str) -> _Namespace:
        if name.startswith("__"):
            raise AttributeError(name)
        found = self.__dict__[name] = _Namespace(name)
        return found

    def load_library(self, path: str) -> None:
        """Register the ops of a compiled library: of torchvision's ``_C``, whose ops are here, too.

        Raises:
            OSError: any other, since it calls PyTorch's own library.
        """
        file = Path(path)
        home = COMPILED.get(f"{file.parent.name}/{file.stem.removesuffix('_stable')}")
        if home is None:
            raise OSError(f"{path} is compiled for PyTorch; minitorch_dl can't load it")
        importlib.import_module(f"{__package__.partition('.')[0]}.{home}")


ops: Any = _Ops()
