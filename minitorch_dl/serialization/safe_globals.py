"""The classes and functions that a file may name although only data is to be loaded."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

__all__ = [
    "add_safe_globals", "clear_safe_globals", "get_safe_globals", "permitted", "safe_globals",
]  # fmt: skip

_REFUSED = (
    "Weights only load failed. Unsupported global: {name} is made by running code from the file. "
    "Save the state_dict() instead; or, only if you trust {name}, allow it with "
    "serialization.add_safe_globals([...]); or, only if you trust the source of the file, load it "
    "with weights_only=False"
)
_ALWAYS = {("collections", "OrderedDict"): OrderedDict}
_safe: dict[tuple[str, str], Any] = {}


def _named(safe: Iterable[Any]) -> dict[tuple[str, str], Any]:
    named = {}
    for item in safe:
        value, path = item if isinstance(item, tuple) else (item, None)
        if path is None:
            path = f"{value.__module__}.{value.__qualname__}"
        module, _, name = path.rpartition(".")
        named[module, name] = value
    return named


def add_safe_globals(safe_globals: list[Any]) -> None:
    """Allow ``load`` to make these classes and call these functions with ``weights_only=True``.

    An element may be a pair of the object and the full name that files have for it.
    """
    _safe.update(_named(safe_globals))


def get_safe_globals() -> list[Any]:
    """What :func:`add_safe_globals` has allowed."""
    return list(_safe.values())


def clear_safe_globals() -> None:
    """Allow nothing any more."""
    _safe.clear()


class safe_globals:
    """:func:`add_safe_globals` for a block.

    >>> import argparse, io, minitorch_dl as torch
    >>> file = io.BytesIO()
    >>> torch.save(argparse.Namespace(lr=0.1), file)
    >>> _ = file.seek(0)
    >>> with torch.serialization.safe_globals([argparse.Namespace]):
    ...     torch.load(file)
    Namespace(lr=0.1)
    """

    def __init__(self, safe_globals: list[Any]) -> None:
        self._added = _named(safe_globals)

    def __enter__(self) -> None:
        self._before = dict(_safe)
        _safe.update(self._added)

    def __exit__(self, *exc: object) -> None:
        _safe.clear()
        _safe.update(self._before)


def permitted(module: str, name: str) -> Any:
    """The object of this name; UnpicklingError when it is not allowed."""
    found = _safe.get((module, name)) or _ALWAYS.get((module, name))
    if found is None:
        raise pickle.UnpicklingError(_REFUSED.format(name=f"{module}.{name}"))
    return found
