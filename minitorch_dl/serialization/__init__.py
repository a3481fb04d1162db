"""Saving and loading."""

from . import safetensors
from .archive import ArchiveError
from .atomic import atomic_write
from .tensors import load, save

__all__ = ["ArchiveError", "atomic_write", "load", "safetensors", "save"]
