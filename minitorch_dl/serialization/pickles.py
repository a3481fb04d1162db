"""Pickles in PyTorch's language: tensors apart from their memory, classes by PyTorch's names."""

from __future__ import annotations

import pickle
import secrets
from collections.abc import Callable
from io import BytesIO
from types import FunctionType
from typing import Any

from ..autograd.primitive import TensorBase
from ..backend.dtypes import dtype
from ..backend.layouts import layout, memory_format, qscheme
from ..ops.storage import TypedStorage, UntypedStorage
from .memory import Memory, Stored
from .names import DATA, Path, counterpart, path_in_pytorch
from .rebuild import parts_of, parts_of_layout
from .safe_globals import permitted

# -- writing ---------------------------------------------------------------------------------------


class Names:
    """PyTorch's names of this package's classes, on their way into a pickle.

    A pickler writes a class by a name, which must lead to the class; PyTorch's lead elsewhere. So
    it is given a persistent id, a random number that takes just as many bytes as the name, and the
    name is put there when all is written.
    """

    def __init__(self) -> None:
        self._numbers: dict[Path, int] = {}

    def number(self, path: Path) -> int:
        """The persistent id that stands for a name."""
        if path not in self._numbers:
            free = len(_global(path)) - len(_persistent(b""))
            number = b"%s\x40" % secrets.token_bytes(free - 1)  # its last byte makes it positive
            self._numbers[path] = int.from_bytes(number, "little")
        return self._numbers[path]

    def put_into(self, content: bytes) -> bytes:
        """The pickle with the names in their places."""
        for path, number in self._numbers.items():
            name = _global(path)
            digits = number.to_bytes(len(name) - len(_persistent(b"")), "little")
            content = content.replace(_persistent(digits), name)
        return content


def _global(path: Path) -> bytes:
    """The opcodes that push what is at a path."""
    return pickle.GLOBAL + "{}\n{}\n".format(*path).encode()


def _persistent(number: bytes) -> bytes:
    """The opcodes that push what has a number as its persistent id."""
    return pickle.LONG1 + bytes([len(number)]) + number + pickle.BINPERSID


def dumps(
    obj: Any, pickle_module: Any, protocol: int, legacy: bool = False
) -> tuple[bytes, list[Stored]]:
    """The pickle of an object, and the storages that it refers to by their keys.

    It takes two passes, of which the first shows what memory the tensors share. ``legacy``: refer
    to them as the older format does.
    """
    protocol = 2 if protocol in (0, 1) else protocol
    memory, names = Memory(), Names()

    def noted(array: Any) -> tuple[Stored, int, tuple[int, ...]]:
        memory.note(array)
        return Stored("", "", 0, 0, [array]), 0, ()

    def found(array: Any) -> tuple[Stored, int, tuple[int, ...]]:
        storage = memory.find(array)
        return storage, *storage.place(array)

    def written(stored: Callable[[Any], Any]) -> bytes:
        buffer = BytesIO()
        _pickler(pickle_module, buffer, protocol, names, stored, legacy).dump(obj)
        return buffer.getvalue()

    content = written(noted)
    if memory:
        memory.cut()
        content = written(found)
    return names.put_into(content), list(memory.used.values())


def _pickler(
    pickle_module: Any,
    file: BytesIO,
    protocol: int,
    names: Names,
    stored: Callable[[Any], tuple[Stored, int, tuple[int, ...]]],
    legacy: bool,
) -> Any:
    """A pickler that writes tensors as their parts, over the storages that ``stored`` finds."""

    class Pickler(pickle_module.Pickler):
        def persistent_id(self, obj: Any) -> Any:
            if isinstance(obj, _NAMED):
                path = path_in_pytorch(obj)
                return None if path is None else names.number(path)
            if isinstance(obj, (TypedStorage, UntypedStorage)):
                obj = stored(obj._row.array)[0]
            if isinstance(obj, Stored):
                return (*obj.persistent_id(), None) if legacy else obj.persistent_id()
            return None

        def reducer_override(self, obj: Any) -> Any:
            if isinstance(obj, TensorBase):
                return parts_of(obj, stored)
            if isinstance(obj, layout):
                return parts_of_layout(obj)
            base = getattr(super(), "reducer_override", None)
            return NotImplemented if base is None else base(obj)

    return Pickler(file, protocol)


_NAMED = (type, FunctionType, dtype, memory_format, qscheme)

# -- reading ---------------------------------------------------------------------------------------


def unpickler(
    file: Any,
    persistent_load: Callable[[Any], Any],
    weights_only: bool,
    pickle_module: Any = pickle,
    **options: Any,
) -> Any:
    """An unpickler of such a pickle. ``weights_only``: that makes nothing but data."""

    class Unpickler(pickle_module.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            module, name = renamed(module, name)
            if weights_only:
                return permitted(module, name)
            known = DATA.get((module, name))
            if known is not None:
                return known
            if module == "torch" or module.startswith("torch."):
                return counterpart(module, name)
            return super().find_class(module, name)

    made = Unpickler(file, **options)
    made.persistent_load = persistent_load
    return made


def renamed(module: str, name: str) -> Path:
    """What Python 3 calls what is named as in Python 2."""
    from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING  # as pickle does

    return NAME_MAPPING.get((module, name)) or (IMPORT_MAPPING.get(module, module), name)
