"""Nested Python data with arrays in one file that holds no code.

An archive is an uncompressed zip: ``tree.json`` holds the nesting and the scalars, and each array
is one ``.npy`` member that the tree refers to by its number. Nothing in it is pickled, so opening
a stranger's file runs nothing.
"""

from __future__ import annotations

import io
import json
import math
import os
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from .atomic import atomic_write

FORMAT = "minitorch_dl archive"
VERSION = 1
TREE = "tree.json"

_ZIP_MAGIC = b"PK\x03\x04"
_SEQUENCES: dict[str, type] = {"list": list, "tuple": tuple}
_MAPPINGS: dict[str, type] = {"dict": dict, "OrderedDict": OrderedDict}


class ArchiveError(RuntimeError):
    """The file is truncated, damaged, or not an archive that this version reads."""


def save(
    obj: Any,
    path: str | os.PathLike[str],
    *,
    to_array: Callable[[Any], np.ndarray | None] | None = None,
) -> None:
    """Write ``obj`` to ``path``, whole or not at all.

    ``obj`` is made of dicts (also ordered ones; their keys are scalars), lists, tuples, str, int,
    float, bool, None and numeric NumPy arrays. ``to_array(value)`` may turn any other value into an
    array, for which :func:`load` calls ``from_array``. One object met twice is stored once.
    Raises TypeError, naming the place, for what cannot be stored, and OSError from the disk.
    """
    writer = _Writer(to_array)
    tree = writer.encode(obj, "obj")
    header = json.dumps({"format": FORMAT, "version": VERSION, "tree": tree}, allow_nan=False)
    with (
        atomic_write(path) as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive,
    ):
        archive.writestr(zipfile.ZipInfo(TREE), header)
        for number, array in enumerate(writer.arrays):
            with archive.open(zipfile.ZipInfo(_member(number)), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def load(
    path: str | os.PathLike[str],
    *,
    from_array: Callable[[np.ndarray], Any] | None = None,
) -> Any:
    """Read what :func:`save` wrote to ``path``.

    ``from_array`` turns the arrays that ``to_array`` made back into what they were; without it they
    come back as arrays. Raises FileNotFoundError for a missing file and ArchiveError for one that
    is truncated, damaged or foreign.
    """
    path = Path(path)
    try:
        with open(path, "rb") as file:
            return _check_and_read(file, path, from_array)
    except FileNotFoundError:
        raise FileNotFoundError(
            f"load: expected an archive at {str(path)!r}, but there is no such file; check the path"
        ) from None
    except IsADirectoryError:
        raise ArchiveError(
            f"load: expected an archive at {str(path)!r}, but it is a directory; "
            "give the path of the file in it"
        ) from None


def _check_and_read(
    file: BinaryIO, path: Path, from_array: Callable[[np.ndarray], Any] | None
) -> Any:
    magic = file.read(len(_ZIP_MAGIC))
    if magic != _ZIP_MAGIC:
        found = f"starts with the bytes {magic!r}" if magic else "is empty"
        raise ArchiveError(
            f"load: expected a {FORMAT} at {str(path)!r}, but the file {found}; "
            "only files written by minitorch_dl can be read"
        )
    try:
        return _read(file, path, from_array)
    except ArchiveError:
        raise
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError) as error:
        raise ArchiveError(
            f"load: the archive {str(path)!r} is truncated or damaged ({error}); "
            "copy it again from its source or take an earlier one"
        ) from error


