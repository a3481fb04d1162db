"""Run PyTorch programs on this package: while ``as_torch()`` is active, ``import torch`` means
``minitorch_dl``.

Names are found where PyTorch keeps them: ``torch.nn.modules.conv.Conv2d`` is
``minitorch_dl.nn.Conv2d``. What is missing here says so, and names the nearest thing there is.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from .torch_places import ELSEWHERE, NOT_SUPPORTED, PRIVATE, elsewhere
from .torch_version import __version__ as _api_version

PACKAGE = __name__.partition(".")[0]
_EVERYTHING = importlib.metadata.DistributionFinder.Context()


def explain_missing(module: ModuleType, late: Mapping[str, str] = MappingProxyType({})) -> None:
    """Have a namespace answer a name that it lacks with the nearest names that it has.

    Args:
        late: names that it has once they are asked for: the modules in it that have them, or are
            them.
    """
    namespace = module.__name__.partition(".")[2]

    def __getattr__(name: str) -> Any:
        full = f"{namespace}.{name}" if namespace else name
        if elsewhere(full) is not None:
            return importlib.import_module(f"{PACKAGE}.{full}")
        if name in PRIVATE:
            return _private(name)
        if name.startswith("__"):
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        if name in late:
            home = importlib.import_module(f"{module.__name__}.{late[name]}")
            value = home if late[name] == name else getattr(home, name)
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

    module.__getattr__ = __getattr__  # type: ignore[method-assign]
    module.__dir__ = lambda: sorted({*vars(module), *late})  # type: ignore[method-assign]


class _Loader(importlib.abc.Loader):
    """Gives an existing module under another name."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.spec = getattr(module, "__spec__", None)

    def create_module(self, spec: Any) -> ModuleType:
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        if self.spec is not None:
            module.__spec__ = self.spec  # the import system has put the alias's there


class _Metadata(importlib.metadata.Distribution):
    """What an installed torch would say of itself: libraries look up its version."""

    def read_text(self, filename: str) -> str | None:
        text = f"Metadata-Version: 2.1\nName: torch\nVersion: {_api_version}\n"
        return text if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        return Path(__file__).parent / path


class _Finder(importlib.metadata.DistributionFinder):
    """Finds ``torch.a.b`` as ``minitorch_dl.a.b``."""

    def find_distributions(self, context: Any = _EVERYTHING) -> Iterator[Any]:
        if context.name in (None, "torch"):
            yield _Metadata()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> Any:
        name, _, rest = fullname.partition(".")
        if name != "torch":
            return None
        module = self._top() if not rest else self._inner(rest)
        if module is None:
            raise ModuleNotFoundError(
                f"minitorch_dl has no module {rest} (torch.{rest})", name=fullname
            )
        return importlib.machinery.ModuleSpec(fullname, _Loader(module), is_package=True)

    def _top(self) -> ModuleType:
        """A copy of the package under the name torch, with the version of the API it follows."""
        package = importlib.import_module(PACKAGE)
        torch = ModuleType("torch", package.__doc__)
        torch.__dict__.update({k: v for k, v in vars(package).items() if k not in vars(torch)})
        ops = importlib.import_module(f"{PACKAGE}.library").ops
        torch.__dict__.update(
            __version__=_api_version, __path__=[], __package__="torch", torch=torch, ops=ops,
            __spec__=importlib.machinery.ModuleSpec("torch", None, is_package=True),
        )  # fmt: skip
        torch.__getattr__ = lambda name: getattr(package, name)  # type: ignore[method-assign]
        return torch

    def _inner(self, rest: str) -> ModuleType | None:
        if elsewhere(rest) is not None:
            return _delegate(rest)
        try:
            return importlib.import_module(f"{PACKAGE}.{rest}")
        except ModuleNotFoundError as error:
            if error.name is None or not error.name.startswith(PACKAGE):
                raise
        value: Any = importlib.import_module(PACKAGE)
        for part in rest.split("."):
            value = getattr(value, part, None)
        return value if isinstance(value, ModuleType) else None


class _Folders(importlib.abc.MetaPathFinder):
    """Finds PyTorch's folders that don't exist here under this package's name:
    ``from minitorch_dl.nn.modules.conv import Conv2d``.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> Any:
        package, _, rest = fullname.partition(".")
        if package != PACKAGE or elsewhere(rest) is None:
            return None
        return importlib.machinery.ModuleSpec(fullname, _Loader(_delegate(rest)), is_package=True)


def _delegate(name: str) -> ModuleType:
    """A module that finds every name of PyTorch's ``name`` where it is here."""
    source = importlib.import_module(f"{PACKAGE}.{elsewhere(name)}".rstrip("."))
    module = ModuleType(f"torch.{name}")
    module.__path__ = []

    def __getattr__(attribute: str) -> Any:
        if f"{name}.{attribute}" in ELSEWHERE:
            return importlib.import_module(f"{PACKAGE}.{name}.{attribute}")
        if attribute in PRIVATE:
            return _private(attribute)
        return getattr(source, attribute)

    module.__getattr__ = __getattr__  # type: ignore[method-assign]
    return module


def _private(name: str) -> Any:
    file, own = PRIVATE[name]
    return getattr(importlib.import_module(f"{PACKAGE}.{file}"), own)


class as_torch:
    """Let ``import torch`` mean this package inside the block, whether PyTorch is installed or not.

    >>> import minitorch_dl
    >>> with minitorch_dl.as_torch():
    ...     import torch
    ...     from torch.nn import functional as F
    >>> F.relu(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def __enter__(self) -> as_torch:
        self._finder = _Finder()
        self._hidden = _pop_torch()
        sys.meta_path.insert(0, self._finder)
        return self

    def __exit__(self, *exc: object) -> None:
        sys.meta_path.remove(self._finder)
        _pop_torch()
        sys.modules.update(self._hidden)


def _pop_torch() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name == "torch" or name.startswith("torch.")]
    return {name: sys.modules.pop(name) for name in names}


sys.meta_path.append(_Folders())
