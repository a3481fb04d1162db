"""What ``minitorch_dl.cuda`` asks of CuPy, answered without a GPU."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


class OutOfMemory(MemoryError):
    pass


class Queue:
    """A stream, which as CuPy's can only be entered while its GPU is the current one."""

    null: Any

    def __init__(self, non_blocking: bool = False, priority: int = 0) -> None:
        self.asked: list[Any] = []
        self.ptr, self.done, self.priority = id(self), True, priority
        self.device_id = FakeCupy.index[-1]

    @classmethod
    def from_external(cls, other: Any) -> Queue:
        queue = cls()
        queue.ptr = other.__cuda_stream__()[1]
        return queue

    def synchronize(self) -> None:
        self.asked.append("synchronize")

    def wait_event(self, event: Any) -> None:
        self.asked.append(event)

    def _device(self) -> int:
        current = FakeCupy.index[-1]
        if self.device_id not in (-1, current):
            raise RuntimeError(f"a stream of device {self.device_id} on the current one, {current}")
        return current

    def use(self) -> None:
        FakeCupy.current[self._device()][-1] = self

    def __enter__(self) -> None:
        FakeCupy.current[self._device()].append(self)

    def __exit__(self, *exc: Any) -> None:
        FakeCupy.current[self._device()].pop()


class Mark:
    clock = 0

    def __init__(self, block: bool, disable_timing: bool) -> None:
        self.options, self.at, self.done = (block, disable_timing), None, True
        self.device_id = FakeCupy.index[-1]

    def record(self, queue: Queue) -> None:
        assert queue.device_id in (-1, self.device_id), "an event of another device"
        Mark.clock += 1
        self.at = Mark.clock
        queue.asked.append(("record", self))

    def synchronize(self) -> None:
        self.waited = True


class FakeCupy:
    """Two GPUs of 1000 MiB."""

    index: list[int] = [0]
    current: list[list[Queue]]
    """Of each GPU, its streams that were entered."""

    def __init__(self) -> None:
        self.used, self.limit = 0, 0
        FakeCupy.index[:] = [0]
        FakeCupy.current = [[Queue.null], [Queue.null]]
        pool = SimpleNamespace(
            used_bytes=lambda: self.used,
            total_bytes=lambda: self.used + 512,
            free_all_blocks=lambda: None,
            n_free_blocks=lambda: 3,
            get_limit=lambda: self.limit,
            set_limit=lambda fraction: setattr(self, "limit", int(fraction * (1000 << 20))),
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
        self.marks: list[str] = []
        nvtx = SimpleNamespace(
            Mark=self.marks.append,
            RangePush=lambda name: self.marks.append(f"> {name}"),
            RangePop=lambda: self.marks.append("<"),
            RangeStart=lambda name, color: self.marks.append(f"> {name}") or 5,
            RangeEnd=lambda number: self.marks.append(f"< {number}"),
        )
        self.get_default_memory_pool = lambda: pool
        self.get_default_pinned_memory_pool = lambda: pool
        self.cuda = SimpleNamespace(
            Device=Device,
            Event=Mark,
            Stream=Queue,
            MemoryPool=lambda: SimpleNamespace(malloc=lambda size: size, used_bytes=lambda: 7),
            alloc=lambda size: SimpleNamespace(ptr=4096 + size),
            get_cublas_handle=lambda: 11,
            get_current_stream=lambda i=-1: self.current[fake.index[-1] if i < 0 else i][-1],
            get_elapsed_time=lambda start, end: float(end.at - start.at),
            get_allocator=lambda: allocate,
            set_allocator=lambda allocator: setattr(self, "allocate", allocator),
            nvtx=nvtx,
            memory=SimpleNamespace(OutOfMemoryError=OutOfMemory),
            runtime=SimpleNamespace(
                getDeviceCount=lambda: 2,
                getDeviceProperties=lambda index: properties,
                profilerStart=lambda: None,
                profilerStop=lambda: None,
                deviceGetPCIBusId=lambda index: f"0000:0{index}:00.0",
                memGetInfo=lambda: ((1000 << 20) - self.used, 1000 << 20),
            ),
        )


Queue.null = Queue()
Queue.null.device_id, Queue.null.ptr = -1, 0
