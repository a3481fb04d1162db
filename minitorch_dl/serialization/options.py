"""Settings of ``load`` that programs set."""

from __future__ import annotations

import mmap
import sys
from enum import Enum
from typing import Any

_kept: dict[str, Any] = {
    "endianness": None, "crc32": True, "mmap": mmap.MAP_PRIVATE, "skips_data": False,
}  # fmt: skip


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


def default_byteorder() -> str:
    """The order of bytes in files that don't tell theirs, as Python calls it."""
    order = _kept["endianness"]
    if order is LoadEndianness.NATIVE:
        return sys.byteorder
    return "big" if order is LoadEndianness.BIG else "little"


def set_default_load_endianness(endianness: LoadEndianness | None) -> None:
    """Take this order for files that don't tell theirs; None: little."""
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


class set_default_mmap_options:
    """How ``load(mmap=True)`` maps files: ``mmap.MAP_PRIVATE``, so that writes stay in memory, or
    ``mmap.MAP_SHARED``, so that they reach the file. Also for a block, by ``with``."""

    def __init__(self, flags: int) -> None:
        if flags not in (mmap.MAP_PRIVATE, mmap.MAP_SHARED):
            raise ValueError(
                "Invalid argument in function set_default_mmap_options, expected mmap.MAP_PRIVATE "
                f"or mmap.MAP_SHARED, but got {flags}"
            )
        self._before = _kept["mmap"]
        _kept["mmap"] = flags

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        _kept["mmap"] = self._before


def skips_data() -> bool:
    """Whether the bytes of tensors are left out."""
    return _kept["skips_data"]


class skip_data:
    """In such a block ``save`` leaves room for the bytes of tensors and does not write them, and
    ``load`` does not read them: its tensors are uninitialised.

    Args:
        materialize_fake_tensors: accepted; there are no fake tensors here.
    """

    def __init__(self, materialize_fake_tensors: bool = False) -> None:
        self.materialize_fake_tensors = materialize_fake_tensors

    def __enter__(self) -> None:
        self._before = skips_data()
        _kept["skips_data"] = True

    def __exit__(self, *exc: object) -> None:
        _kept["skips_data"] = self._before
