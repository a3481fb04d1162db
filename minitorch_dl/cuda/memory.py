"""The memory pool of a GPU: how much is used and held, and giving it back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from ..backend import backend_for
from ..backend.cublas_library import WORKSPACE
from ..backend.gpu_memory import Allocator, OutOfMemoryError
from .devices import (
    _cupy,
    _index,
    _mem_get_info,
    current_device,
    get_device_name,
    is_available,
)

__all__ = [
    "MemPool", "OutOfMemoryError", "caching_allocator_alloc", "caching_allocator_delete",
    "device_memory_used", "empty_cache", "get_allocator_backend",
    "get_per_process_memory_fraction", "host_memory_stats", "max_memory_allocated",
    "max_memory_cached", "max_memory_reserved", "mem_get_info", "memory_allocated",
    "memory_cached", "memory_reserved", "memory_stats", "memory_stats_as_nested_dict",
    "memory_summary", "reset_max_memory_allocated", "reset_max_memory_cached",
    "reset_peak_memory_stats", "set_per_process_memory_fraction", "use_mem_pool",
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


reset_max_memory_allocated = reset_max_memory_cached = reset_peak_memory_stats
memory_cached, max_memory_cached = memory_reserved, max_memory_reserved


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """The free and the whole memory of the GPU in bytes, as the driver sees it."""
    return _mem_get_info(_index(device))


def set_per_process_memory_fraction(fraction: float, device: Any = None) -> None:
    """Let this process's pool hold at most this share of the GPU's memory."""
    if not 0 <= fraction <= 1:
        raise ValueError(f"Invalid fraction value: {fraction}. Allowed range: 0~1")
    cupy = _cupy()
    with cupy.cuda.Device(_index(device)):
        cupy.get_default_memory_pool().set_limit(fraction=fraction)


def get_per_process_memory_fraction(device: Any = None) -> float:
    """The share that ``set_per_process_memory_fraction`` set; 1 where it set none."""
    limit = _pool(device, "get_limit")
    return limit / mem_get_info(device)[1] if limit else 1.0


def device_memory_used(device: Any = None) -> int:
    """Bytes of the GPU's memory in use by all processes, as the driver sees it."""
    free, total = mem_get_info(device)
    return total - free


def get_allocator_backend() -> str:
    """``"native"``: memory comes from a pool of this process."""
    return "native"


_handed_out: dict[int, Any] = {}


def caching_allocator_alloc(size: int, device: Any = None, stream: Any = None) -> int:
    """The address of memory from the pool, for another library, kept until
    ``caching_allocator_delete``."""
    with contextlib.ExitStack() as entered:
        cupy = _cupy()
        entered.enter_context(cupy.cuda.Device(_index(device)))
        if stream is not None:
            entered.enter_context(getattr(stream, "queue", stream))
        memory = cupy.cuda.alloc(size)
    _handed_out[memory.ptr] = memory
    return memory.ptr


def caching_allocator_delete(mem_ptr: int) -> None:
    """Give back what ``caching_allocator_alloc`` gave."""
    _handed_out.pop(mem_ptr, None)


class MemPool:
    """A pool of its own, for ``use_mem_pool`` and for captured steps.

    Args:
        allocator, use_on_oom, no_split: must be left at their defaults.
    """

    def __init__(
        self, allocator: Any = None, use_on_oom: bool = False, no_split: bool = False
    ) -> None:
        if allocator is not None or use_on_oom or no_split:
            raise NotImplementedError(
                "MemPool: allocator, use_on_oom and no_split are not supported by CuPy's pools"
            )
        self._pool = _cupy().cuda.MemoryPool()
        self._workspaces: dict[int, Any] = {}

    def malloc(self, size: int) -> Any:
        """Memory of this pool, as CuPy asks for it."""
        return self._pool.malloc(size)

    def workspace(self) -> Any:
        """Memory in which cuBLAS works on the current GPU in all graphs of this pool: they are not
        replayed at the same time."""
        index = current_device()
        if index not in self._workspaces:
            self._workspaces[index] = Allocator(_cupy(), self.malloc)(WORKSPACE)
        return self._workspaces[index]

    def use_count(self) -> int:
        """The bytes in use."""
        return self._pool.used_bytes()


@contextlib.contextmanager
def use_mem_pool(pool: MemPool, device: Any = None) -> Iterator[None]:
    """Take this thread's memory from ``pool`` inside the block."""
    cupy = _cupy()
    with cupy.cuda.using_allocator(Allocator(cupy, pool.malloc)):
        yield


def host_memory_stats() -> dict[str, int]:
    """The blocks of page-locked host memory that the pool holds free."""
    if not is_available():
        return {}
    return {"segment.free": _cupy().get_default_pinned_memory_pool().n_free_blocks()}


def memory_stats_as_nested_dict(device: Any = None) -> dict[str, Any]:
    """``memory_stats`` with the parts of its names as nested keys."""
    nested: dict[str, Any] = {}
    for name, value in memory_stats(device).items():
        *path, last = name.split(".")
        at = nested
        for part in path:
            at = at.setdefault(part, {})
        at[last] = value
    return nested


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
