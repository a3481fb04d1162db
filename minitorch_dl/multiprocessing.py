"""Python's own ``multiprocessing`` under the name that PyTorch programs import, with ``spawn``.

Tensors in shared memory (``share_memory_``) go between processes as that memory, others as copies.
"""

from __future__ import annotations

import multiprocessing as _multiprocessing
from collections.abc import Callable
from multiprocessing import *  # noqa: F403
from typing import Any

__all__ = [
    *_multiprocessing.__all__, "get_all_sharing_strategies", "get_sharing_strategy",
    "set_sharing_strategy", "spawn",
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


def spawn(
    fn: Callable[..., Any],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> list[Any] | None:
    """Run ``fn(i, *args)`` in ``nprocs`` processes, i = 0, 1, ...

    Returns:
        None after all have ended; with ``join=False`` the processes, at once.

    Raises:
        RuntimeError: a process ended with an error, whose traceback is on stderr.
    """
    context = _multiprocessing.get_context(start_method)
    processes = [
        context.Process(target=fn, args=(i, *args), daemon=daemon)  # type: ignore[attr-defined]
        for i in range(nprocs)
    ]
    for process in processes:
        process.start()
    if not join:
        return processes
    for process in processes:
        process.join()
    failed = {i: p.exitcode for i, p in enumerate(processes) if p.exitcode}
    if failed:
        raise RuntimeError(f"spawn: these processes failed, with these exit codes: {failed}")
    return None
