"""Run PyTorch programs on this package: while ``as_torch()`` is active, ``import torch`` means
``minitorch_dl``.

Names are found where PyTorch keeps them: ``torch.nn.modules.conv.Conv2d`` is
``minitorch_dl.nn.Conv2d``.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.metadata
import sys
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing import spawn
from pathlib import Path
from types import ModuleType
from typing import Any

from ..autograd.hook_handles import RemovableHandle
from ..backend.random import Generator
from ..nn.parameter import Buffer, Parameter
from ..tensor import Tensor
from ..torch_version import __version__ as _api_version
from ..utils.data import DataLoader
from .module_map import elsewhere
from .names import alias, delegate

PACKAGE = __name__.partition(".")[0]
_EVERYTHING = importlib.metadata.DistributionFinder.Context()
_HOMES = {
    Tensor: "torch",
    Parameter: "torch.nn.parameter",
    Buffer: "torch.nn.parameter",
    DataLoader: "torch.utils.data.dataloader",
    Generator: "torch._C",
    RemovableHandle: "torch.utils.hooks",
}
"""Where these classes say they are from: by that, libraries know whose arrays, or whose batches,
they are given."""


class _Metadata(importlib.metadata.Distribution):
    """What an installed torch would say of itself: libraries look up its version."""

    def read_text(self, filename: str) -> str | None:
        text = f"Metadata-Version: 2.1\nName: torch\nVersion: {_api_version}\n"
        return text if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        return Path(__file__).parents[1] / path


class _Finder(importlib.metadata.DistributionFinder):
    """Finds ``torch.a.b`` as ``minitorch_dl.a.b``."""

    def find_distributions(self, context: Any = _EVERYTHING) -> Iterator[Any]:
        if context.name in (None, "torch"):
            yield _Metadata()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> Any:
        name, _, rest = fullname.partition(".")
        if fullname == "functorch":  # a package of its own, which comes with PyTorch
            return alias(fullname, importlib.import_module(f"{PACKAGE}.functorch"))
        if name != "torch":
            return None
        module = self._inner(rest.removesuffix(".__main__")) if rest else self._top()
        if module is None:
            raise ModuleNotFoundError(
                f"minitorch_dl has no module {rest} (torch.{rest})", name=fullname
            )
        self._keep_functions(fullname, module)
        return alias(fullname, module)

    def _keep_functions(self, fullname: str, module: ModuleType) -> None:
        """Let functions such as ``torch.autograd.gradcheck`` stay what their name means when the
        file of the same name is imported, which would put the module in their place."""
        home = PACKAGE + fullname.removeprefix("torch")
        for name, value in vars(module).items():
            inner = sys.modules.get(f"{home}.{name}")
            rest = f"{fullname}.{name}".partition(".")[2]
            if elsewhere(rest) is not None:
                if callable(value):
                    sys.modules.setdefault(f"{fullname}.{name}", delegate(rest))
            elif inner is not None and inner is not value:
                sys.modules.setdefault(f"{fullname}.{name}", inner)

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
            return delegate(rest)
        try:
            return importlib.import_module(f"{PACKAGE}.{rest}")
        except ModuleNotFoundError as error:
            if error.name is None or not error.name.startswith(PACKAGE):
                raise
        value: Any = importlib.import_module(PACKAGE)
        for part in rest.split("."):
            value = getattr(value, part, None)
        return value if isinstance(value, ModuleType) else None


class as_torch:
    """Let ``import torch`` mean this package inside the block, whether PyTorch is installed or not,
    and in the processes that are started there.

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
        self._homes = {cls: cls.__module__ for cls in _HOMES}
        _move(_HOMES)
        self._prepared = prepared = spawn.get_preparation_data
        spawn.get_preparation_data = lambda name: {**prepared(name), PACKAGE: _ThereToo()}
        return self

    def __exit__(self, *exc: object) -> None:
        spawn.get_preparation_data = self._prepared
        _move(self._homes)
        sys.meta_path.remove(self._finder)
        _pop_torch()
        sys.modules.update(self._hidden)


def _move(homes: Mapping[type, str]) -> None:
    for cls, home in homes.items():
        cls.__module__ = home


class _ThereToo:
    """Enters ``as_torch`` where it is unpickled: in a new process, before the program's main file
    is imported."""

    def __reduce__(self) -> Any:
        return _enter, ()


def _enter() -> None:
    as_torch().__enter__()


def _pop_torch() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name.partition(".")[0] in ("torch", "functorch")]
    return {name: sys.modules.pop(name) for name in names}
