"""Groups of processes, and calls of theirs that are under way."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future as Result, TimeoutError as NotYet
from datetime import timedelta
from enum import Enum
from typing import Any, ClassVar

import numpy as np

from ..futures import Future
from .errors import DistBackendError
from .transport import Transport

__all__ = ["Backend", "ProcessGroup", "ReduceOp", "Work", "reduce_op"]

default_pg_timeout = timedelta(minutes=30)
"""How long processes wait for each other unless told otherwise."""


class Backend(str):
    """The name of what carries messages between processes, in lower case."""

    backend_list: ClassVar = ["undefined", "gloo", "nccl", "xccl", "ucc", "mpi"]
    UNDEFINED, GLOO, NCCL, XCCL, UCC, MPI = backend_list
    default_device_backend_map: ClassVar = {"cpu": "gloo", "cuda": "nccl", "mps": "gloo"}

    def __new__(cls, name: str) -> Backend:
        return str.__new__(cls, name.lower())


class RedOpType(Enum):
    """How tensors of several processes are combined."""

    SUM, AVG, PRODUCT, MIN, MAX, BAND, BOR, BXOR, PREMUL_SUM = range(9)


class ReduceOp:
    """How tensors of several processes are combined: ``ReduceOp.SUM``, ..."""

    RedOpType = RedOpType
    SUM, AVG, PRODUCT, MIN, MAX, BAND, BOR, BXOR, PREMUL_SUM = RedOpType

    def __new__(cls, op: Any) -> Any:
        return op


reduce_op = ReduceOp


class Work:
    """A call that may still be under way.

    Args:
        result: when it is done, its tensors.
        what: the call, for errors.
        timeout: the seconds that ``wait`` waits unless told otherwise. None: until it is done or
            fails, which a collective call does in its group's time.
    """

    def __init__(self, result: Result[Any], what: str, timeout: float | None = None) -> None:
        self._result, self._what, self._timeout = result, what, timeout
        self._source = -1

    def wait(self, timeout: timedelta | None = None) -> bool:
        """True, once it is done.

        Raises:
            DistBackendError: it failed, or is not done in time.
        """
        seconds = timeout.total_seconds() if timeout else self._timeout
        try:
            self._result.result(seconds)
        except NotYet as error:
            if self._result.done():
                raise
            raise DistBackendError(
                f"Timed out waiting {(seconds or 0) * 1000:.0f}ms for {self._what} to complete"
            ) from error
        return True

    synchronize = wait

    def is_completed(self) -> bool:
        """Whether it is done, or has failed."""
        return self._result.done()

    def is_success(self) -> bool:
        """Whether it is done."""
        return self._result.done() and self._result.exception() is None

    def exception(self) -> BaseException | None:
        """What it failed with."""
        return self._result.exception() if self._result.done() else None

    def result(self) -> list[Any]:
        """The tensors that it wrote."""
        self.wait()
        return self._result.result()

    def source_rank(self) -> int:
        """Who sent what was received."""
        self.wait()
        return self._source

    def get_future(self) -> Future:
        """The tensors that it writes, as a future."""
        future: Future = Future()

        def finish(done: Result[Any]) -> None:
            error = done.exception()
            if error is None:
                future.set_result(done.result())
            else:
                future.set_exception(error)

        self._result.add_done_callback(finish)
        return future


class ProcessGroup:
    """Some processes of a world.

    Args:
        transport: their connections.
        ranks: which they are in the world, in the order of their ranks in the group.
        group_name: tells the groups of a world apart.
        timeout: how long they wait for each other.
    """

    def __init__(
        self,
        transport: Transport,
        ranks: Sequence[int],
        group_name: str,
        timeout: timedelta,
        backend: str = "gloo",
        group_desc: str = "undefined",
    ) -> None:
        self.ranks = list(ranks)
        self.group_name, self.group_desc, self.timeout = group_name, group_desc, timeout
        self.backend = backend
        self._transport = transport
        self._calls = itertools.count()
        self._queue: queue.SimpleQueue[Callable[[], None]] | None = None

    def rank(self) -> int:
        """Which this process is in the group."""
        return self.ranks.index(self._transport.rank)

    def size(self) -> int:
        """How many processes there are."""
        return len(self.ranks)

    def name(self) -> str:
        """The backend's name."""
        return self.backend

    def close(self) -> None:
        """Tell the rest of the world that this process leaves."""
        self._transport.close()

    def perform(
        self,
        op: str,
        action: Callable[[GroupExchange], Any],
        results: Sequence[Any] = (),
        async_op: bool = False,
        timeout: timedelta | None = None,
    ) -> Work | None:
        """Do a collective call, which all processes of the group do in the same order.

        Args:
            action: what to do.
            results: the tensors that it writes.
            async_op: whether to return a Work at once, and do it in another thread.
        """
        seconds = (timeout or self.timeout).total_seconds()
        exchange = GroupExchange(self, op, next(self._calls), seconds)
        if not async_op:
            action(exchange)
            return None
        result: Result[Any] = Result()

        def later() -> None:
            try:
                action(exchange)
            except BaseException as error:
                result.set_exception(error)
            else:
                result.set_result(list(results))

        if self._queue is None:
            self._queue = queue.SimpleQueue()
            threading.Thread(target=_work, args=(self._queue,), daemon=True).start()
        self._queue.put(later)
        return Work(result, op)

    def send(self, array: np.ndarray, dst: int, tag: int) -> None:
        """To rank ``dst`` of the group."""
        self._transport.send(self.ranks[dst], f"{self.group_name}/tag/{tag}", array)

    def receive(
        self, src: int | None, tag: int, like: np.ndarray, take: Callable[[np.ndarray], Any]
    ) -> Work:
        """Call ``take`` with the next array that rank ``src`` (None: any) sends under the tag.

        Args:
            like: has the shape and dtype that it must have.
            take: what it returns is the Work's result.
        """
        source = None if src is None else self.ranks[src]
        others = [rank for rank in self.ranks if rank != self._transport.rank]
        expected = self._transport.mailboxes.expect(
            f"{self.group_name}/tag/{tag}", source, others if source is None else [source]
        )
        result: Result[Any] = Result()
        who = "any rank" if source is None else self._transport.name(source)
        work = Work(result, f"recv operation from {who}", self.timeout.total_seconds())

        def arrived(done: Any) -> None:
            try:
                message = done.result()
                work._source = self.ranks.index(message.source)
                result.set_result(take(as_array(message, like, "recv")))
            except BaseException as error:
                result.set_exception(error)

        expected.future.add_done_callback(arrived)
        return work


