"""Warnings that name the line of the program which called the package."""

from __future__ import annotations

import sys
import warnings
from types import FrameType

_PACKAGE = f"{__name__.partition('.')[0]}."

settings = {"always": False}
"""What ``torch.set_warn_always`` sets."""

_given: set[str] = set()


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn of what the nearest caller outside of the package does."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _is_own(frame):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def warn_once(message: str) -> None:
    """The same, the first time only, unless ``torch.set_warn_always`` asks for more."""
    if settings["always"] or message not in _given:
        _given.add(message)
        warn(message)


def _is_own(frame: FrameType) -> bool:
    """Whether the package's code runs in it, or the code that it makes for a public function."""
    own = frame.f_globals.get("__name__", "").startswith(_PACKAGE)
    return own or frame.f_code.co_filename.startswith("<public ")
