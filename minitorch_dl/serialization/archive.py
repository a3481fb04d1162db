"""Nested Python data with arrays in one file that holds no code.

An archive is an uncompressed zip: ``tree.json`` holds the nesting and the scalars, and each array
is one ``.npy`` member that the tree refers to by its number. Nothing in it needs pickle, so opening
a stranger's file runs nothing. A :class:`Codec` says how further kinds of values are stored.
"""

from __future__ import annotations

import io
import json
import math
import os
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from .atomic import atomic_write

FORMAT = "minitorch_dl archive"
VERSION = 1
TREE = "tree.json"

_ZIP_MAGIC = b"PK\x03\x04"
_SEQUENCES: dict[str, Any] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}
_MAPPINGS: dict[str, type] = {"dict": dict, "OrderedDict": OrderedDict}
_KEYS = (bool, int, float, str, tuple)
_SPECIAL_DTYPES = {"bfloat16": np.uint16}  # stored as bits: .npy has no name for them


class ArchiveError(RuntimeError):
    """The file is truncated, damaged, or of no kind that this version reads."""


class Codec:
    """How values beyond plain data are stored: as JSON under a name of their own kind."""

    def encode(self, value: Any, writer: Writer, place: str) -> dict[str, Any] | None:
        """``{kind: content}``, whose content may be filled in until ``finish``; None: not known."""
        return None

    def finish(self, writer: Writer) -> None:
        """Called when everything has been encoded."""

    def decode(self, kind: str, content: Any, reader: Reader) -> Any:
        """The value; ValueError for an unknown kind."""
        raise ValueError(f"it holds an unknown kind of value, {kind!r}")


PLAIN = Codec()


def save(obj: Any, f: str | os.PathLike[str] | BinaryIO, codec: Codec = PLAIN) -> None:
    """Write ``obj`` to a path, whole or not at all, or to an open file.

    ``obj`` is made of dicts (also ordered ones; their keys are scalars), lists, tuples, sets, str,
    bytes, int, float, complex, bool, None, NumPy arrays and scalars, and what the codec knows. One
    array met twice is stored once. Raises TypeError, naming the place, for what cannot be stored,
    and OSError from the disk.
    """
    writer = Writer(codec)
    tree = writer.encode(obj, "obj")
    codec.finish(writer)
    header = json.dumps({"format": FORMAT, "version": VERSION, "tree": tree}, allow_nan=False)
    if isinstance(f, (str, os.PathLike)):
        with atomic_write(f) as file:
            _write(file, header, writer.arrays)
    else:
        buffer = io.BytesIO()  # the file may not be seekable
        _write(buffer, header, writer.arrays)
        f.write(buffer.getvalue())


def _write(file: BinaryIO, header: str, arrays: list[np.ndarray]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(TREE), header)
        for number, array in enumerate(arrays):
            with archive.open(zipfile.ZipInfo(_member(number)), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def open_zip(f: str | os.PathLike[str] | BinaryIO) -> tuple[zipfile.ZipFile, str]:
    """The zip file at a path or in an open file, and how error messages call it.

    Raises FileNotFoundError, and ArchiveError for a directory or anything that is no whole zip.
    """
    source: Any
    if isinstance(f, (str, os.PathLike)):
        source, name = Path(f), repr(str(Path(f)))
        try:
            with open(source, "rb") as file:
                magic = file.read(len(_ZIP_MAGIC))
        except FileNotFoundError:
            raise FileNotFoundError(
                f"load: expected a file at {name}, but there is no such file; check the path"
            ) from None
        except IsADirectoryError:
            raise ArchiveError(
                f"load: expected a file at {name}, but it is a directory; "
                "give the path of the file in it"
            ) from None
    elif hasattr(f, "read"):
        source, name = io.BytesIO(f.read()), getattr(f, "name", None) or "the open file"
        magic = source.getvalue()[: len(_ZIP_MAGIC)]
    else:
        raise TypeError(
            f"load: expected a path or a file opened for reading bytes, got {type(f).__name__}"
        )
    if magic != _ZIP_MAGIC:
        found = f"starts with the bytes {magic!r}" if magic else "is empty"
        raise ArchiveError(
            f"load: expected a {FORMAT} or a PyTorch zip file in {name}, but the file {found}; "
            "files in PyTorch's format of before 1.6 must be saved again with a newer PyTorch"
        )
    try:
        return zipfile.ZipFile(source), name
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise damaged(name, error) from error


def damaged(name: str, error: Exception) -> ArchiveError:
    """The error for a file that is not whole."""
    return ArchiveError(
        f"load: the archive {name} is truncated or damaged ({error}); "
        "copy it again from its source or take an earlier one"
    )


def load(f: str | os.PathLike[str] | BinaryIO, codec: Codec = PLAIN) -> Any:
    """Read what :func:`save` wrote.

    Raises FileNotFoundError for a missing file and ArchiveError for one that is truncated, damaged
    or foreign.
    """
    archive, name = open_zip(f)
    with archive:
        return read(archive, name, codec)


def read(archive: zipfile.ZipFile, name: str, codec: Codec = PLAIN) -> Any:
    """What an open archive holds."""
    if TREE not in archive.namelist():
        some = ", ".join(archive.namelist()[:3]) or "nothing"
        raise ArchiveError(
            f"load: expected a {FORMAT} in {name}, but it is another kind of zip file "
            f"(it holds {some})"
        )
    try:
        header = json.loads(content_of(archive, TREE))
        if header["format"] != FORMAT:
            raise ValueError(f"its format is {header['format']!r}")
        if header["version"] > VERSION:
            raise ArchiveError(
                f"load: the archive {name} has version {header['version']}, and this "
                f"minitorch_dl reads up to version {VERSION}; install a newer minitorch_dl"
            )
        return Reader(archive, codec).decode(header["tree"])
    except ArchiveError:
        raise
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise ArchiveError(
            f"load: the contents of {name} are not those of a {FORMAT} ({error}); "
            "copy it again from its source or take an earlier one"
        ) from error
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError) as error:
        raise damaged(name, error) from error


