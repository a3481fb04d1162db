"""Threads that share the parts of one piece of work.

NumPy lets go of the interpreter's lock inside its loops, so two threads that each work on their own
block of an array run at the same time. The caller begins at once and takes one part after the
other; helpers that come in time take some of them. So nothing is lost where the other cores are
busy. A helper that sleeps needs 20 to 40 us to come, so it stays awake a moment after its last
part: one that is awake comes at once. It gets hold of the lock only while a loop of 5 us or more
runs: short loops gain nothing.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from time import perf_counter, thread_time
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

Work = Callable[[Any], None]


class _Watch:
    """Waits awake, without the interpreter's lock, for some 150 us at most.

    A reduction by ``or`` looks at one byte ``_LOOKS`` times, and ends where it is set; so do all of
    the ``_TURNS`` that follow. The last one looks at a byte that never is. It takes the 2 us after
    which who has set the others is in a loop of its own: until then it has the interpreter's lock,
    for which one would have to sleep.

    Where that takes far longer, other programs want the core: they have it for some time then.
    """

    _LOOKS, _TURNS = 8000, 64
    _FAR_LONGER, _PAUSE = 1e-3, 50

    def __init__(self) -> None:
        self._pause = 0  # how often not to wait at all
        bytes_ = np.zeros(self._TURNS + 1, bool)
        self._set, self._found = bytes_[:-1], np.empty_like(bytes_)
        self._turns = as_strided(bytes_, (len(bytes_), self._LOOKS), (1, 0), writeable=False)

    def wait(self) -> None:
        """Until ``end`` is called, or that time is over."""
        if self._pause:
            self._pause -= 1
            return
        begin = perf_counter()
        np.logical_or.reduce(self._turns, 1, out=self._found)
        if perf_counter() - begin > self._FAR_LONGER:
            self._pause = self._PAUSE

    def end(self) -> None:
        self._set.fill(True)

    def clear(self) -> None:
        self._set.fill(False)


class _Job:
    """What is left of one piece of work, who is at it, and the first error."""

    def __init__(self, work: Work, parts: Sequence[Any], context: Context) -> None:
        self.work, self.left, self.context = work, iter(parts), context
        self.error: BaseException | None = None
        self.lock = threading.Lock()  # guards what follows
        self.busy = 0.0  # seconds that the parts took of cores
        self.open = True
        self.helpers = 0
        self.empty = threading.Lock()  # held while there are helpers

    def take_parts(self) -> None:
        """Work until no part is left: taking the next is one step under the interpreter's lock."""
        before = _running()
        try:
            for part in self.left:
                self.work(part)
        except BaseException as error:
            self.error = self.error or error
            for _ in self.left:
                pass
        with self.lock:
            self.busy += _running() - before

    def help(self) -> None:
        with self.lock:
            if not self.open:
                return
            if not self.helpers:
                self.empty.acquire()
            self.helpers += 1
        try:
            self.context.copy().run(self.take_parts)
        finally:
            with self.lock:
                self.helpers -= 1
                if not self.helpers:
                    self.empty.release()
                    _done.end()

    def close(self) -> None:
        """Let no helper in any more, and wait for those who are."""
        with self.lock:
            self.open = False
        if self.empty.locked():
            _done.wait()
        self.empty.acquire()


class _Helper(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="minitorch_dl helper", daemon=True)
        self.job: _Job | None = None
        self.wake = threading.Lock()
        self.wake.acquire()
        self.watch = _Watch()
        self.start()

    def call(self, job: _Job) -> None:
        self.job = job
        if self.wake.locked():
            self.wake.release()
        self.watch.end()

    def run(self) -> None:
        while True:
            self.wake.acquire()
            self.watch.clear()
            job, self.job = self.job, None
            if job is not None:
                job.help()
            del job
            self.watch.wait()


def _count_at_the_start() -> int:
    """``OMP_NUM_THREADS``, as for PyTorch and BLAS, else one for each core that may be used."""
    text = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    if text.isdigit() and int(text):
        return int(text)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_count = _count_at_the_start()
_helpers: list[_Helper] = []
_busy = threading.Lock()
_LONGEST, _TRIES, _PAUSE = 1.0, 4, 128
"""Of the time that shared short work takes of all cores together, which is about what the caller
alone would need. Where sharing took longer so many times in a row, another program has the other
core, and the helper took the caller's: so much short work is then not shared."""
_delayed, _alone = 0, 0  # how many times in a row so far; how much of it is to come
_running = thread_time if os.name == "posix" else perf_counter  # Windows counts in steps of 16 ms
_done = _Watch()  # of whoever is busy: no helper is at the job any more


def thread_count() -> int:
    """How many threads share the work, the caller's among them."""
    return _count


def set_thread_count(count: int) -> None:
    """Let ``count`` threads share the work; 1: the caller's alone."""
    global _count
    _count = count


def share(
    work: Work, parts: Sequence[Any], context: Context | None = None, most: int | None = None
) -> None:
    """``work(part)`` for each part in ``context`` (the caller's), by several threads, ``most`` at
    most, where they are free.

    No order is kept, so parts must not depend on each other. Work within work, and that of a second
    thread at the same time, stays in its thread; so does short work, of two parts, for a while
    after sharing it took longer than one thread would have. What a part raises is raised here once
    no part runs any more; some of the others are then left out.
    """
    global _delayed, _alone
    job = _Job(work, parts, copy_context() if context is None else context)
    is_short = len(parts) == 2
    if is_short and _alone:
        _alone -= 1
        job.context.run(job.take_parts)
    elif _count == 1 or not _busy.acquire(blocking=False):
        job.context.run(job.take_parts)
    else:
        begin = perf_counter()
        try:
            _done.clear()
            for helper in _some_helpers(min(_count, len(parts), most or _count) - 1):
                helper.call(job)
            job.context.run(job.take_parts)
            job.close()
        finally:
            _busy.release()
        if is_short:
            _delayed = _delayed + 1 if perf_counter() - begin > _LONGEST * job.busy else 0
            if _delayed == _TRIES:
                _delayed, _alone = 0, _PAUSE
    if job.error is not None:
        raise job.error


def _some_helpers(count: int) -> list[_Helper]:
    try:
        while len(_helpers) < count:
            _helpers.append(_Helper())
    except RuntimeError:  # the process is about to end, or has as many threads as it may
        pass
    return _helpers[:count]


def _forget() -> None:
    """A forked process has none of its parent's threads."""
    global _delayed, _alone, _busy
    _helpers.clear()
    _delayed, _alone, _busy = 0, 0, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
