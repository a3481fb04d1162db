"""Functions that PyTorch means to drop: they say so once, when first called."""

from __future__ import annotations

import sys
import warnings

_PACKAGE = f"{__name__.partition('.')[0]}."
_told: set[str] = set()


def warn_once(message: str) -> None:
    """Warn who called from outside of this package."""
    if message in _told:
        return
    _told.add(message)
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level)


def deprecated(name: str, new: str, change: str) -> None:
    """Say once that ``torch.<name>`` gives way to ``torch.<new>``, and how a call ``change``s."""
    warn_once(
        f"torch.{name} is deprecated in favor of torch.{new} and will be removed in a future "
        f"PyTorch release. Instead of {change}"
    )
