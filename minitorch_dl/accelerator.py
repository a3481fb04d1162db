"""The machine's accelerator, whatever it is: a GPU through CuPy, or none."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from . import cpu, cuda
from .backend import device
from .backend import device as _device
from .cuda import current_device as current_device_index
from .cuda import (
    current_stream,
    device_count,
    empty_cache,
    get_device_capability,
    is_available,
    max_memory_allocated,
    max_memory_reserved,
    mem_get_info,
    memory_allocated,
    memory_reserved,
    memory_stats,
    reset_peak_memory_stats,
    synchronize,
)
from .cuda import device as _device_of_block
from .cuda import set_device as set_device_index

__all__ = [
    "current_accelerator", "current_device_idx", "current_device_index", "current_stream",
    "device_count", "device_index", "empty_cache", "get_device_capability", "get_memory_info",
    "is_available", "max_memory_allocated", "max_memory_reserved", "memory_allocated",
    "memory_reserved", "memory_stats", "reset_peak_memory_stats", "set_device_idx",
    "set_device_index", "synchronize",
]  # fmt: skip

current_device_idx, set_device_idx = current_device_index, set_device_index
get_memory_info = mem_get_info


class device_index(_device_of_block):
    """Work on the accelerator of this number inside the block; None changes nothing."""


def get_device_module(device: Any = None) -> ModuleType:
    """The namespace of a kind of device, ``torch.cpu`` or ``torch.cuda``; without one, that of the
    accelerator, or of the host where there is none."""
    wanted = current_accelerator(True) or "cpu" if device is None else device
    return {"cpu": cpu, "cuda": cuda}[_device(wanted).type]


def current_accelerator(check_available: bool = False) -> device | None:
    """``device("cuda")`` on a machine with a GPU; None on one without."""
    return device("cuda") if cuda.is_available() else None
