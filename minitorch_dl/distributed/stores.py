"""Where processes leave values for each other under names: in memory, in a file, under a prefix.
The one that a process serves to others is in ``tcp_store.py``."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from .errors import DistStoreError
from .frames import receive_fields, write_fields

__all__ = ["FileStore", "HashStore", "PrefixStore", "Store"]

Update = Callable[[bytes | None], bytes | None]
"""From the value that a key has to the one that it gets; None: the key has none."""


def as_bytes(value: str | bytes) -> bytes:
    """The value as a store keeps it."""
    if not isinstance(value, (str, bytes)):
        raise TypeError(f"a store keeps str and bytes, got {type(value).__name__}")
    return value.encode() if isinstance(value, str) else value


class Store:
    """Bytes under string keys: the base class of stores."""

    _timeout = timedelta(seconds=300)

    @property
    def timeout(self) -> timedelta:
        """How long ``get`` and ``wait`` wait for a key."""
        return self._timeout

    def set_timeout(self, timeout: timedelta) -> None:
        """Change ``timeout``."""
        self._timeout = timeout

    def _update(self, key: str, change: Update) -> tuple[bytes | None, bytes | None]:
        """Change the value of a key, before anybody else can; returns the old and the new one."""
        raise NotImplementedError(f"{type(self).__name__} has no _update")

    def _current(self) -> dict[str, bytes]:
        """All keys with their values."""
        raise NotImplementedError(f"{type(self).__name__} has no _current")

    def _wait_for(self, ready: Callable[[], bool], seconds: float) -> bool:
        """Whether ``ready()`` comes true within so many seconds."""
        deadline = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)
        return True

    def set(self, key: str, value: str | bytes) -> None:
        """Put the value under the key."""
        self._update(key, lambda _: as_bytes(value))

    def get(self, key: str) -> bytes:
        """The value of the key, waited for."""
        self.wait([key])
        return self._current()[key]

    def wait(self, keys: Sequence[str], timeout: timedelta | None = None) -> None:
        """Wait until all keys have values.

        Raises:
            DistStoreError: that took longer than ``timeout``.
        """
        seconds = (self.timeout if timeout is None else timeout).total_seconds()
        if not self._wait_for(lambda: self.check(keys), seconds):
            raise DistStoreError(f"wait timeout after {seconds * 1000:.0f}ms, keys: {list(keys)}")

    def barrier(self, key: str, world_size: int, timeout: timedelta | None = None) -> None:
        """Wait until ``world_size`` processes have called this with the key; it can be used again,
        by as many.

        Raises:
            DistStoreError: that took longer than ``timeout``.
        """
        arrived = self.add(f"{key}:arrived", 1)
        complete = f"{key}:complete:{(arrived - 1) // world_size}"
        if arrived % world_size == 0:
            self.set(complete, b"")
        self.wait([complete], timeout)

    def check(self, keys: Sequence[str]) -> bool:
        """Whether all keys have values."""
        return self._current().keys() >= set(keys)

    def add(self, key: str, amount: int) -> int:
        """Add to the whole number under the key, at first 0; returns the sum."""
        _, total = self._update(key, lambda old: str(int(old or 0) + amount).encode())
        return int(total or 0)

    def append(self, key: str, value: str | bytes) -> None:
        """Put the value behind the one that the key has."""
        self._update(key, lambda old: (old or b"") + as_bytes(value))

    def compare_set(self, key: str, expected: str | bytes, desired: str | bytes) -> bytes:
        """Set the key if its value is the expected one, or it has none and ``""`` is expected.
        Returns the value that it has then."""
        wanted, new = as_bytes(expected), as_bytes(desired)
        _, value = self._update(key, lambda old: new if (old or b"") == wanted else old)
        return wanted if value is None else value

    def delete_key(self, key: str) -> bool:
        """Forget the key; whether it had a value."""
        return self._update(key, lambda _: None)[0] is not None

    def num_keys(self) -> int:
        """The number of keys."""
        return len(self._current())

    def list_keys(self) -> list[str]:
        """The keys."""
        return list(self._current())

    def multi_get(self, keys: Sequence[str]) -> list[bytes]:
        """The values of the keys."""
        return [self.get(key) for key in keys]

    def multi_set(self, keys: Sequence[str], values: Sequence[str | bytes]) -> None:
        """Put each value under its key."""
        for key, value in zip(keys, values, strict=True):
            self.set(key, value)

    def has_extended_api(self) -> bool:
        """Whether there are ``append``, ``multi_get`` and ``multi_set``: yes."""
        return True


class HashStore(Store):
    """A store in this process's memory, for its threads.

    >>> import minitorch_dl as torch
    >>> store = torch.distributed.HashStore()
    >>> store.set("loss", "0.5")
    >>> store.get("loss"), store.add("steps", 2)
    (b'0.5', 2)
    """

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}
        self._changed = threading.Condition()

    def _update(self, key: str, change: Update) -> tuple[bytes | None, bytes | None]:
        with self._changed:
            old = self._values.get(key)
            new = _put(self._values, key, change(old))
            self._changed.notify_all()
            return old, new

    def _current(self) -> dict[str, bytes]:
        with self._changed:
            return dict(self._values)

    def _wait_for(self, ready: Callable[[], bool], seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(ready, seconds)


def _put(values: dict[str, bytes], key: str, new: bytes | None) -> bytes | None:
    if new is None:
        values.pop(key, None)
    else:
        values[key] = new
    return new


class FileStore(Store):
    """A store in a file that all processes can open. Each change is a record at its end, written
    while the file is locked.

    Args:
        file_name: where; the file need not exist.
        world_size: how many processes use it: the last of them to end deletes it. -1: none does.
    """

    _ENDED = "ended"

    def __init__(self, file_name: str | os.PathLike[str], world_size: int = -1) -> None:
        self.path = os.fspath(file_name)
        self.world_size = world_size
        self._values: dict[str, bytes] = {}
        self._read = 0  # so many bytes of the file are in _values
        self._lock = threading.Lock()
        self._users = 0
        with self._opened():
            pass

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        """The file, locked, after what others wrote was read."""
        import fcntl  # which Windows lacks

        with self._lock, Path(self.path).open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # until it is closed
            file.seek(self._read)
            while (record := receive_fields(file)) is not None:
                _put(self._values, record[0].decode(), record[1] if len(record) > 1 else None)
            self._read = file.tell()
            yield file

    def _update(self, key: str, change: Update) -> tuple[bytes | None, bytes | None]:
        with self._opened() as file:
            old = self._values.get(key)
            new = _put(self._values, key, change(old))
            write_fields(file, key.encode(), *([] if new is None else [new]))
            self._read = file.tell()
            return old, new

    def _current(self) -> dict[str, bytes]:
        with self._opened():
            return {key: value for key, value in self._values.items() if key != self._ENDED}

    def __del__(self) -> None:
        with suppress(Exception):  # the file may be gone, and so may the interpreter
            if os.path.exists(self.path) and self.add(self._ENDED, 1) == self.world_size:
                os.remove(self.path)


class PrefixStore(Store):
    """Another store's keys that begin with ``prefix/``, without it.

    >>> import minitorch_dl as torch
    >>> store = torch.distributed.HashStore()
    >>> torch.distributed.PrefixStore("train", store).set("loss", "0.5")
    >>> store.list_keys()
    ['train/loss']
    """

    def __init__(self, prefix: str, store: Store) -> None:
        self.prefix, self.underlying_store = prefix, store

    @property
    def timeout(self) -> timedelta:
        """How long the other store waits for a key."""
        return self.underlying_store.timeout

    def set_timeout(self, timeout: timedelta) -> None:
        """Change that of the other store."""
        self.underlying_store.set_timeout(timeout)

    def _key(self, key: str) -> str:
        return f"{self.prefix}/{key}"

    def set(self, key: str, value: str | bytes) -> None:
        self.underlying_store.set(self._key(key), value)

    def get(self, key: str) -> bytes:
        return self.underlying_store.get(self._key(key))

    def wait(self, keys: Sequence[str], timeout: timedelta | None = None) -> None:
        there = [self._key(key) for key in keys]
        self.underlying_store.wait(there, *([] if timeout is None else [timeout]))

    def check(self, keys: Sequence[str]) -> bool:
        return self.underlying_store.check([self._key(key) for key in keys])

    def add(self, key: str, amount: int) -> int:
        return self.underlying_store.add(self._key(key), amount)

    def append(self, key: str, value: str | bytes) -> None:
        self.underlying_store.append(self._key(key), value)

    def compare_set(self, key: str, expected: str | bytes, desired: str | bytes) -> bytes:
        return self.underlying_store.compare_set(self._key(key), expected, desired)

    def delete_key(self, key: str) -> bool:
        return self.underlying_store.delete_key(self._key(key))

    def num_keys(self) -> int:
        """The number of keys of the other store, with this prefix or not, as in PyTorch."""
        return self.underlying_store.num_keys()

    def list_keys(self) -> list[str]:
        start = self._key("")
        keys = self.underlying_store.list_keys()
        return [key.removeprefix(start) for key in keys if key.startswith(start)]
