"""Zip files of uncompressed records, written at aligned places; and what is wrong with a file."""

from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

ALIGNMENT = 64
"""Records start at multiples of this, so that a mapped file's arrays are aligned."""

MAGIC = b"PK\x03\x04"
_HEADER = 30
"""Bytes of a record's local header, before its name and its extra field."""
_ZIP64 = 20
"""Bytes that the sizes of a large record add to the extra field."""
_LARGE = 1 << 30
_PADDING = b"FB"
"""The kind of extra field that PyTorch pads with."""


class ArchiveError(RuntimeError):
    """The file is truncated, damaged, or of no kind that this version reads."""


class EmptyFileError(ArchiveError, EOFError):
    """There is nothing in the file."""


class ForeignFileError(ArchiveError, pickle.UnpicklingError):
    """The file starts as no file of ``save`` does."""


def damaged(name: str, error: Exception) -> ArchiveError:
    """The error for a file that is not whole."""
    return ArchiveError(
        f"load: the archive {name} is truncated or damaged ({error}); "
        "copy it again from its source or take an earlier one"
    )


# -- writing ---------------------------------------------------------------------------------------


def write_record(archive: zipfile.ZipFile, name: str, content: Any) -> None:
    """Add a record whose content, bytes or a contiguous array, starts at an aligned place."""
    content = memoryview(content).cast("B") if len(content) else b""
    large = len(content) >= _LARGE
    start = archive.fp.tell() + _HEADER + len(name.encode()) + _ZIP64 * large  # type: ignore[union-attr]
    padding = -(start + 4) % ALIGNMENT
    info = zipfile.ZipInfo(name)
    info.extra = _PADDING + struct.pack("<H", padding) + b"Z" * padding
    with archive.open(info, "w", force_zip64=large) as record:
        record.write(content)


# -- reading ---------------------------------------------------------------------------------------


class Source:
    """A path or an open file to load from, told apart by its first bytes.

    Raises OSError where ``open`` does, and TypeError for what is neither.
    """

    def __init__(self, f: str | os.PathLike[str] | BinaryIO) -> None:
        self.path: Path | None = None
        self.file: BinaryIO
        if isinstance(f, (str, os.PathLike)):
            self.path = Path(f)
            self.name = repr(str(self.path))
            self.file = self.path.open("rb")
        elif hasattr(f, "read"):
            self.name = getattr(f, "name", None) or "the open file"
            seekable = hasattr(f, "seek") and hasattr(f, "tell") and hasattr(f, "readline")
            self.file = f if seekable else io.BytesIO(f.read())
        else:
            raise TypeError(
                f"load: expected a path or a file opened for reading bytes, got {type(f).__name__}"
            )
        start = self.file.tell()
        self.magic = self.file.read(len(MAGIC))
        self.file.seek(start)

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *exc: object) -> None:
        if self.path is not None:
            self.file.close()

    def is_zip(self) -> bool:
        """Whether it starts as a zip file does."""
        return self.magic == MAGIC

    def open_zip(self) -> zipfile.ZipFile:
        """The zip file; ArchiveError when it is not whole."""
        file = self.file if self.path is not None else io.BytesIO(self.file.read())
        try:
            return zipfile.ZipFile(file)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            raise ArchiveError(
                "PytorchStreamReader failed reading zip archive: failed finding central "
                f"directory. {damaged(self.name, error)}"
            ) from error

    def unknown(self) -> ArchiveError:
        """The error for a file of no known kind."""
        expected = f"load: expected a file of torch.save in {self.name}, but the file"
        if not self.magic:
            return EmptyFileError(f"Ran out of input: {expected} is empty")
        return ForeignFileError(f"{expected} starts with the bytes {self.magic!r}")


def content_of(archive: zipfile.ZipFile, member: str) -> bytes:
    """A record's bytes, read whole so that its checksum is looked at first."""
    try:
        return archive.read(member)
    except RuntimeError as error:  # a damaged byte can make it look encrypted
        raise zipfile.BadZipFile(str(error)) from error


def mapped(archive: zipfile.ZipFile, member: str, path: Path, dtype: np.dtype, shared: bool) -> Any:
    """A record as an array over the file itself: its pages are read when they are touched.

    Writes reach the file if ``shared``, and stay in memory if not.
    """
    info = archive.getinfo(member)
    if info.compress_type != zipfile.ZIP_STORED:
        raise zipfile.BadZipFile(f"the record {member} is compressed and can't be mapped")
    if not info.file_size:
        return np.empty(0, dtype)
    with open(path, "rb") as file:
        file.seek(info.header_offset + _HEADER - 4)
        name, extra = struct.unpack("<HH", file.read(4))
    start = info.header_offset + _HEADER + name + extra
    n = info.file_size // dtype.itemsize
    return np.memmap(path, dtype, "r+" if shared else "c", start, (n,)).view(np.ndarray)
