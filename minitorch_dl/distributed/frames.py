"""Byte strings one after the other on a stream, each preceded by its length."""

from __future__ import annotations

import struct
from typing import Any

_COUNT = struct.Struct("!H")
_LENGTH = struct.Struct("!Q")


def write_fields(stream: Any, *fields: bytes) -> None:
    """Write a frame: how many fields, their lengths, then themselves."""
    lengths = [_LENGTH.pack(len(field)) for field in fields]
    stream.write(b"".join([_COUNT.pack(len(fields)), *lengths, *fields]))
    stream.flush()


def receive_fields(stream: Any) -> list[bytes] | None:
    """Read a frame; None at the stream's end.

    Raises:
        EOFError: the stream ends within it.
    """
    start = stream.read(_COUNT.size)
    if not start:
        return None
    (count,) = _COUNT.unpack(start)
    lengths = [_LENGTH.unpack(_exactly(stream, _LENGTH.size))[0] for _ in range(count)]
    return [_exactly(stream, length) for length in lengths]


def _exactly(stream: Any, length: int) -> bytes:
    data = stream.read(length)
    if len(data) != length:
        raise EOFError(f"the stream ended after {len(data)} of {length} bytes")
    return data
