"""The allocator of a GPU's arrays: CuPy's pool, with an error that helps and peaks on demand."""

from __future__ import annotations

from typing import Any


class OutOfMemoryError(RuntimeError):
    """A device has no memory left for an array."""


class Allocator:
    """The function that CuPy calls to allocate memory.

    Attributes:
        watching: whether the peaks are kept; CuPy's pool does not keep them, and asking it at every
            allocation costs time.
        used, held: per GPU, the most bytes in use by arrays, and held by the pool.
    """

    def __init__(self, cupy: Any, allocate: Any = None) -> None:
        self._cupy = cupy
        self._allocate = cupy.cuda.get_allocator() if allocate is None else allocate
        self.watching = False
        self.used: dict[int, int] = {}
        self.held: dict[int, int] = {}

    def __call__(self, size: int) -> Any:
        try:
            memory = self._allocate(size)
        except self._cupy.cuda.memory.OutOfMemoryError:  # the pool has given back what it could
            raise OutOfMemoryError(self._report(size)) from None
        if self.watching:
            self.look()
        return memory

    def look(self) -> None:
        """Update the peaks with what is in use now."""
        pool, i = self._cupy.get_default_memory_pool(), self._cupy.cuda.Device().id
        self.used[i] = max(self.used.get(i, 0), pool.used_bytes())
        self.held[i] = max(self.held.get(i, 0), pool.total_bytes())

    def _report(self, size: int) -> str:
        free, total = self._cupy.cuda.runtime.memGetInfo()
        used = self._cupy.get_default_memory_pool().used_bytes()
        i = self._cupy.cuda.Device().id
        return (
            f"CUDA out of memory. Tried to allocate {_mib(size)}. GPU {i} has a total capacity of "
            f"{_mib(total)} of which {_mib(free)} is free; arrays here use {_mib(used)}. "
            "Use a smaller batch or gradient checkpointing, or let go of tensors no longer "
            "needed"
        )


def _mib(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"


def install(cupy: Any) -> Allocator:
    """Let CuPy's arrays come from an ``Allocator``."""
    allocator = Allocator(cupy)
    cupy.cuda.set_allocator(allocator)
    return allocator
