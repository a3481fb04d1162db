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
    "ProfilerAction", "ProfilerActivity", "kineto_available", "profile", "record_function",
    "schedule", "supported_activities", "tensorboard_trace_handler",
]  # fmt: skip


class ProfilerActivity(Enum):
    """What PyTorch can be asked to record; here it is always the calls on the host."""

    CPU = 0
    XPU = 1
    CUDA = 2


class ProfilerAction(Enum):
    """What a profile does during one step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


_RECORDING = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)


class profile(_profiler.profile):
    """Records every op inside the block, or in those steps that ``schedule`` chooses.

    Args:
        activities: accepted; what is recorded is what the host does.
        schedule: from the number of a step what to do in it; see ``schedule``.
        on_trace_ready: called with the profile when the steps to be recorded together are over.
        record_shapes: also keep the operands' shapes.
        profile_memory: also keep the bytes of the results.

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
        schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[[Any], Any] | None = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(record_shapes=record_shapes, profile_memory=profile_memory)
        self.schedule = schedule or (lambda step: ProfilerAction.RECORD)
        self.on_trace_ready = on_trace_ready
        self.step_num = 0
        self._recording = False
        self._metadata: dict[str, Any] = {}

    def __enter__(self) -> profile:
        self.current_action = self.schedule(self.step_num)
        self._begin()
        return self

    def __exit__(self, *exc: object) -> None:
        self._end()

    def _begin(self) -> None:
        if self.current_action in _RECORDING and not self._recording:
            self._recording = True
            self._earlier, self._events = self._events, _profiler.EventList()
            super().__enter__()

    def _end(self) -> None:
        """Stop recording and hand over what there is."""
        if self._recording:
            self._recording = False
            super().__exit__()
            if not self._events and self.step_num:  # ended where the next recording began
                self._events = self._earlier
            elif self.on_trace_ready is not None:
                self.on_trace_ready(self)

    def start(self) -> None:
        """Begin to record, without a block."""
        self.__enter__()

    def stop(self) -> None:
        """End what ``start`` began."""
        self.__exit__(None, None, None)

    def add_metadata(self, key: str, value: str) -> None:
        """Write a text of one's own into the exported trace."""
        self._metadata[key] = value

    def add_metadata_json(self, key: str, value: str) -> None:
        """Write a value of one's own, given as JSON, into the exported trace."""
        import json  # late, as few programs export a trace

        self._metadata[key] = json.loads(value)

    preset_metadata_json = add_metadata_json

    def export_chrome_trace(self, path: Any) -> None:
        """Write the events as a JSON file that chrome://tracing and Perfetto show as a time line,
        with the metadata that were added."""
        self._events.export_chrome_trace(path, **self._metadata)

    def step(self) -> None:
        """A training step has ended, the next begins."""
        ended, self.step_num = self.current_action, self.step_num + 1
        self.current_action = self.schedule(self.step_num)
        if ended is ProfilerAction.RECORD_AND_SAVE or self.current_action not in _RECORDING:
            self._end()
        self._begin()


def schedule(
    *,
    wait: int,
    warmup: int,
    active: int,
    repeat: int = 0,
    skip_first: int = 0,
    skip_first_wait: int = 0,
) -> Callable[[int], ProfilerAction]:
    """For ``profile(schedule=...)``: leave out ``skip_first`` steps, then again and again ``wait``
    and ``warmup`` steps, and record ``active`` ones together.

    Args:
        repeat: how often; 0 for as long as there are steps.
        skip_first_wait: 1 leaves the first ``wait`` out.
    """
    if wait < 0 or warmup < 0 or active <= 0 or repeat < 0 or skip_first < 0:
        raise AssertionError("Invalid profiler schedule arguments")
    cycle = wait + warmup + active

    def action(step: int) -> ProfilerAction:
        step -= skip_first
        if step < 0:
            return ProfilerAction.NONE
        step += wait if skip_first_wait else 0
        if repeat and step >= repeat * cycle:
            return ProfilerAction.NONE
        at = step % cycle
        if at < wait:
            return ProfilerAction.NONE
        if at < wait + warmup:
            return ProfilerAction.WARMUP
        last = at == cycle - 1
        return ProfilerAction.RECORD_AND_SAVE if last else ProfilerAction.RECORD

    return action


def kineto_available() -> bool:
    """False: what is recorded is what the host does, by Python's clock."""
    return False


def supported_activities() -> set[ProfilerActivity]:
    """What can be recorded: what the host does."""
    return {ProfilerActivity.CPU}


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
