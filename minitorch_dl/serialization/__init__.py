"""Saving and loading."""

import pickle as pickle

from . import safetensors
from .atomic import atomic_write
from .map_location import default_restore_location
from .options import (
    LoadEndianness,
    SourceChangeWarning,
    get_crc32_options,
    get_default_load_endianness,
    get_default_mmap_options,
    set_crc32_options,
    set_default_load_endianness,
    set_default_mmap_options,
    skip_data,
)
from .safe_globals import (
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    safe_globals,
)
from .save_load import MapLocation as MAP_LOCATION, get_unsafe_globals_in_checkpoint, load, save
from .zip_file import ArchiveError

DEFAULT_PROTOCOL = 2
"""The pickle protocol of PyTorch's files."""

__all__ = [
    "DEFAULT_PROTOCOL", "MAP_LOCATION", "ArchiveError", "LoadEndianness", "SourceChangeWarning",
    "add_safe_globals", "atomic_write", "clear_safe_globals", "default_restore_location",
    "get_crc32_options", "get_default_load_endianness", "get_default_mmap_options",
    "get_safe_globals", "get_unsafe_globals_in_checkpoint", "load", "safe_globals", "safetensors",
    "save", "set_crc32_options", "set_default_load_endianness", "set_default_mmap_options",
    "skip_data",
]  # fmt: skip
