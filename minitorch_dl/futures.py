"""Values that are still to come, with what is to happen to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future as _Future
from typing import Any, Generic, TypeVar

T = TypeVar("T")

__all__ = ["Future", "collect_all", "wait_all"]


class Future(Generic[T]):
    """A value that is set once, by ``set_result`` or ``set_exception``; ``wait`` gives it.

    >>> import minitorch_dl as torch
    >>> later = torch.futures.Future()
    >>> doubled = later.then(lambda done: 2 * done.value())
    >>> later.set_result(4)
    >>> doubled.wait()
    8
    """

    def __init__(self, *, devices: Any = None) -> None:
        self._future: _Future[Any] = _Future()

    def done(self) -> bool:
        """Whether the value, or an exception in its place, is there."""
        return self._future.done()

    def wait(self) -> Any:
        """The value, once it is there; raises the exception that came in its place."""
        return self._future.result()

    def value(self) -> Any:
        """The value, which is there already."""
        if not self.done():
            raise RuntimeError("Future: value() was called before the value was set; use wait()")
        return self._future.result()

    def set_result(self, result: Any) -> None:
        """Set the value, and call what waits for it."""
        self._refuse_twice()
        self._future.set_result(result)

    def set_exception(self, result: BaseException) -> None:
        """Have ``wait`` raise this exception."""
        if not isinstance(result, BaseException):
            raise AssertionError(f"{result} is of type {type(result)}, not an Exception.")
        self._refuse_twice()
        self._future.set_exception(result)

    def _refuse_twice(self) -> None:
        if self.done():
            raise RuntimeError(
                "Future can only be marked completed once, and its result or exception is set "
                "already"
            )

    def __getstate__(self) -> Any:
        raise RuntimeError("Can not pickle torch.futures.Future: wait() for its value, pickle that")

    def add_done_callback(self, callback: Callable[[Future], None]) -> None:
        """Call ``callback(future)`` when the value is there, or now."""
        self._future.add_done_callback(lambda _: callback(self))

    def then(self, callback: Callable[[Future], Any]) -> Future:
        """What ``callback(future)`` returns when the value is there, as a future of its own.

        If it raises, waiting for that future raises a RuntimeError that names the exception.
        """
        following: Future[Any] = Future()

        def run(done: Future) -> None:
            try:
                following.set_result(callback(done))
            except Exception as error:
                failure = RuntimeError(
                    "Got the following error when running the callback: "
                    f"{type(error).__name__}: {error}"
                )
                failure.__cause__ = error
                following.set_exception(failure)

        self.add_done_callback(run)
        return following


def _check(futures: Sequence[Future]) -> None:
    for future in futures:
        if not isinstance(future, Future):
            raise RuntimeError(f"Future can't be None: expected Futures, got {future!r}")


def collect_all(futures: Sequence[Future]) -> Future:
    """One future for several: the list of them, when all are done."""
    _check(futures)
    everything: Future[Any] = Future()
    left = [len(futures)]

    def count(_: Future) -> None:
        left[0] -= 1
        if not left[0]:
            everything.set_result(list(futures))

    for future in futures:
        future.add_done_callback(count)
    if not futures:
        everything.set_result([])
    return everything


def wait_all(futures: Sequence[Future]) -> list[Any]:
    """The values of all, in order."""
    _check(futures)
    return [future.wait() for future in futures]
