"""The store that one process serves to all others over TCP.

A request is a JSON list, the name of a store's method and its arguments; the answer is what the
method of the server's ``HashStore`` returned. Each client has a thread in the server, so that one
may wait for a key while others set it.
"""

from __future__ import annotations

import json
import socket
import threading
import time
import weakref
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from .errors import DistNetworkError, DistStoreError
from .frames import receive_fields, write_fields
from .stores import HashStore, Store, as_bytes

__all__ = ["TCPStore"]

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_JOINED = "init/"
"""The key under which clients are counted."""
_METHODS = frozenset(
    "set wait_and_get wait check add append compare_set delete_key num_keys list_keys".split()
)


def _encode(value: Any) -> bytes:
    return json.dumps(value, default=lambda data: {"bytes": data.decode("latin-1")}).encode()


def _decode(text: bytes) -> Any:
    return json.loads(text, object_hook=lambda found: found["bytes"].encode("latin-1"))


class _Served(HashStore):
    """The server's values; timeouts are the client's, in seconds."""

    def wait(self, keys: Sequence[str], timeout: Any = None) -> None:
        super().wait(keys, timedelta(seconds=timeout))

    def wait_and_get(self, key: str, timeout: float) -> bytes:
        self.wait([key], timeout)
        return self._values[key]


class _Server:
    """Accepts clients on a port, and answers them, until ``close()``."""

    def __init__(self, host: str, port: int, listener: socket.socket | None = None) -> None:
        self._values = _Served()
        address = host if host in _LOOPBACK else ""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = listener or socket.create_server((address, port), family=family)
        self.port = self.listener.getsockname()[1]
        self._clients: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        threading.Thread(target=self._accept, name="TCPStore", daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self.listener.accept()
                self._clients.add(client)
                threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with suppress(OSError, EOFError, ValueError), client, client.makefile("rwb") as stream:
            while (request := receive_fields(stream)) is not None:
                method, *args = _decode(request[0])
                if method not in _METHODS:
                    break
                try:
                    result = [getattr(self._values, method)(*args), None]
                except (DistStoreError, ValueError) as error:
                    result = [None, str(error)]
                write_fields(stream, _encode(result))

    def close(self) -> None:
        for opened in (self.listener, *self._clients):
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)  # so that the thread that waits for it ends
            opened.close()


class TCPStore(Store):
    """A store that the process with ``is_master=True`` serves to all.

    Args:
        host_name, port: where the server is. Port 0: the server takes a free one, see ``port``.
        world_size: how many processes will connect. None: any number.
        is_master: whether this process starts the server.
        timeout: how long to wait for the connection, and for keys.
        wait_for_workers: whether the server's process waits here for ``world_size`` clients.
        master_listen_fd: a socket that listens already, for the server.

    Raises:
        DistNetworkError: the server can't be reached, or its port is taken.
        DistStoreError: the other processes did not come in time.
    """

    def __init__(
        self,
        host_name: str,
        port: int,
        world_size: int | None = None,
        is_master: bool = False,
        timeout: timedelta = Store._timeout,
        wait_for_workers: bool = True,
        multi_tenant: bool = False,
        master_listen_fd: int | None = None,
        use_libuv: bool = True,
    ) -> None:
        self.host, self.port, self._timeout = host_name, port, timeout
        self._connection = threading.Lock()
        if is_master:
            listener = None if master_listen_fd is None else socket.socket(fileno=master_listen_fd)
            server = _serve(host_name, port, listener, multi_tenant)
            self.port = server.port
            if not multi_tenant:
                weakref.finalize(self, server.close)
        self._socket = self._connect()
        self._stream = self._socket.makefile("rwb")
        weakref.finalize(self, _close, self._stream, self._socket)
        if wait_for_workers and world_size is not None:
            self._wait_for_workers(world_size, is_master)

    def _connect(self) -> socket.socket:
        deadline = time.monotonic() + self._timeout.total_seconds()
        while True:
            left = max(deadline - time.monotonic(), 0.01)
            try:
                found = socket.create_connection((self.host, self.port), timeout=left)
            except OSError as error:
                if time.monotonic() + 0.05 > deadline:
                    raise DistNetworkError(
                        f"TCPStore: no server at {self.host}:{self.port} within "
                        f"{self._timeout.total_seconds():g} s ({error})"
                    ) from error
                time.sleep(0.05)  # the server's process may be slower to start
            else:
                found.settimeout(None)
                found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return found

    def _wait_for_workers(self, world_size: int, is_master: bool) -> None:
        """Count those who have come; the server's process waits for all."""
        self.add(_JOINED, 1)
        seconds = self._timeout.total_seconds()
        if is_master and not self._wait_for(lambda: self.add(_JOINED, 0) >= world_size, seconds):
            raise DistStoreError(
                f"Timed out after {seconds:g} seconds waiting for clients. "
                f"{self.add(_JOINED, 0)}/{world_size} clients joined."
            )

    @property
    def address(self) -> str:
        """The address of this machine by which it reaches the server."""
        return self._socket.getsockname()[0]

    def clone(self) -> TCPStore:
        """The same store over another connection, for another thread."""
        return TCPStore(self.host, self.port, timeout=self._timeout)

    def _ask(self, method: str, *args: Any) -> Any:
        with self._connection:
            try:
                write_fields(self._stream, _encode([method, *args]))
                answer = receive_fields(self._stream)
            except (OSError, EOFError, ValueError) as error:
                raise DistNetworkError(self._gone()) from error
        if answer is None:
            raise DistNetworkError(self._gone())
        result, error_text = _decode(answer[0])
        if error_text is not None:
            raise DistStoreError(error_text)
        return result

    def _gone(self) -> str:
        return f"TCPStore: the process that served {self.host}:{self.port} has ended"

    def set(self, key: str, value: str | bytes) -> None:
        self._ask("set", key, as_bytes(value))

    def get(self, key: str) -> bytes:
        return self._ask("wait_and_get", key, self._timeout.total_seconds())

    def wait(self, keys: Sequence[str], timeout: timedelta | None = None) -> None:
        seconds = (self._timeout if timeout is None else timeout).total_seconds()
        self._ask("wait", list(keys), seconds)

    def check(self, keys: Sequence[str]) -> bool:
        return self._ask("check", list(keys))

    def add(self, key: str, amount: int) -> int:
        return self._ask("add", key, amount)

    def append(self, key: str, value: str | bytes) -> None:
        self._ask("append", key, as_bytes(value))

    def compare_set(self, key: str, expected: str | bytes, desired: str | bytes) -> bytes:
        return self._ask("compare_set", key, as_bytes(expected), as_bytes(desired))

    def delete_key(self, key: str) -> bool:
        return self._ask("delete_key", key)

    def num_keys(self) -> int:
        return self._ask("num_keys")

    def list_keys(self) -> list[str]:
        return [key for key in self._ask("list_keys") if key != _JOINED]


_servers: dict[int, _Server] = {}


def _serve(host: str, port: int, listener: socket.socket | None, shared: bool) -> _Server:
    """A new server, or if it may be shared the one that this process has on the port."""
    if shared and port in _servers:
        return _servers[port]
    try:
        server = _Server(host, port, listener)
    except OSError as error:
        raise DistNetworkError(
            f"TCPStore: can't listen on port {port} of {host}: {error}"
        ) from error
    if shared:
        _servers[server.port] = server
    return server


def _close(*opened: Any) -> None:
    for each in opened:
        with suppress(OSError):
            each.close()
