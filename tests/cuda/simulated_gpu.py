"""A GPU whose memory is the stand-in's, with streams that record what is asked of them.

What is recorded is done by ``launch``: the same functions on the same memory, their results written
to where the first ones lay. While it is recorded nothing happens to memory that was there before.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from minitorch_dl.backend import devices, gpu_memory
from minitorch_dl.backend.random import generator
from minitorch_dl.testing import fake_gpu

from .fake_cupy import FakeCupy, Queue


class Graph:
    def __init__(self, asked: list[Any]) -> None:
        self.asked, self.launches = asked, 0

    def launch(self, queue: Any) -> None:
        self.launches += 1
        for function, args, kwargs, result in self.asked:
            _overwrite(result, function(*args, **kwargs))

    def debug_dot_str(self) -> str:
        return "digraph {}"


def _overwrite(old: Any, new: Any) -> None:
    if isinstance(old, fake_gpu.FakeGPUArray):
        if not (isinstance(new, np.ndarray) and np.shares_memory(old._array, new)):
            old._array[...] = new
    elif isinstance(old, (tuple, list)):
        for a, b in zip(old, new, strict=True):
            _overwrite(a, b)


class CapturingQueue(Queue):
    def begin_capture(self, mode: Any = None) -> None:
        assert fake_gpu.recorder is None
        self.recorded: list[Any] = []
        there = (a for a in gc.get_objects() if type(a) is fake_gpu.FakeGPUArray)
        self.before = [(a._array, a._array.copy()) for a in there if a._array.flags.writeable]
        fake_gpu.recorder = lambda *asked: self.recorded.append(asked)

    def end_capture(self) -> Graph:
        fake_gpu.recorder = None
        for array, values in self.before:
            array[...] = values
        return Graph(self.recorded)


class MemoryPool:
    def malloc(self, size: int) -> int:
        return size


class SimulatedCupy(FakeCupy):
    """The stand-in's functions and ``FakeCupy``'s devices."""

    def __init__(self) -> None:
        super().__init__()
        self.cuda.Stream, self.cuda.MemoryPool = CapturingQueue, MemoryPool
        self.allocators: list[Any] = []
        self.cuda.using_allocator = self._using

    @contextmanager
    def _using(self, allocator: Any) -> Iterator[None]:
        self.allocators.append(allocator)
        yield
        self.allocators.append("given back")

    def matmul(self, a: Any, b: Any, out: Any = None) -> Any:
        """Of our own binding, which can be captured."""
        recorder, fake_gpu.recorder = fake_gpu.recorder, None
        try:
            result = fake_gpu.xp.matmul(a, b) if out is None else fake_gpu.xp.matmul(a, b, out=out)
        finally:
            fake_gpu.recorder = recorder
        given, options = fake_gpu._unwrap((a, b)), {} if out is None else {"out": out._array}
        return fake_gpu._did(np.matmul, given, options, result)

    def __getattr__(self, name: str) -> Any:
        return getattr(fake_gpu.xp, name)


def install(patch: pytest.MonkeyPatch) -> SimulatedCupy:
    """Let ``device="cuda"`` be such a GPU."""
    cupy = SimulatedCupy()
    backend = devices.Backend(
        "cuda", cupy, fake_gpu.FakeGPUArray, lambda array: devices.device("cuda", 0),
        allocator=gpu_memory.install(cupy),
    )  # fmt: skip
    patch.setitem(devices._BACKENDS, "cuda", backend)
    patch.setitem(devices._BY_CLASS, fake_gpu.FakeGPUArray, backend)
    patch.setattr(generator, "_defaults", {})
    return cupy