def _read(file: BinaryIO, path: Path, from_array: Callable[[np.ndarray], Any] | None) -> Any:
    with zipfile.ZipFile(file) as archive:
        if TREE not in archive.namelist():
            some = ", ".join(archive.namelist()[:3]) or "nothing"
            raise ArchiveError(
                f"load: expected a {FORMAT} at {str(path)!r}, but it is another kind of zip file "
                f"(it holds {some}); only files written by minitorch_dl can be read"
            )
        try:
            header = json.loads(archive.read(TREE))
            if header["format"] != FORMAT:
                raise ValueError(f"its format is {header['format']!r}")
            if header["version"] > VERSION:
                raise ArchiveError(
                    f"load: the archive {str(path)!r} has version {header['version']}, and this "
                    f"minitorch_dl reads up to version {VERSION}; install a newer minitorch_dl"
                )
            return _Reader(archive, from_array).decode(header["tree"])
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise ArchiveError(
                f"load: the contents of {str(path)!r} are not those of a {FORMAT} ({error}); "
                "copy it again from its source or take an earlier one"
            ) from error


def _member(number: int) -> str:
    return f"arrays/{number}.npy"


class _Writer:
    """Turns nested data into a JSON tree and a list of arrays."""

    def __init__(self, to_array: Callable[[Any], np.ndarray | None] | None) -> None:
        self.arrays: list[np.ndarray] = []
        self._to_array = to_array
        self._numbers: dict[int, int] = {}  # id of a stored value -> its array's number
        self._alive: list[Any] = []  # keeps those ids from being used again

    def encode(self, value: Any, place: str) -> Any:
        kind = type(value).__name__
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if type(value) in _SEQUENCES.values():
            return {kind: [self.encode(item, f"{place}[{i}]") for i, item in enumerate(value)]}
        if type(value) in _MAPPINGS.values():
            return {kind: [self._pair(key, item, place) for key, item in value.items()]}
        if isinstance(value, np.ndarray):
            return {"array": self._store(value, value, place)}
        array = None if self._to_array is None else self._to_array(value)
        if array is not None:
            return {"tensor": self._store(value, array, place)}
        raise TypeError(
            f"save: cannot store {place}, a {kind}; expected dicts, lists, tuples, str, int, "
            "float, bool, None, arrays and tensors"
        )

    def _pair(self, key: Any, item: Any, place: str) -> list[Any]:
        if not (key is None or type(key) in (bool, int, float, str)):
            raise TypeError(
                f"save: cannot store a key of {place}, a {type(key).__name__}; expected str, int, "
                "float, bool or None"
            )
        return [self.encode(key, place), self.encode(item, f"{place}[{key!r}]")]

    def _store(self, owner: Any, array: np.ndarray, place: str) -> int:
        if array.dtype.kind not in "biufc":
            raise TypeError(
                f"save: cannot store {place}, an array of dtype {array.dtype}; "
                "expected a bool, integer, floating or complex dtype"
            )
        if id(owner) not in self._numbers:
            self._numbers[id(owner)] = len(self.arrays)
            self._alive.append(owner)
            self.arrays.append(array)
        return self._numbers[id(owner)]


class _Reader:
    """Turns a JSON tree back into nested data."""

    def __init__(
        self, archive: zipfile.ZipFile, from_array: Callable[[np.ndarray], Any] | None
    ) -> None:
        self._archive = archive
        self._from_array = from_array or (lambda array: array)
        self._values: dict[tuple[str, int], Any] = {}

    def decode(self, node: Any) -> Any:
        if not isinstance(node, dict):
            return node
        ((kind, content),) = node.items()
        if kind == "float":
            return float(content)
        if kind in _SEQUENCES:
            return _SEQUENCES[kind](self.decode(item) for item in content)
        if kind in _MAPPINGS:
            return _MAPPINGS[kind]((self.decode(key), self.decode(item)) for key, item in content)
        if kind in ("array", "tensor"):
            return self._value(kind, content)
        raise ValueError(f"it holds an unknown kind of value, {kind!r}")

    def _value(self, kind: str, number: int) -> Any:
        if (kind, number) not in self._values:
            content = io.BytesIO(self._archive.read(_member(number)))  # read whole: checksum first
            array = np.lib.format.read_array(content, allow_pickle=False)
            value = array if kind == "array" else self._from_array(array)
            self._values[kind, number] = value
        return self._values[kind, number]
