"""The profiler under PyTorch's newer name; ``autograd.profiler`` does the measuring."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any

from .autograd import profiler as _profiler
from .autograd.profiler import record_function

__all__ = [
    "ProfilerActivity", "profile", "record_function", "schedule", "tensorboard_trace_handler",
]  # fmt: skip


class ProfilerActivity(Enum):
    """What PyTorch can be asked to record; here it is always the calls on the host."""

    CPU = 0
    XPU = 1
    CUDA = 2


class profile(_profiler.profile):
    """Records every op inside the block.

    Args:
        activities, schedule: accepted; all steps are recorded.
        on_trace_ready: called with the profile at the end of the block.
        record_shapes: also keep the operands' shapes.

    >>> import minitorch_dl as torch
    >>> with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as prof:
    ...     y = torch.ones(3).exp()
    >>> [event.key for event in prof.key_averages() if event.key == "exp"]
    ['exp']
    """

    def __init__(
        self,
        *,
        activities: Any = None,
        schedule: Any = None,
        on_trace_ready: Callable[[Any], Any] | None = None,
        record_shapes: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(record_shapes=record_shapes)
        self.on_trace_ready = on_trace_ready
        self.step_num = 0

    def __exit__(self, *exc: object) -> None:
        super().__exit__(*exc)
        if self.on_trace_ready is not None:
            self.on_trace_ready(self)

    def start(self) -> None:
        """Begin to record, without a block."""
        self.__enter__()

    def stop(self) -> None:
        """End what ``start`` began."""
        self.__exit__(None, None, None)

    def step(self) -> None:
        """Count a training step."""
        self.step_num += 1


def schedule(*, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0) -> None:
    """Accepted for PyTorch's sake: ``profile`` records every step."""


def tensorboard_trace_handler(
    dir_name: str, worker_name: str | None = None, use_gzip: bool = False
) -> Callable[[profile], None]:
    """An ``on_trace_ready`` that writes the trace for Chrome's viewer to a file in ``dir_name``."""

    def write(profiled: profile) -> None:
        folder = Path(dir_name)
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{worker_name or 'worker'}.{time.time_ns()}.pt.trace.json"
        profiled.export_chrome_trace(folder / name)

    return write
