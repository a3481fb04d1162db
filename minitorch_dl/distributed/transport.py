"""The connections of a process to all others: one TCP socket to each.

A thread per connection reads what arrives into the mailboxes, whether it is waited for or not. So
whoever sends is never held up by a receiver that sends, too, and the end of a process is noticed
at once.

A message is a head (the lengths of the next two), its key and dtype as text, and the bytes of the
array. Under the empty key a process says that it leaves, and who died before.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import struct
import threading
import time
import weakref
from collections.abc import Collection
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from multiprocessing.util import Finalize
from typing import Any

import numpy as np

from .errors import DistBackendError, DistStoreError
from .frames import receive_fields, write_fields
from .mailboxes import Mailboxes, Message
from .stores import PrefixStore, Store
from .tcp_store import TCPStore

__all__ = ["Transport"]

_HEAD = struct.Struct("!IQ")
_HANDSHAKE_SECONDS = 5.0


class Transport:
    """Sends arrays to, and receives them from, the other processes of a world.

    Args:
        store: where the processes find each other's addresses.
        rank, size: which this process is, of how many.
        timeout: seconds to wait for the others to join, and for the network to take a message.

    Raises:
        DistStoreError: a process did not join in time.
    """

    def __init__(self, store: Store, rank: int, size: int, timeout: float) -> None:
        self.rank, self.size, self.timeout = rank, size, timeout
        self.mailboxes = Mailboxes()
        self._names = {rank: _own_name(rank)}
        self._sockets: dict[int, socket.socket] = {}
        self._locks = {peer: threading.Lock() for peer in range(size)}
        deadline = time.monotonic() + timeout
        address = _own_address(store)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.create_server((address, 0), family=family, backlog=size) as listener:
            token = secrets.token_hex(16)
            here = [*listener.getsockname()[:2], token, self._names[rank]]
            store.set(f"address/{rank}", json.dumps(here))
            for peer in reversed(range(rank)):  # rank 0, who may serve the store, last
                self._connect(store, peer, deadline)
            while len(self._sockets) < size - 1:
                self._accept(listener, token, deadline)
        for peer, connection in self._sockets.items():
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(timeout)
            threading.Thread(
                target=self._read, args=(peer, connection), name=f"from rank {peer}", daemon=True
            ).start()
        _all.add(self)
        self._at_exit = Finalize(None, self.close, exitpriority=0)

    def _connect(self, store: Store, peer: int, deadline: float) -> None:
        """To those of lower rank."""
        try:
            host, port, token, name = json.loads(store.get(f"address/{peer}"))
            left = max(deadline - time.monotonic(), 0.01)
            connection = socket.create_connection((host, port), timeout=left)
        except (DistStoreError, OSError) as error:
            raise DistStoreError(
                f"rank {self.rank} of {self.size}: rank {peer} did not join within "
                f"{self.timeout:g} s ({error})"
            ) from error
        with connection.makefile("wb") as stream:
            write_fields(
                stream, token.encode(), str(self.rank).encode(), _own_name(self.rank).encode()
            )
        self._sockets[peer], self._names[peer] = connection, name

    def _accept(self, listener: socket.socket, token: str, deadline: float) -> None:
        """One of higher rank; who does not know the token is none of us."""
        listener.settimeout(max(deadline - time.monotonic(), 0.01))
        try:
            connection, _ = listener.accept()
        except TimeoutError as error:
            absent = sorted(set(range(self.size)) - {self.rank, *self._sockets})
            raise DistStoreError(
                f"rank {self.rank} of {self.size}: ranks {absent} did not join within "
                f"{self.timeout:g} s"
            ) from error
        connection.settimeout(_HANDSHAKE_SECONDS)
        fields = None
        with suppress(OSError, EOFError), connection.makefile("rb", buffering=0) as stream:
            fields = receive_fields(stream)
        if fields is None or fields[0] != token.encode():
            connection.close()
            return
        peer = int(fields[1])
        self._sockets[peer], self._names[peer] = connection, fields[2].decode()

    def name(self, peer: int) -> str:
        """Which process this is, for errors."""
        return self._names[peer]

    def send(self, peer: int, key: str, array: np.ndarray) -> None:
        """Send an array's bytes; returns when the network has taken them.

        Raises:
            DistBackendError: the process is gone, or does not read.
        """
        data: Any = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        why = self.mailboxes.why_gone(peer)
        if why is not None:
            raise DistBackendError(why)
        try:
            self._send(peer, f"{key} {array.dtype}".encode(), memoryview(data))
        except OSError as error:
            self.mailboxes.lose(peer, f"{self._names[peer]} can't be reached ({error})", dead=True)
            raise DistBackendError(self.mailboxes.why_gone(peer)) from error

    def _send(self, peer: int, text: bytes, data: Any) -> None:
        connection = self._sockets[peer]
        with self._locks[peer]:
            connection.sendall(_HEAD.pack(len(text), len(data)) + text)
            if len(data):
                connection.sendall(data)

    def receive(
        self, key: str, source: int | None, needs: Collection[int], seconds: float, what: str
    ) -> Message:
        """The next message under the key from ``source``, or if that is None from anybody.

        Args:
            needs: without which processes it will not come.
            seconds, what: how long to wait, and for what: an error names it.

        Raises:
            DistBackendError: a process is gone, or nothing came in time.
        """
        expected = self.mailboxes.expect(key, source, needs)
        try:
            return expected.future.result(seconds)
        except NotYet as error:
            self.mailboxes.cancel(key, expected)
            who = "any rank" if source is None else self._names[source]
            raise DistBackendError(
                f"{what}: Timed out waiting {seconds * 1000:.0f}ms for {who}, which has not ended"
            ) from error

    def _read(self, peer: int, connection: socket.socket) -> None:
        """What the thread of a connection does until its end."""
        why, dead = f"{self._names[peer]} has ended unexpectedly: connection closed by peer", True
        with suppress(OSError), connection:
            while (head := _exactly(connection, _HEAD.size, idle=True)) is not None:
                text_length, length = _HEAD.unpack(head)
                text, data = _exactly(connection, text_length), _exactly(connection, length)
                if text is None or data is None:
                    break
                if not text_length:
                    reason = data.tobytes().decode()
                    why, dead = f"{self._names[peer]} has left the process group{reason}", False
                    continue
                key, _, dtype = text.tobytes().decode().rpartition(" ")
                self.mailboxes.deliver(key, Message(peer, dtype, data))
        self.mailboxes.lose(peer, why, dead)

    def close(self) -> None:
        """Tell the others that this process leaves. What they send later is lost."""
        self._at_exit.cancel()
        _all.discard(self)
        known = self.mailboxes.deaths()
        reason = f", to which this was known: {'; '.join(known)}" if known else ""
        for peer, connection in self._sockets.items():
            with suppress(OSError):
                self._send(peer, b"", reason.encode())
                connection.shutdown(socket.SHUT_WR)

    def _forget(self) -> None:
        """In a process that was forked: the connections belong to the one it came from, and its end
        must show."""
        for connection in self._sockets.values():
            connection.close()


_all: weakref.WeakSet[Transport] = weakref.WeakSet()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _forget_all())


def _forget_all() -> None:
    for transport in list(_all):
        transport._forget()


def _own_name(rank: int) -> str:
    return f"rank {rank} (process {os.getpid()} on {socket.gethostname()})"


def _own_address(store: Store) -> str:
    """By which the others reach this machine: the address from which it reached the store."""
    while isinstance(store, PrefixStore):
        store = store.underlying_store
    return store.address if isinstance(store, TCPStore) else "127.0.0.1"


def _exactly(connection: socket.socket, length: int, idle: bool = False) -> Any:
    """An array of so many bytes; None at the end of the stream.

    Args:
        idle: between messages the network may be silent for any time.
    """
    data: Any = np.empty(length, np.uint8)
    left = memoryview(data)
    while len(left):
        try:
            count = connection.recv_into(left)
        except TimeoutError:
            if idle and len(left) == length:
                continue
            raise
        if not count:
            return None
        left = left[count:]
    return data