def _work(calls: queue.SimpleQueue[Callable[[], None]]) -> None:
    while True:
        calls.get()()


class GroupExchange:
    """The messages of one collective call of a group, kept apart from all others by its number."""

    def __init__(self, group: ProcessGroup, op: str, number: int, seconds: float) -> None:
        self.rank, self.size = group.rank(), group.size()
        self._op, self._seconds = op, seconds
        self._ranks, self._transport = group.ranks, group._transport
        self._key = f"{group.group_name}/{number}"

    def send(self, peer: int, array: np.ndarray) -> None:
        """To rank ``peer`` of the group."""
        self._transport.send(self._ranks[peer], self._key, array)

    def receive(self, peer: int, like: np.ndarray) -> np.ndarray:
        """What rank ``peer`` of the group sent: as ``like`` in shape and dtype."""
        message = self._transport.receive(
            self._key, self._ranks[peer], self._ranks, self._seconds, self._op
        )
        return as_array(message, like, self._op)

    def comes(self, peer: int, like: np.ndarray, seconds: float) -> bool:
        """Whether something from rank ``peer`` comes in so many seconds."""
        try:
            self._transport.receive(self._key, self._ranks[peer], (), seconds, self._op)
        except DistBackendError:
            return False
        return True


def as_array(message: Any, like: np.ndarray, op: str) -> np.ndarray:
    """The array that was sent, in the shape of the one that is to hold it."""
    if message.dtype != str(like.dtype) or len(message.data) != like.nbytes:
        raise RuntimeError(
            f"{op}: expected {like.size} elements of {like.dtype}, but rank {message.source} of "
            f"the world sent {len(message.data)} bytes of {message.dtype}. All processes must "
            "make the same calls, with tensors of the same size and dtype"
        )
    return message.data.view(like.dtype).reshape(like.shape)
