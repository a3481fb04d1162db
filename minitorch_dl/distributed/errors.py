"""What goes wrong between processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = [
    "ChildFailedError", "DistBackendError", "DistError", "DistNetworkError", "DistStoreError",
]  # fmt: skip


class ChildFailedError(Exception):
    """A process that ``torchrun`` started failed."""


class DistError(RuntimeError):
    """The base class of these errors."""


class DistBackendError(DistError):
    """A process that takes part in a call has ended, or does not answer in time."""


class DistNetworkError(DistError):
    """No connection could be made."""


class DistStoreError(DistError):
    """A key did not arrive in time."""


def record(fn: Callable[..., Any], error_handler: Any = None) -> Callable[..., Any]:
    """The function as it is: a process's traceback is printed anyway."""
    return fn
