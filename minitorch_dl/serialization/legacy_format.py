"""The files of PyTorch's ``torch.save`` before 1.6, and with
``_use_new_zipfile_serialization=False``.

Such a file is a row of pickles: a magic number, the format's version, the system's sizes, the
object, and the keys of the storages; after them each storage's number of elements and its bytes.
"""

from __future__ import annotations

import pickle
import sys
from typing import Any, BinaryIO

import numpy as np

from ..backend.dtypes import uint8
from ..ops.storage import TypedStorage
from . import pickles
from .map_location import StorageMapper
from .memory import Stored
from .names import DATA
from .torch_format import text
from .zip_file import Source, damaged

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
VERSION = 1001
SYSTEM = {
    "protocol_version": VERSION,
    "little_endian": sys.byteorder == "little",
    "type_sizes": {"short": 2, "int": 4, "long": 4},
}


def write(file: BinaryIO, content: bytes, storages: list[Stored]) -> None:
    """Write a pickle, and the storages that it refers to."""
    for header in (MAGIC_NUMBER, VERSION, SYSTEM):
        pickle.dump(header, file, 2)
    file.write(content)
    pickle.dump([storage.key for storage in storages], file, 2)
    for storage in storages:
        file.write(storage.persistent_id()[-1].to_bytes(8, "little"))
        file.write(storage.content().data)


def read(source: Source, mapper: StorageMapper, weights_only: bool, **load_args: Any) -> Any:
    """What the file holds. Raises ArchiveError for a file of another kind.

    The object comes before the storages' bytes. So its pickle is read twice: first only to see
    what storages there are.
    """
    file = source.file

    def plain() -> Any:
        return pickles.unpickler(file, _refuse, weights_only=True).load()

    try:
        if (plain(), plain()) != (MAGIC_NUMBER, VERSION):
            raise source.unknown()
        storages = _Storages(mapper, little_endian=plain()["little_endian"])
    except (pickle.UnpicklingError, EOFError, LookupError, ValueError) as error:
        raise source.unknown() from error
    try:
        start = file.tell()
        _Outline(file, storages).load()
        for key in plain():
            storages.read(key, file)
        end = file.tell()
        file.seek(start)
        made = pickles.unpickler(file, storages.find, weights_only, **load_args).load()
        file.seek(end)
        return made
    except (pickle.UnpicklingError, EOFError, LookupError, ValueError) as error:
        if isinstance(error, pickle.UnpicklingError) and "truncated" not in str(error):
            raise
        if isinstance(error, UnicodeDecodeError):
            raise
        raise damaged(source.name, error) from error


def _refuse(pid: Any) -> Any:
    raise pickle.UnpicklingError(f"expected no persistent id here, got {pid!r}")


class _Anything:
    """Stands for whatever a pickle makes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    __call__ = __setitem__ = __setstate__ = append = extend = add = __init__


class _Outline(pickle.Unpickler):
    """Goes through a pickle for the persistent ids in it, and makes nothing."""

    def __init__(self, file: BinaryIO, storages: _Storages) -> None:
        super().__init__(file, encoding="latin1")
        self._storages = storages

    def persistent_load(self, pid: Any) -> _Anything:
        return self._storages.note(pid)

    def find_class(self, module: str, name: str) -> Any:
        is_storage = module.startswith("torch") and name.endswith("Storage")
        return DATA[module, name] if is_storage else _Anything


class _Storages:
    """The storages of a file."""

    def __init__(self, mapper: StorageMapper, little_endian: bool) -> None:
        self._mapper = mapper
        self._swaps = little_endian != (sys.byteorder == "little")
        self._noted: dict[Any, tuple[Any, str]] = {}
        self._found: dict[Any, TypedStorage] = {}

    def note(self, pid: Any) -> _Anything:
        """Keep the dtype and the device of a storage in mind."""
        if text(pid[0]) == "storage":
            stored, key, location = pid[1:4]
            self._noted[text(key)] = getattr(stored, "dtype", uint8).numpy, text(location)
        return _Anything()

    def read(self, key: Any, file: BinaryIO) -> None:
        """Read the bytes of a storage."""
        dtype, location = self._noted[text(key)]
        numel = int.from_bytes(file.read(8), "big" if self._swaps else "little")
        array = np.frombuffer(bytearray(file.read(numel * dtype.itemsize)), dtype)
        if array.size != numel:
            raise EOFError(f"a storage of {numel} elements has {array.size}")
        array = self._mapper.put(array.byteswap() if self._swaps else array, location)
        self._found[text(key)] = TypedStorage.over(array)

    def find(self, pid: Any) -> Any:
        """The storage of a persistent id, or the class of one that came with its source code."""
        kind, *rest = pid
        if text(kind) == "module":
            return rest[0]
        if text(kind) != "storage":
            raise pickle.UnpicklingError(f"expected a storage in the file, got {kind!r}")
        found = self._found[text(rest[1])]
        view = rest[4]
        if view is None:
            return found
        view_key, offset, size = view
        return self._found.setdefault(text(view_key), found[offset : offset + size])
