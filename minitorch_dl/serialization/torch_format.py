"""The zip files of PyTorch's ``torch.save``, since 1.6.

Such a file holds a pickle, ``<name>/data.pkl``, and each storage's bytes, ``<name>/data/<key>``.
The pickle is read by an unpickler that knows the few names that tensors and containers need, so no
code from the file is run.
"""

from __future__ import annotations

import mmap
import pickle
import pickletools
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..backend.dtypes import uint8
from ..ops.storage import TypedStorage, UntypedStorage
from . import options, pickles
from .map_location import StorageMapper
from .memory import Stored
from .zip_file import content_of, damaged, mapped, write_record

VERSION = b"3\n"


def write(file: BinaryIO, name: str, content: bytes, storages: list[Stored]) -> None:
    """Write a pickle and the storages that it refers to, in a folder ``name``."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        write_record(archive, f"{name}/data.pkl", content)
        write_record(archive, f"{name}/byteorder", sys.byteorder.encode())
        for storage in storages:
            skips = options.skips_data()
            values = np.zeros(storage.nbytes, np.uint8) if skips else storage.content()
            write_record(archive, f"{name}/data/{storage.key}", values)
        write_record(archive, f"{name}/version", VERSION)


def is_torch_zip(archive: zipfile.ZipFile) -> bool:
    """Whether an open zip file is one of PyTorch's."""
    return _root(archive) is not None


def _root(archive: zipfile.ZipFile) -> str | None:
    """The folder that all members are in."""
    for name in archive.namelist():
        folder, _, rest = name.rpartition("/")
        if rest == "data.pkl" and "/" not in folder:
            return f"{folder}/" if folder else ""
    return None


def read(
    archive: zipfile.ZipFile,
    name: str,
    mapper: StorageMapper,
    path: Path | None = None,
    **load_args: Any,
) -> Any:
    """What the file holds, its tensors where ``mapper`` puts them.

    ``path``: the file's, if its storages are to be mapped.
    """
    root = _root(archive)
    assert root is not None
    storages = _Storages(archive, root, mapper, path)
    try:
        content = BytesIO(content_of(archive, f"{root}data.pkl"))
        return pickles.unpickler(content, storages.find, **load_args).load()
    except (zipfile.BadZipFile, EOFError, KeyError, ValueError, IndexError, OSError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise
        raise damaged(name, error) from error


def globals_of(archive: zipfile.ZipFile) -> list[tuple[str, str]]:
    """The modules and names of all that the file names."""
    content = content_of(archive, f"{_root(archive)}data.pkl")
    found = [str(arg) for op, arg, _ in pickletools.genops(content) if op.name == "GLOBAL"]
    return [(module, name) for module, name in map(str.split, dict.fromkeys(found))]


class _Storages:
    """The storages of a file, each read when it is first asked for."""

    def __init__(
        self, archive: zipfile.ZipFile, root: str, mapper: StorageMapper, path: Path | None
    ) -> None:
        self._archive, self._root, self._mapper, self._path = archive, root, mapper, path
        self._found: dict[str, TypedStorage | UntypedStorage] = {}
        order = options.default_byteorder()
        if f"{root}byteorder" in archive.namelist():
            order = content_of(archive, f"{root}byteorder").decode().strip()
            if order not in ("little", "big"):
                raise ValueError(f"Unknown endianness type: {order}")
        self._swaps = order != sys.byteorder

    def find(self, pid: Any) -> TypedStorage | UntypedStorage:
        """The storage of a persistent id."""
        kind, stored, key, location, _ = pid
        if text(kind) != "storage":
            raise pickle.UnpicklingError(f"expected a storage in the file, got {kind!r}")
        if key not in self._found:
            dtype = uint8 if stored is UntypedStorage else stored.dtype
            array = self._mapper.put(self._array(key, dtype.numpy), text(location))
            cls = UntypedStorage if stored is UntypedStorage else TypedStorage
            self._found[key] = cls.over(array)
        return self._found[key]

    def _array(self, key: str, dtype: np.dtype) -> np.ndarray:
        member = f"{self._root}data/{key}"
        if options.skips_data():
            return np.empty(self._archive.getinfo(member).file_size // dtype.itemsize, dtype)
        if self._path is not None:
            array = mapped(self._archive, member, self._path, dtype, _maps_are_shared())
        else:
            array = np.frombuffer(bytearray(content_of(self._archive, member)), dtype)
        return array.byteswap() if self._swaps and dtype.itemsize > 1 else array


def _maps_are_shared() -> bool:
    return options.get_default_mmap_options() == mmap.MAP_SHARED


def text(value: Any) -> str:
    """A string of the format itself; in Python 2's pickles it may have come as bytes."""
    return value.decode("ascii") if isinstance(value, bytes) else value
