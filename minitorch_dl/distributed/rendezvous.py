"""How the processes of a world find each other: by environment variables, an address, a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlparse
from urllib.request import url2pathname

from .stores import FileStore, PrefixStore, Store
from .tcp_store import TCPStore

__all__ = ["register_rendezvous_handler", "rendezvous"]

Found = Iterator[tuple[Store, int, int]]


def rendezvous(url: str, rank: int = -1, world_size: int = -1, **options: Any) -> Found:
    """Yield a store that all processes have, this process's rank, and how many there are.

    Args:
        url: ``env://`` takes RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT from the environment,
            ``tcp://host:port`` has rank 0 serve a store there, ``file://path`` keeps one in a file.
            ``?rank=1&world_size=2`` may follow.
        rank, world_size: instead of those in ``url`` or the environment.

    Raises:
        ValueError: something is missing, or the scheme is unknown.
    """
    if not isinstance(url, (str, bytes)):
        raise RuntimeError(f"`url` must be a string. {type(url)}: {url}")
    parts = urlparse(url)
    given = {key: int(values[-1]) for key, values in parse_qs(parts.query).items()}
    if rank != -1:
        given["rank"] = rank
    if world_size != -1:
        given["world_size"] = world_size
    if parts.scheme not in _HANDLERS:
        raise RuntimeError(f"No rendezvous handler for {parts.scheme}://")
    return _HANDLERS[parts.scheme](parts, given, **options)


def register_rendezvous_handler(scheme: str, handler: Callable[..., Found]) -> None:
    """Have ``scheme://`` served by ``handler(parts of the url, given ranks, timeout=...)``."""
    if scheme in _HANDLERS:
        raise RuntimeError(f"Rendezvous handler for {scheme}:// already registered")
    _HANDLERS[scheme] = handler


def _missing(scheme: str, what: str) -> ValueError:
    return ValueError(f"Error initializing torch.distributed using {scheme}:// rendezvous: {what}")


def _by_environment(
    parts: Any, given: dict[str, int], timeout: timedelta = Store._timeout, **options: Any
) -> Found:
    def variable(name: str) -> str:
        if name not in os.environ:
            raise _missing("env", f"environment variable {name} expected, but not set")
        return os.environ[name]

    rank = given["rank"] if "rank" in given else int(variable("RANK"))
    size = given["world_size"] if "world_size" in given else int(variable("WORLD_SIZE"))
    host, port = variable("MASTER_ADDR"), int(variable("MASTER_PORT"))
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True":  # who started us serves the store
        attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
        served = TCPStore(host, port, timeout=timeout)
        yield PrefixStore(f"attempt_{attempt}", served), rank, size
    else:
        yield TCPStore(host, port, size, rank == 0, timeout), rank, size


def _by_address(
    parts: Any, given: dict[str, int], timeout: timedelta = Store._timeout, **options: Any
) -> Found:
    if not parts.port:
        raise _missing("tcp", "port number missing")
    rank, size = _ranks("tcp", given)
    yield TCPStore(parts.hostname, parts.port, size, rank == 0, timeout), rank, size


def _by_file(parts: Any, given: dict[str, int], **options: Any) -> Found:
    path = url2pathname(parts.netloc + parts.path)
    if not path:
        raise _missing("file", "path missing")
    rank, size = _ranks("file", given)
    yield FileStore(path, size), rank, size


def _ranks(scheme: str, given: dict[str, int]) -> tuple[int, int]:
    for name in ("rank", "world_size"):
        if name not in given:
            raise _missing(scheme, f"{name.replace('_', ' ')} parameter missing")
    return given["rank"], given["world_size"]


_HANDLERS: dict[str, Callable[..., Found]] = {
    "env": _by_environment,
    "tcp": _by_address,
    "file": _by_file,
}
