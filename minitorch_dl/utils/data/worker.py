"""Worker processes: what runs inside one, and the pool that the loader talks to."""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import signal
import threading
import time
import traceback
import warnings
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from ...backend.threads import set_thread_count
from ...ops import manual_seed

__all__ = ["Ended", "WorkerInfo", "WorkerPool", "get_worker_info"]

_LIVENESS_INTERVAL = 5.0  # seconds between looks at whether the other side is still there
_RESTART = "restart"  # the key of the task to start the dataset anew


@dataclass(frozen=True)
class WorkerInfo:
    """What a worker process knows of itself; ``id`` is 0 to ``num_workers`` - 1."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


_worker_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """The :class:`WorkerInfo` of this worker process, or None in the main process."""
    return _worker_info


class Ended:
    """A worker's reply once its copy of an IterableDataset has no more samples."""


class Failure:
    """A worker's exception, with its traceback as text, to be raised again in the main process."""

    def __init__(self, error: BaseException, where: str) -> None:
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        self.message = f"Caught {type(error).__name__} {where}.\nOriginal {text}"
        try:  # a class defined inside a function has no name to be found by
            self.kind = pickle.dumps(type(error))
        except Exception:
            self.kind = pickle.dumps(RuntimeError)

    def reraise(self) -> None:
        """Raise the same type; RuntimeError where it can't be made from a message."""
        message: str = self.message
        try:
            kind = pickle.loads(self.kind)
            if issubclass(kind, KeyError):
                message = _Verbatim(message)
            error = kind(message)
        except Exception:
            error = RuntimeError(message)
        try:
            raise error
        finally:
            del error  # its traceback holds this frame: a cycle that would keep the workers alive


