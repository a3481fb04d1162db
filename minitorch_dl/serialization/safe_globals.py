"""The classes and functions that a file may name although only data is to be loaded."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from typing import Any

from .names import DATA, path_in_pytorch

__all__ = [
    "add_safe_globals", "clear_safe_globals", "get_safe_globals", "permitted", "safe_globals",
]  # fmt: skip

_REFUSED = (
    "Weights only load failed. Unsupported global: GLOBAL {path} was not an allowed global by "
    "default: it is made by running code from the file. Save the state_dict() instead; or, only if "
    "you trust it, please use `torch.serialization.add_safe_globals([{name}])` or the "
    "`torch.serialization.safe_globals([{name}])` context manager to allowlist this global; or, "
    "only if you trust the source of the file, load it with weights_only=False"
)
_BLOCKED = ("sys", "os", "posix", "nt")
_safe: dict[tuple[str, str], Any] = {}


def _named(safe: Iterable[Any]) -> dict[tuple[str, str], Any]:
    named = {}
    for item in safe:
        value, path = item if isinstance(item, tuple) else (item, None)
        if path is None:
            path = f"{value.__module__}.{value.__qualname__}"
        module, _, name = path.rpartition(".")
        named[module, name] = value
        in_pytorch = path_in_pytorch(value)
        if in_pytorch is not None:
            named[in_pytorch] = value
    return named


def add_safe_globals(safe_globals: list[Any]) -> None:
    """Allow ``load`` to make these classes and call these functions with ``weights_only=True``.

    An element may be a pair of the object and the full name that files have for it.
    """
    _safe.update(_named(safe_globals))


def get_safe_globals() -> list[Any]:
    """What :func:`add_safe_globals` has allowed."""
    return list(dict.fromkeys(_safe.values()))


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
    if module in _BLOCKED:
        raise pickle.UnpicklingError(
            f"Weights only load failed. Trying to load unsupported GLOBAL {module}.{name} whose "
            f"module {module} is blocked."
        )
    if not is_permitted(module, name):
        raise pickle.UnpicklingError(_REFUSED.format(path=f"{module}.{name}", name=name))
    return DATA.get((module, name)) or _safe[module, name]


def is_permitted(module: str, name: str) -> bool:
    """Whether :func:`permitted` gives the object of this name."""
    known = (module, name) in DATA or (module, name) in _safe
    return known and module not in _BLOCKED
