"""Saving and loading."""

from .archive import ArchiveError, load, save
from .atomic import atomic_write

__all__ = ["ArchiveError", "atomic_write", "load", "save"]
