"""Where processes leave values for each other under names; here the threads of one process do."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

__all__ = ["DistError", "DistStoreError", "HashStore", "Store", "TCPStore"]


class DistError(RuntimeError):
    """Processes could not be reached."""


class DistStoreError(DistError):
    """A key did not arrive in time."""


class Store:
    """Bytes under string keys. The base class of stores; derive from it, or take a HashStore."""

    timeout = timedelta(seconds=300)
    """How long ``get`` and ``wait`` wait for a key."""

    def set_timeout(self, timeout: timedelta) -> None:
        """Change ``timeout``."""
        self.timeout = timeout


class HashStore(Store):
    """A store in this process's memory.

    >>> import minitorch_dl as torch
    >>> store = torch.distributed.HashStore()
    >>> store.set("loss", "0.5")
    >>> store.get("loss"), store.add("steps", 2)
    (b'0.5', 2)
    """

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}
        self._changed = threading.Condition()

    def set(self, key: str, value: str | bytes) -> None:
        """Put the value under the key."""
        with self._changed:
            self._values[key] = value.encode() if isinstance(value, str) else value
            self._changed.notify_all()

    def get(self, key: str) -> bytes:
        """The value of the key, waited for."""
        self.wait([key])
        return self._values[key]

    def wait(self, keys: Sequence[str], timeout: timedelta | None = None) -> None:
        """Wait until all keys have values.

        Raises:
            DistStoreError: that took longer than ``timeout``.
        """
        seconds = (self.timeout if timeout is None else timeout).total_seconds()
        with self._changed:
            if not self._changed.wait_for(lambda: self.check(keys), seconds):
                raise DistStoreError(f"Wait timeout after {seconds} s for the keys {list(keys)}")

    def check(self, keys: Sequence[str]) -> bool:
        """Whether all keys have values."""
        return all(key in self._values for key in keys)

    def add(self, key: str, amount: int) -> int:
        """Add to the whole number under the key, at first 0; returns the sum."""
        with self._changed:
            total = int(self._values.get(key, b"0")) + amount
            self.set(key, str(total))
            return total

    def append(self, key: str, value: str | bytes) -> None:
        """Put the value behind the one that the key has."""
        with self._changed:
            more = value.encode() if isinstance(value, str) else value
            self.set(key, self._values.get(key, b"") + more)

    def compare_set(self, key: str, expected: str, desired: str) -> bytes:
        """Set the key if its value is the expected one, or it has none and ``""`` is expected.
        Returns the value that it has then."""
        with self._changed:
            if self._values.get(key, b"") == expected.encode():
                self.set(key, desired)
            return self._values.get(key, expected.encode())

    def delete_key(self, key: str) -> bool:
        """Forget the key; whether it had a value."""
        with self._changed:
            return self._values.pop(key, None) is not None

    def num_keys(self) -> int:
        """The number of keys."""
        return len(self._values)

    def list_keys(self) -> list[str]:
        """The keys."""
        return list(self._values)

    def multi_get(self, keys: Sequence[str]) -> list[bytes]:
        """The values of the keys."""
        return [self.get(key) for key in keys]

    def multi_set(self, keys: Sequence[str], values: Sequence[str | bytes]) -> None:
        """Put each value under its key."""
        for key, value in zip(keys, values, strict=True):
            self.set(key, value)


class TCPStore(HashStore):
    """A store that one process serves to others: here to itself.

    Raises:
        RuntimeError: it would wait for other processes.
    """

    def __init__(
        self,
        host_name: str,
        port: int,
        world_size: int | None = None,
        is_master: bool = False,
        timeout: timedelta = Store.timeout,
        wait_for_workers: bool = True,
        **options: Any,
    ) -> None:
        super().__init__()
        if not is_master or (world_size or 1) > 1:
            raise RuntimeError("TCPStore: more than one process is not supported")
        self.host, self.port, self.timeout = host_name, port, timeout
