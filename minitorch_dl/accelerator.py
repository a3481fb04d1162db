"""The machine's accelerator, whatever it is: a GPU through CuPy, or none."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from . import cpu, cuda
from .backend import device, device as _device, dtypes
from .cuda import (
    CUDAGraph as Graph,
    current_device as current_device_index,
    current_stream,
    device as _device_of_block,
    device_count,
    empty_cache,
    is_available,
    max_memory_allocated,
    max_memory_reserved,
    mem_get_info,
    memory_allocated,
    memory_reserved,
    memory_stats,
    reset_peak_memory_stats,
    set_device as set_device_index,
    set_stream,
    synchronize,
)

__all__ = [
    "Graph", "current_accelerator", "current_device_idx", "current_device_index",
    "current_stream", "device_count", "device_index", "empty_cache", "empty_host_cache",
    "get_device_capability", "get_memory_info", "is_available", "max_memory_allocated",
    "max_memory_reserved", "memory_allocated", "memory_reserved", "memory_stats",
    "reset_peak_memory_stats", "set_device_idx", "set_device_index", "set_stream", "synchronize",
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


def empty_host_cache() -> None:
    """Give unused page-locked memory of the host back."""
    empty_cache()


def get_device_capability(device: Any = None) -> dict[str, Any]:
    """The dtypes in which the accelerator computes."""
    known = [d for d in dtypes.ALL if d is not dtypes.bfloat16 or cuda.is_bf16_supported()]
    return {"supported_dtypes": set(known)}


class Stream(cuda.Stream):
    """A queue of the accelerator's work.

    Args:
        device: the accelerator; the current one by default.
        priority: lower numbers first.
    """

    def __init__(self, device: Any = None, *, priority: int = 0) -> None:
        super().__init__(device, priority)


class Event(cuda.Event):
    """A mark in a stream of the accelerator.

    Args:
        device: the accelerator; that of the stream in which the mark is put.
        enable_timing, blocking, interprocess: as of ``cuda.Event``.
    """

    def __init__(
        self,
        device: Any = None,
        *,
        enable_timing: bool = False,
        blocking: bool = False,
        interprocess: bool = False,
    ) -> None:
        super().__init__(enable_timing, blocking, interprocess)


class AcceleratorError(RuntimeError):
    """An error of the accelerator."""
