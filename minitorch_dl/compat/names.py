"""Names where PyTorch keeps them: its folders that don't exist here, and the nearest names there
are for one that is missing.

Every program imports this, so it takes nothing from ``importlib`` that takes time to import.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import os
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType, ModuleType
from typing import Any

from .module_map import (
    ELSEWHERE,
    LAYER_FILES,
    NAMESPACES,
    NOT_SUPPORTED,
    PRIVATE,
    elsewhere,
)

PACKAGE = __name__.partition(".")[0]


def path_for_children() -> str:
    """The PYTHONPATH with which ``import torch`` means this package in Pythons started later."""
    folder = os.path.join(os.path.dirname(__file__), "for_children")
    inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return os.pathsep.join(dict.fromkeys([folder, *filter(None, inherited)]))


def explain_missing(module: ModuleType, lazy: Mapping[str, str] = MappingProxyType({})) -> None:
    """Have a namespace answer a name that it lacks with the nearest names that it has, and leave
    the files that it is made of out of ``dir`` and ``import *``.

    Args:
        lazy: names that it has once they are asked for: the modules in it that have them, or are
            them.
    """
    namespace = module.__name__.partition(".")[2]
    prefix = f"{namespace}." if namespace else ""

    def __getattr__(name: str) -> Any:
        full = prefix + name
        if elsewhere(full) is not None:
            if hasattr(module, "__path__"):
                return importlib.import_module(f"{PACKAGE}.{full}")
            found = delegate(full)  # a file's names can't be imported from it
            setattr(module, name, found)
            return found
        if name in PRIVATE:
            return _private(name)
        if name == "__all__":
            files = {n for n in __dir__() if isinstance(vars(module).get(n), ModuleType)}
            unwanted = {n for n in lazy if lazy[n] == n} | (set() if namespace else files)
            return [n for n in __dir__() if not n.startswith("_") and n not in unwanted]
        if name.startswith("__"):
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        if name in lazy:
            home = importlib.import_module(f"{module.__name__}.{lazy[name]}")
            value = home if lazy[name] == name else getattr(home, name)
            setattr(module, name, value)
            return value
        if name in NOT_SUPPORTED:
            raise AttributeError(
                f"minitorch_dl has no torch.{name}: {NOT_SUPPORTED[name]} are not supported"
            )
        known = [n for n in dir(module) if not n.startswith("_")]
        import difflib  # a millisecond

        near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
        hint = f" Nearest here: {', '.join(near)}." if near else ""
        raise AttributeError(f"minitorch_dl has no {full} (torch.{full}).{hint}")

    def __dir__() -> list[str]:
        own = vars(module).items()
        files = {n for n, v in own if isinstance(v, ModuleType) and prefix + n not in NAMESPACES}
        return sorted({*vars(module), *lazy} - files)

    module.__getattr__ = __getattr__  # type: ignore[method-assign]
    module.__dir__ = __dir__  # type: ignore[method-assign]


class _Loader:
    """Gives an existing module under another name."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.spec = getattr(module, "__spec__", None)

    def create_module(self, spec: Any) -> ModuleType:
        return self.module

    def get_code(self, fullname: str) -> Any:
        """What ``python -m`` runs."""
        return compile(f"from {self.module.__name__} import main\nmain()", fullname, "exec")

    def exec_module(self, module: ModuleType) -> None:
        if self.spec is not None:
            module.__spec__ = self.spec  # the import system has put the alias's there


def alias(name: str, module: ModuleType) -> importlib.machinery.ModuleSpec:
    """How to import ``module`` as ``name``."""
    loader: Any = _Loader(module)
    is_package = not name.endswith(".__main__")  # as which python -m runs a package
    origin = getattr(module, "__file__", None)
    return importlib.machinery.ModuleSpec(name, loader, origin=origin, is_package=is_package)


class _Folders:
    """Finds PyTorch's folders that don't exist here under this package's name:
    ``from minitorch_dl.nn.modules.conv import Conv2d``.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> Any:
        package, _, rest = fullname.partition(".")
        if package != PACKAGE or elsewhere(rest) is None:
            return None
        return alias(fullname, delegate(rest))


def delegate(name: str) -> ModuleType:
    """A module that finds every name of PyTorch's ``name`` where it is here."""
    source = importlib.import_module(f"{PACKAGE}.{elsewhere(name)}".rstrip("."))
    module = ModuleType(f"torch.{name}")
    module.__path__ = []
    files = LAYER_FILES.get(name.removeprefix("nn.modules."), "").split()
    layers = [importlib.import_module(f"{PACKAGE}.nn.{file}") for file in files]
    for file in layers:
        vars(module).update((known, getattr(file, known)) for known in file.__all__)

    def __getattr__(attribute: str) -> Any:
        if attribute == "__all__":  # so that import * finds something
            names = dir(module if layers else source)
            return [known for known in names if not known.startswith("_")]
        if f"{name}.{attribute}" in ELSEWHERE:
            return importlib.import_module(f"{PACKAGE}.{name}.{attribute}")
        if attribute in PRIVATE:
            return _private(attribute)
        for file in layers:
            if isinstance(found := vars(file).get(attribute), type):  # what its layers derive from
                return found
        return getattr(source, attribute)

    module.__getattr__ = __getattr__  # type: ignore[method-assign]
    return module


def _private(name: str) -> Any:
    file, own = PRIVATE[name]
    return getattr(importlib.import_module(f"{PACKAGE}.{file}"), own)


sys.meta_path.append(_Folders())
