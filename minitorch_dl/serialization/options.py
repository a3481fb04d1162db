"""Settings of ``load`` that programs set: kept, without effect here."""

from __future__ import annotations

import mmap
from enum import Enum
from typing import Any

_kept: dict[str, Any] = {"endianness": None, "crc32": True, "mmap": mmap.MAP_PRIVATE}


class LoadEndianness(Enum):
    """The order of bytes in files that don't tell theirs."""

    NATIVE = 1
    LITTLE = 2
    BIG = 3


class SourceChangeWarning(Warning):
    """PyTorch's warning that the code of a pickled module has changed; never raised here."""


def get_default_load_endianness() -> LoadEndianness | None:
    """What ``set_default_load_endianness`` set; files of ``save`` tell their order."""
    return _kept["endianness"]


def set_default_load_endianness(endianness: LoadEndianness | None) -> None:
    """Accepted: files tell their order."""
    if not isinstance(endianness, LoadEndianness) and endianness is not None:
        raise TypeError("Invalid argument type in function set_default_load_endianness")
    _kept["endianness"] = endianness


def get_crc32_options() -> bool:
    """What ``set_crc32_options`` set."""
    return _kept["crc32"]


def set_crc32_options(compute_crc32: bool) -> None:
    """Accepted: checksums are always written."""
    _kept["crc32"] = bool(compute_crc32)


def get_default_mmap_options() -> int:
    """What ``set_default_mmap_options`` set."""
    return _kept["mmap"]


def set_default_mmap_options(flags: int) -> None:
    """Accepted: files are read into memory."""
    if flags not in (mmap.MAP_PRIVATE, mmap.MAP_SHARED):
        raise ValueError(
            "Invalid argument in function set_default_mmap_options, expected mmap.MAP_PRIVATE or "
            f"mmap.MAP_SHARED, but got {flags}"
        )
    _kept["mmap"] = flags