class _Verbatim(str):
    """A KeyError shows the repr of its key, which would put the traceback on one line."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


# --- inside a worker


def _work(
    connection: Any,
    info: WorkerInfo,
    base_seed: int,
    init_fn: Callable[[int], None] | None,
    start: Callable[[], Callable[[Any], Any]],
) -> None:
    """Answer tasks ``(key, index)`` by ``(key, data)`` until None comes.

    Two threads keep the pipe moving, so that the loader never waits to hand out a task and the
    worker never waits to hand in a result.
    """
    import random  # late, as is multiprocessing: few programs start workers

    global _worker_info
    _worker_info = info
    set_thread_count(1)  # the workers are as many as the cores can serve
    random.seed(info.seed)
    manual_seed(info.seed)
    entropy = [info.id, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    np.random.seed(np.random.SeedSequence(entropy).generate_state(4))  # noqa: NPY002

    tasks: queue.SimpleQueue = queue.SimpleQueue()
    results: queue.SimpleQueue = queue.SimpleQueue()
    closing = threading.Event()
    for loop in (
        lambda: _receive(connection, tasks, closing),
        lambda: _send(connection, results),
    ):
        threading.Thread(target=loop, daemon=True).start()
    where = f"in DataLoader worker process {info.id}"
    initialized = init_fn is None

    def begin() -> Callable[[Any], Any]:
        nonlocal initialized
        try:
            if not initialized:
                init_fn(info.id)  # type: ignore[misc]
                initialized = True
            return start()
        except Exception as error:
            failure = Failure(error, where)
            return lambda index: failure

    with contextlib.suppress(KeyboardInterrupt):
        fetch = begin()
        while (task := tasks.get()) is not None and not closing.is_set():
            key, index = task
            if key == _RESTART:
                fetch = begin()
            else:
                results.put(_answer(fetch, key, index, where))


def _answer(fetch: Callable[[Any], Any], key: Any, index: Any, where: str) -> Any:
    """The pickled ``(key, reply)``."""
    from multiprocessing.reduction import ForkingPickler

    try:
        reply = fetch(index)
    except StopIteration:
        reply = Ended()
    except Exception as error:
        reply = Failure(error, where)
    try:
        return ForkingPickler.dumps((key, reply), 5)
    except Exception as error:
        return ForkingPickler.dumps((key, Failure(error, where)), 5)


def _receive(connection: Any, tasks: queue.SimpleQueue, closing: threading.Event) -> None:
    import multiprocessing

    parent = multiprocessing.parent_process()
    parent_id = os.getppid()
    try:
        while True:
            while not connection.poll(_LIVENESS_INTERVAL):
                if os.getppid() != parent_id or not (parent and parent.is_alive()):
                    os._exit(1)
            task = connection.recv()
            if task is None:
                closing.set()
            tasks.put(task)
    except (EOFError, OSError):
        os._exit(1)


def _send(connection: Any, results: queue.SimpleQueue) -> None:
    with contextlib.suppress(OSError):  # the loader has gone
        while True:
            connection.send_bytes(results.get())


# --- in the main process


class WorkerPool:
    """``num_workers`` processes; each answers its tasks in the order in which it gets them."""

    def __init__(
        self,
        context: Any,
        num_workers: int,
        base_seed: int,
        dataset: Any,
        init_fn: Callable[[int], None] | None,
        start: Callable[[], Callable[[Any], Any]],
    ) -> None:
        self._processes: list[Any] = []
        self._connections: list[Any] = []
        self.close = weakref.finalize(self, _close, os.getpid(), self._processes, self._connections)
        for i in range(num_workers):
            ours, theirs = context.Pipe()
            info = WorkerInfo(i, num_workers, base_seed + i, dataset)
            arguments = (theirs, info, base_seed, init_fn, start)
            process = context.Process(target=_work, args=arguments, daemon=True)
            self._connections.append(ours)
            try:
                with warnings.catch_warnings():
                    # NumPy's idle BLAS threads count, but survive a fork
                    warnings.filterwarnings("ignore", ".*fork", DeprecationWarning)
                    process.start()
            except BaseException:
                self.close()
                raise
            finally:
                theirs.close()
            self._processes.append(process)

    def submit(self, worker: int, key: Any, index: Any) -> None:
        """Hand a task to ``worker``."""
        try:
            self._connections[worker].send((key, index))
        except (BrokenPipeError, ConnectionResetError):
            self._raise_dead(worker)

    def receive(self, worker: int, timeout: float = 0) -> tuple[Any, Any]:
        """The next ``(key, reply)`` of ``worker``.

        RuntimeError where the process is dead, or after ``timeout`` seconds (0: waits on).
        """
        connection = self._connections[worker]
        while not connection.poll(timeout or _LIVENESS_INTERVAL):
            if timeout:
                raise RuntimeError(f"DataLoader timed out after {timeout} seconds")
            if not self._processes[worker].is_alive() and not connection.poll(0):
                self._raise_dead(worker)
        try:
            message = connection.recv_bytes()
        except (EOFError, OSError):
            self._raise_dead(worker)
        except BaseException:
            self.close()  # half a message may have been read
            raise
        return pickle.loads(message)

    def ready(self, workers: Iterable[int], timeout: float = 0) -> int:
        """The first of ``workers`` that has answered or died."""
        from multiprocessing.connection import wait

        by_connection = {self._connections[worker]: worker for worker in workers}
        found = wait(by_connection, timeout or None)
        if not found:
            raise RuntimeError(f"DataLoader timed out after {timeout} seconds")
        return min(by_connection[connection] for connection in found)

    def restart(self) -> None:
        """Let every worker start its dataset anew; replies to earlier tasks still come."""
        for worker in range(len(self._processes)):
            self.submit(worker, _RESTART, None)

    def _raise_dead(self, worker: int) -> NoReturn:
        process = self._processes[worker]
        process.join(_LIVENESS_INTERVAL)
        code = process.exitcode
        if code is not None and code < 0:
            how = f"killed by signal {signal.Signals(-code).name}"
        else:
            how = f"exit code {code}"
        self.close()
        raise RuntimeError(
            f"DataLoader worker (pid(s) {process.pid}) exited unexpectedly: {how}"
        ) from None


def _close(owner: int, processes: list[Any], connections: list[Any]) -> None:
    if os.getpid() != owner:  # a fork's copy of the pool: the workers aren't its own
        return
    for connection in connections:
        with contextlib.suppress(OSError):
            connection.send(None)
    deadline = time.monotonic() + _LIVENESS_INTERVAL
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.is_alive():
            process.terminate()
            process.join(1)
        if process.is_alive():
            process.kill()
            process.join()
    for connection in connections:
        connection.close()
