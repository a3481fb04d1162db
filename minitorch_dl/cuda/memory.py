"""The memory pool of a GPU: how much is used and held, and giving it back."""

from __future__ import annotations

from typing import Any

from ..backend import backend_for
from ..backend.pool import OutOfMemoryError
from .devices import _cupy, _index, get_device_name, is_available

__all__ = [
    "OutOfMemoryError", "empty_cache", "max_memory_allocated", "max_memory_reserved",
    "mem_get_info", "memory_allocated", "memory_reserved", "memory_stats", "memory_summary",
    "reset_max_memory_allocated", "reset_peak_memory_stats", "set_per_process_memory_fraction",
]  # fmt: skip


def _allocator() -> Any:
    """The GPUs' allocator, which keeps peaks from the first question on."""
    allocator: Any = backend_for("cuda")[0].allocator
    if not allocator.watching:
        allocator.watching = True
        allocator.look()
    return allocator


def _pool(device: Any, question: str) -> int:
    """What the pool of a GPU answers; 0 without one."""
    if not is_available():
        return 0
    cupy = _cupy()
    with cupy.cuda.Device(_index(device)):
        return getattr(cupy.get_default_memory_pool(), question)()


def empty_cache() -> None:
    """Give unused pooled memory back to the driver."""
    if is_available():
        cupy = _cupy()
        cupy.get_default_memory_pool().free_all_blocks()
        cupy.get_default_pinned_memory_pool().free_all_blocks()


def memory_allocated(device: Any = None) -> int:
    """Bytes in use by arrays."""
    return _pool(device, "used_bytes")


def memory_reserved(device: Any = None) -> int:
    """Bytes held by the memory pool, in use or not."""
    return _pool(device, "total_bytes")


def max_memory_allocated(device: Any = None) -> int:
    """The most bytes in use since ``reset_peak_memory_stats``, or since this was first asked."""
    if not is_available():
        return 0
    return _allocator().used.get(_index(device), 0)


def max_memory_reserved(device: Any = None) -> int:
    """The most bytes held since ``reset_peak_memory_stats``, or since this was first asked."""
    if not is_available():
        return 0
    return _allocator().held.get(_index(device), 0)


def reset_peak_memory_stats(device: Any = None) -> None:
    """Let the peaks start anew from what is in use now."""
    if is_available():
        allocator, i = _allocator(), _index(device)
        allocator.used[i], allocator.held[i] = memory_allocated(i), memory_reserved(i)


reset_max_memory_allocated = reset_peak_memory_stats


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """The free and the whole memory of the GPU in bytes, as the driver sees it."""
    cupy = _cupy()
    with cupy.cuda.Device(_index(device)):
        free, total = cupy.cuda.runtime.memGetInfo()
    return free, total


def set_per_process_memory_fraction(fraction: float, device: Any = None) -> None:
    """Let this process's pool hold at most this share of the GPU's memory."""
    if not 0 <= fraction <= 1:
        raise ValueError(f"Invalid fraction value: {fraction}. Allowed range: 0~1")
    cupy = _cupy()
    with cupy.cuda.Device(_index(device)):
        cupy.get_default_memory_pool().set_limit(fraction=fraction)


def memory_stats(device: Any = None) -> dict[str, int]:
    """The bytes in use and held, now and at their peak, under PyTorch's names."""
    if not is_available():
        return {}
    peak_used, peak_held = max_memory_allocated(device), max_memory_reserved(device)
    return {
        "allocated_bytes.all.current": memory_allocated(device),
        "allocated_bytes.all.peak": peak_used,
        "reserved_bytes.all.current": memory_reserved(device),
        "reserved_bytes.all.peak": peak_held,
    }


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    """The memory in use and held, as a small table."""
    if not is_available():
        return "no GPU"
    stats = memory_stats(device)
    free, total = mem_get_info(device)
    rows = [
        ("in use", stats["allocated_bytes.all.current"], stats["allocated_bytes.all.peak"]),
        ("held by the pool", stats["reserved_bytes.all.current"], stats["reserved_bytes.all.peak"]),
        ("on the device", total - free, total),
    ]
    lines = [f"{get_device_name(device)}, MiB", f"{'':18}{'now':>12}{'peak':>12}"]
    lines += [f"{name:18}{now / 2**20:12.1f}{most / 2**20:12.1f}" for name, now, most in rows]
    return "\n".join(lines)
