"""The machine's accelerator, whatever it is: a GPU through CuPy, or none."""

from __future__ import annotations

from . import cuda
from .backend import device
from .cuda import current_device as current_device_index
from .cuda import device_count, is_available, synchronize
from .cuda import set_device as set_device_index

__all__ = [
    "current_accelerator",
    "current_device_index",
    "device_count",
    "is_available",
    "set_device_index",
    "synchronize",
]


def current_accelerator(check_available: bool = False) -> device | None:
    """``device("cuda")`` on a machine with a GPU; None on one without."""
    return device("cuda") if cuda.is_available() else None
