"""Saving and loading."""

from . import safetensors
from .archive import ArchiveError
from .atomic import atomic_write
from .safe_globals import (
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    safe_globals,
)
from .tensors import load, save

__all__ = [
    "ArchiveError",
    "add_safe_globals",
    "atomic_write",
    "clear_safe_globals",
    "get_safe_globals",
    "load",
    "safe_globals",
    "safetensors",
    "save",
]
