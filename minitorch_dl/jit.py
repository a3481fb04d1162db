"""The names by which model files mark code for PyTorch's compiler.

There is none here: functions and modules stay as they are.
"""

from __future__ import annotations

from typing import Any, Final

from .settings import compile as _as_it_is

__all__ = [
    "Final", "export", "ignore", "interface", "is_scripting", "is_tracing", "script",
    "script_if_tracing", "trace", "unused",
]  # fmt: skip


def script(obj: Any, *args: Any, **options: Any) -> Any:
    """Return the function or module as it is."""
    return obj


def trace(func: Any, example_inputs: Any = None, **options: Any) -> Any:
    """Return the function or module as it is, which runs for every input."""
    return func


def ignore(drop: Any = False, **options: Any) -> Any:
    """A decorator, with or without arguments, that returns the function as it is."""
    return drop if callable(drop) else _as_it_is()


def is_scripting() -> bool:
    """Always False: the code runs as Python."""
    return False


def is_tracing() -> bool:
    """Always False: the code runs as Python."""
    return False


export = interface = script_if_tracing = unused = _overload_method = script
