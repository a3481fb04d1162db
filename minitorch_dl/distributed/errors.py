"""What goes wrong between processes."""

from __future__ import annotations

__all__ = ["DistBackendError", "DistError", "DistNetworkError", "DistStoreError"]


class DistError(RuntimeError):
    """The base class of these errors."""


class DistBackendError(DistError):
    """A process that takes part in a call has ended, or does not answer in time."""


class DistNetworkError(DistError):
    """No connection could be made."""


class DistStoreError(DistError):
    """A key did not arrive in time."""
