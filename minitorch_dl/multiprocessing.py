"""Python's own ``multiprocessing`` under the name that PyTorch programs import, with ``spawn``.

Tensors in shared memory (``share_memory_``) go between processes as that memory, others as copies.
"""

from __future__ import annotations

import multiprocessing as _multiprocessing
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import *  # noqa: F403
from multiprocessing import connection
from typing import Any

__all__ = [
    *_multiprocessing.__all__, "ProcessContext", "ProcessException", "ProcessExitedException",
    "ProcessRaisedException", "SpawnContext", "get_all_sharing_strategies", "get_sharing_strategy",
    "set_sharing_strategy", "spawn", "start_processes",
]  # fmt: skip
_STRATEGIES = {"file_descriptor", "file_system"}
_strategy = "file_descriptor"


def get_all_sharing_strategies() -> set[str]:
    """The names of the ways in which PyTorch shares memory; here there is one, the first."""
    return set(_STRATEGIES)


def get_sharing_strategy() -> str:
    """What :func:`set_sharing_strategy` set."""
    return _strategy


def set_sharing_strategy(new_strategy: str) -> None:
    """Accepted: memory is shared by file descriptors anyway."""
    global _strategy
    if new_strategy not in _STRATEGIES:
        raise AssertionError(
            f"set_sharing_strategy expected one of {sorted(_STRATEGIES)}, got {new_strategy!r}"
        )
    _strategy = new_strategy


class ProcessException(Exception):
    """A process of :func:`spawn` failed.

    Attributes:
        error_index, error_pid: which one.
    """

    def __init__(self, msg: str, error_index: int, pid: int) -> None:
        super().__init__(msg)
        self.msg, self.error_index, self.pid = msg, error_index, pid

    @property
    def error_pid(self) -> int:
        return self.pid


class ProcessRaisedException(ProcessException):
    """It raised; the message holds the traceback."""


class ProcessExitedException(ProcessException):
    """It ended by a signal or an exit code."""

    def __init__(
        self,
        msg: str,
        error_index: int,
        error_pid: int,
        exit_code: int,
        signal_name: str | None = None,
    ) -> None:
        super().__init__(msg, error_index, error_pid)
        self.exit_code, self.signal_name = exit_code, signal_name


class ProcessContext:
    """The processes that :func:`spawn` started."""

    def __init__(self, processes: list[Any], errors: list[Any]) -> None:
        self.processes, self._errors = processes, errors

    def pids(self) -> list[int]:
        """The numbers of the processes."""
        return [process.pid for process in self.processes]

    def join(self, timeout: float | None = None, grace_period: float | None = None) -> bool:
        """Wait until all have ended or one has failed, ``timeout`` seconds at most; True: all have
        ended.

        Raises:
            ProcessRaisedException, ProcessExitedException: one has failed; the others are ended,
                after ``grace_period`` seconds.
        """
        running = {p.sentinel: p for p in self.processes if p.exitcode is None}
        if running and all(p.exitcode in (None, 0) for p in self.processes):
            for sentinel in connection.wait(list(running), timeout):
                running[sentinel].join()
        failed = next((i for i, p in enumerate(self.processes) if p.exitcode), None)
        if failed is None:
            return all(p.exitcode == 0 for p in self.processes)
        for process in self.processes:
            process.join(grace_period or 0)
            process.terminate()
            process.join()
        process, code = self.processes[failed], self.processes[failed].exitcode
        error = self._errors[failed]
        with suppress(EOFError):
            if error.poll():
                text = error.recv()
                raise ProcessRaisedException(
                    f"\n\n-- Process {failed} terminated with the following error:\n{text}",
                    failed,
                    process.pid,
                )
        name = signal.Signals(-code).name if code < 0 else None
        how = f"signal {name}" if name else f"exit code {code}"
        raise ProcessExitedException(
            f"process {failed} terminated with {how}", failed, process.pid, code, name
        )


SpawnContext = ProcessContext


def _work(fn: Callable[..., Any], index: int, args: tuple[Any, ...], error: Any) -> None:
    try:
        fn(index, *args)
    except Exception:
        error.send(traceback.format_exc()[-50_000:])  # a pipe holds 64 KiB
        sys.exit(1)


def start_processes(
    fn: Callable[..., Any],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """Run ``fn(i, *args)`` in ``nprocs`` processes, i = 0, 1, ...

    Returns:
        None after all have ended; with ``join=False`` the :class:`ProcessContext`, at once.

    Raises:
        ProcessRaisedException: a process ended with an error.
    """
    context = _multiprocessing.get_context(start_method)
    processes, errors = [], []
    for i in range(nprocs):
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(fn, i, args, sender), daemon=daemon)  # type: ignore[attr-defined]
        process.start()
        sender.close()
        processes.append(process)
        errors.append(receiver)
    started = ProcessContext(processes, errors)
    if not join:
        return started
    while not started.join():
        pass
    return None


def spawn(
    fn: Callable[..., Any],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """:func:`start_processes`, in new Pythons."""
    return start_processes(fn, args, nprocs, join, daemon, start_method)
