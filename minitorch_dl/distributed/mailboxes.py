"""Messages that have arrived, and those that are waited for."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from .errors import DistBackendError

__all__ = ["Expected", "Mailboxes", "Message"]


@dataclass
class Message:
    """What a process sent: an array's bytes, and its dtype's name.

    Attributes:
        data: a NumPy array of uint8.
    """

    source: int
    dtype: str
    data: Any


@dataclass
class Expected:
    """A message that is waited for.

    Attributes:
        source: who will send it; None: whoever does first.
        needs: the processes without whose help it will not come. If one of them dies, it fails.
    """

    source: int | None
    needs: Collection[int]
    future: Future[Message] = field(default_factory=Future)

    def takes(self, message: Message) -> bool:
        """Whether it waits for this message."""
        return self.source in (None, message.source)


class Mailboxes:
    """One mailbox for each key that messages are sent under. Messages of one sender under one key
    keep their order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._arrived: dict[str, deque[Message]] = {}
        self._expected: dict[str, list[Expected]] = {}
        self._gone: dict[int, str] = {}
        self._dead: dict[int, None] = {}  # in the order of their ends

    def deliver(self, key: str, message: Message) -> None:
        """Give the message to the first that waits for it, or keep it."""
        with self._lock:
            waiting = self._expected.get(key, [])
            taker = next((one for one in waiting if one.takes(message)), None)
            if taker is None:
                self._arrived.setdefault(key, deque()).append(message)
                return
            self._forget(key, taker)
        taker.future.set_result(message)

    def expect(self, key: str, source: int | None, needs: Collection[int]) -> Expected:
        """Wait for a message: its ``future`` holds it once it has come."""
        expected = Expected(source, needs)
        with self._lock:
            arrived = self._arrived.get(key, ())
            message = next((one for one in arrived if expected.takes(one)), None)
            if message is not None:
                self._arrived[key].remove(message)
                if not self._arrived[key]:
                    del self._arrived[key]
            else:
                why = self._why_never(expected)
                if why is None:
                    self._expected.setdefault(key, []).append(expected)
                    return expected
        if message is not None:
            expected.future.set_result(message)
        else:
            expected.future.set_exception(DistBackendError(why))
        return expected

    def cancel(self, key: str, expected: Expected) -> None:
        """Wait for it no longer."""
        with self._lock:
            if expected in self._expected.get(key, ()):
                self._forget(key, expected)

    def lose(self, source: int, why: str, dead: bool) -> None:
        """No more messages will come from this process: it has left, or is dead."""
        with self._lock:
            self._gone[source] = why
            if dead:
                self._dead[source] = None
            failed = [
                (key, one, text)
                for key, waiting in self._expected.items()
                for one in waiting
                if (text := self._why_never(one)) is not None
            ]
            for key, one, _ in failed:
                self._forget(key, one)
        for _, one, text in failed:
            one.future.set_exception(DistBackendError(text))

    def why_gone(self, source: int) -> str | None:
        """How this process was lost; None: it was not."""
        return self._gone.get(source)

    def deaths(self) -> list[str]:
        """How those were lost that died."""
        return [self._gone[source] for source in self._dead]

    def _why_never(self, expected: Expected) -> str | None:
        for source in self._dead:
            if source in expected.needs:
                return self._gone[source]
        if expected.source is not None:
            return self._gone.get(expected.source)
        if all(source in self._gone for source in expected.needs):
            return "; ".join(self._gone[source] for source in expected.needs) or "nobody is left"
        return None

    def _forget(self, key: str, expected: Expected) -> None:
        waiting = self._expected[key]
        waiting[:] = [one for one in waiting if one is not expected]
        if not waiting:
            del self._expected[key]