def content_of(archive: zipfile.ZipFile, member: str) -> bytes:
    """A member's bytes, read whole so that its checksum is looked at first."""
    try:
        return archive.read(member)
    except RuntimeError as error:  # a damaged byte can make it look encrypted
        raise zipfile.BadZipFile(str(error)) from error


def _member(number: int) -> str:
    return f"arrays/{number}.npy"


class Writer:
    """Turns nested data into a JSON tree and a list of arrays."""

    def __init__(self, codec: Codec) -> None:
        self.arrays: list[np.ndarray] = []
        self._codec = codec
        self._numbers: dict[int, int] = {}  # id of a stored array -> its number
        self._alive: list[Any] = []  # keeps those ids from being used again
        self._inside: set[int] = set()  # containers being encoded: none may hold itself

    def encode(self, value: Any, place: str) -> Any:
        """The tree of a value; ``place`` is its name in error messages."""
        kind = type(value)
        if value is None or kind in (bool, int, str):
            return value
        if kind is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if kind is complex:
            return {"complex": [repr(value.real), repr(value.imag)]}
        if kind is bytes:
            return {"bytes": self.store(np.frombuffer(value, np.uint8))}
        if kind in _SEQUENCES.values() or kind in _MAPPINGS.values():
            if id(value) in self._inside:
                raise TypeError(f"save: cannot store {place}, a {kind.__name__} that holds itself")
            self._inside.add(id(value))
            try:
                return self._encode_container(value, kind, place)
            finally:
                self._inside.discard(id(value))
        if isinstance(value, (np.ndarray, np.generic)):
            if value.dtype.kind not in "biufc":
                raise TypeError(
                    f"save: cannot store {place}, an array of dtype {value.dtype}; "
                    "expected a bool, integer, floating or complex dtype"
                )
            return {"array" if isinstance(value, np.ndarray) else "scalar": self._once(value)}
        node = self._codec.encode(value, self, place)
        if node is None:
            raise TypeError(
                f"save: cannot store {place}, a {kind.__name__}; expected dicts, lists, tuples, "
                "str, int, float, bool, None, arrays and tensors"
            )
        return node

    def _encode_container(self, value: Any, kind: type, place: str) -> Any:
        if kind in _SEQUENCES.values():
            items = [self.encode(item, f"{place}[{i}]") for i, item in enumerate(value)]
            return {kind.__name__: items}
        node = {kind.__name__: [self._pair(key, item, place) for key, item in value.items()]}
        attributes = getattr(value, "__dict__", None)  # a state_dict keeps its metadata there
        if attributes:
            return {"attributed": [node, self.encode(dict(attributes), f"vars({place})")]}
        return node

    def _pair(self, key: Any, item: Any, place: str) -> list[Any]:
        if not (key is None or type(key) in _KEYS):
            raise TypeError(
                f"save: cannot store a key of {place}, a {type(key).__name__}; expected str, int, "
                "float, bool, None or tuples of them"
            )
        return [self.encode(key, place), self.encode(item, f"{place}[{key!r}]")]

    def _once(self, array: Any) -> int:
        if id(array) not in self._numbers:
            self._numbers[id(array)] = self.store(np.asarray(array))
            self._alive.append(array)
        return self._numbers[id(array)]

    def store(self, array: np.ndarray) -> int:
        """Add an array to the file; its number."""
        bits = _SPECIAL_DTYPES.get(array.dtype.name)
        self.arrays.append(array if bits is None else array.view(bits))
        return len(self.arrays) - 1


class Reader:
    """Turns a JSON tree back into nested data."""

    def __init__(self, archive: zipfile.ZipFile, codec: Codec) -> None:
        self._archive, self._codec = archive, codec
        self._arrays: dict[int, np.ndarray] = {}

    def decode(self, node: Any) -> Any:
        """The value of a tree."""
        if not isinstance(node, dict):
            return node
        ((kind, content),) = node.items()
        if kind == "float":
            return float(content)
        if kind == "complex":
            return complex(*map(float, content))
        if kind == "bytes":
            return self.array(content).tobytes()
        if kind in _SEQUENCES:
            return _SEQUENCES[kind](self.decode(item) for item in content)
        if kind in _MAPPINGS:
            return _MAPPINGS[kind]((self.decode(key), self.decode(item)) for key, item in content)
        if kind == "attributed":
            value, attributes = map(self.decode, content)
            if type(value) is not OrderedDict:
                raise ValueError(f"it gives attributes to a {type(value).__name__}")
            value.__dict__.update(attributes)
            return value
        if kind == "array":
            return self.array(content)
        if kind == "scalar":
            return self.array(content)[()]
        return self._codec.decode(kind, content, self)

    def array(self, number: int) -> np.ndarray:
        """The array of this number: one object, however often it is asked for."""
        if number not in self._arrays:
            content = io.BytesIO(content_of(self._archive, _member(number)))
            self._arrays[number] = np.lib.format.read_array(content, allow_pickle=False)
        return self._arrays[number]
