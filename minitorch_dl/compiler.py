"""The names by which programs steer PyTorch's compiler. There is none here."""

from __future__ import annotations

from typing import Any

from .settings import compile

__all__ = ["compile", "disable", "is_compiling", "reset"]


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """A decorator, with or without arguments, that returns the function as it is."""
    return compile(fn)


def is_compiling() -> bool:
    """Always False: the code runs as Python."""
    return False


def reset() -> None:
    """Nothing to forget."""
