"""The gradient suite run by several processes."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

from ..backend import dtypes
from . import fake_gpu
from .picture import Curve, curve
from .suite import Result, Subject, check, subjects

SHARE = 16
"""A process starts in a second, so each must have so many subjects to check."""


def cores() -> int:
    """How many processes can run at once."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def checked(
    wanted: Sequence[Subject], jobs: int, settings: dict[str, Any], *, draw: bool
) -> Iterator[tuple[Result, Curve | None]]:
    """What the check of each subject finds, in their order, and its picture if ``draw``.

    Args:
        jobs: how many processes may run; this one does the work if few subjects are wanted.
        settings: the keyword arguments of ``suite.check``, with the dtype as its name.
    """
    jobs = min(jobs, len(wanted) // SHARE)
    if jobs < 2:
        _prepare(settings)
        for subject in wanted:
            yield _found(subject, settings, draw)
        return
    # Not by fork: a process with threads, or with a GPU at work, can't be copied.
    with ProcessPoolExecutor(jobs, get_context("spawn"), _start, (settings,)) as processes:
        work = partial(_found_by_name, settings=settings, draw=draw)
        try:
            yield from processes.map(work, [subject.name for subject in wanted])
        finally:
            processes.shutdown(cancel_futures=True)


def _found(subject: Subject, settings: dict[str, Any], draw: bool) -> tuple[Result, Curve | None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of ops that are deprecated
        result = check(subject, **{**settings, "dtype": getattr(dtypes, settings["dtype"])})
        return result, curve(subject, settings["device"]) if draw else None


# -- in another process ----------------------------------------------------------------------------

_TABLE: dict[str, Subject] = {}


def _start(settings: dict[str, Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent stops this process
    _prepare(settings)
    _TABLE.update((subject.name, subject) for subject in subjects())


def _prepare(settings: dict[str, Any]) -> None:
    if settings["device"] == "fakegpu":
        fake_gpu.register()


def _found_by_name(name: str, settings: dict[str, Any], draw: bool) -> tuple[Result, Curve | None]:
    return _found(_TABLE[name], settings, draw)
