"""Registries of hooks: dicts under running numbers, and the handles that take a hook out again."""

from __future__ import annotations

import itertools
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

Registry: TypeAlias = OrderedDict[int, Any]


class RemovableHandle:
    """Returned by every ``register_*hook``; takes the hook out of its registry by ``remove()``, or
    at the end of a ``with`` block.

    The caller puts the hook into ``hooks_dict`` under the handle's ``id``. ``extra_dict``: further
    registries (one, or a list) that hold something under the same id.
    """

    _ids = itertools.count()

    def __init__(
        self, hooks_dict: Registry, *, extra_dict: Registry | Sequence[Registry] = ()
    ) -> None:
        self.id = next(self._ids)
        self.hooks_dict_ref = weakref.ref(hooks_dict)
        extras: Sequence[Registry] = (
            [extra_dict] if isinstance(extra_dict, OrderedDict) else extra_dict
        )
        self._extras = [weakref.ref(registry) for registry in extras]

    def remove(self) -> None:
        for reference in [self.hooks_dict_ref, *self._extras]:
            registry = reference()
            if registry is not None:
                registry.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()

    def __getstate__(self) -> tuple[int, Registry | None, list[Registry | None]]:
        return self.id, self.hooks_dict_ref(), [reference() for reference in self._extras]

    def __setstate__(self, state: tuple[int, Registry | None, list[Registry | None]]) -> None:
        self.id, hooks, extras = state
        self.hooks_dict_ref = weakref.ref(OrderedDict() if hooks is None else hooks)
        self._extras = [weakref.ref(registry) for registry in extras if registry is not None]


def add_hook(
    registry: Any, hook: Callable[..., Any], *flags: Registry, prepend: bool = False
) -> RemovableHandle:
    """Put ``hook`` into ``registry`` and a mark under its id into each of ``flags``."""
    handle = RemovableHandle(registry, extra_dict=flags)
    registry[handle.id] = hook
    for flag in flags:
        flag[handle.id] = True
    if prepend:
        registry.move_to_end(handle.id, last=False)
    return handle
