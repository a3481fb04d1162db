"""What ``minitorch_dl.cuda`` asks of CuPy, answered without a GPU."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


class OutOfMemory(MemoryError):
    pass


class Queue:
    null: Any

    def __init__(self, non_blocking: bool = False, priority: int | None = None) -> None:
        self.asked: list[Any] = []
        self.ptr, self.done = id(self), True

    def synchronize(self) -> None:
        self.asked.append("synchronize")

    def wait_event(self, event: Any) -> None:
        self.asked.append(event)

    def __enter__(self) -> None:
        FakeCupy.current.append(self)

    def __exit__(self, *exc: Any) -> None:
        FakeCupy.current.pop()


Queue.null = Queue()


class Mark:
    clock = 0

    def __init__(self, block: bool, disable_timing: bool) -> None:
        self.options, self.at, self.done = (block, disable_timing), None, True

    def record(self, queue: Queue) -> None:
        Mark.clock += 1
        self.at = Mark.clock
        queue.asked.append(("record", self))

    def synchronize(self) -> None:
        self.waited = True


class FakeCupy:
    """Two GPUs of 1000 MiB."""

    current: list[Queue] = [Queue.null]

    def __init__(self) -> None:
        self.used, self.index = 0, [0]
        pool = SimpleNamespace(
            used_bytes=lambda: self.used,
            total_bytes=lambda: self.used + 512,
            free_all_blocks=lambda: None,
        )
        fake = self

        class Device:
            def __init__(self, index: int | None = None) -> None:
                self.id = fake.index[-1] if index is None else index

            def __enter__(self) -> None:
                fake.index.append(self.id)

            def __exit__(self, *exc: Any) -> None:
                fake.index.pop()

            def use(self) -> None:
                fake.index[-1] = self.id

            def synchronize(self) -> None:
                pass

        def allocate(size: int) -> int:
            if self.used + size > 1000 << 20:
                raise OutOfMemory
            self.used += size
            return size

        properties = {
            "name": b"Fake", "major": 9, "minor": 0, "totalGlobalMem": 1000 << 20,
            "multiProcessorCount": 4, "warpSize": 32, "maxThreadsPerMultiProcessor": 2048,
        }  # fmt: skip
        self.get_default_memory_pool = lambda: pool
        self.get_default_pinned_memory_pool = lambda: pool
        self.cuda = SimpleNamespace(
            Device=Device,
            Event=Mark,
            Stream=Queue,
            get_current_stream=lambda: self.current[-1],
            get_elapsed_time=lambda start, end: float(end.at - start.at),
            get_allocator=lambda: allocate,
            set_allocator=lambda allocator: setattr(self, "allocate", allocator),
            memory=SimpleNamespace(OutOfMemoryError=OutOfMemory),
            runtime=SimpleNamespace(
                getDeviceCount=lambda: 2,
                getDeviceProperties=lambda index: properties,
                memGetInfo=lambda: ((1000 << 20) - self.used, 1000 << 20),
            ),
        )
