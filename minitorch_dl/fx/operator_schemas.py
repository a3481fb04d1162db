"""Arguments of calls by the names of the parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["ArgsKwargsPair", "normalize_function", "normalize_module"]


class ArgsKwargsPair(NamedTuple):
    """The arguments of a call: those given by position, and those by name."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def normalize_function(
    target: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any] | None = None,
    arg_types: tuple[Any, ...] | None = None,
    kwarg_types: dict[str, Any] | None = None,
    normalize_to_only_use_kwargs: bool = False,
) -> ArgsKwargsPair | None:
    """The arguments of a function with all of its defaults.

    Args:
        normalize_to_only_use_kwargs: give those by name, too, that came by position.

    Returns:
        None for a function whose arguments have no names, such as ``*args``.
    """
    try:
        signature = inspect.signature(target)
    except ValueError:  # built in
        return None
    parameters = signature.parameters.values()
    if any(p.kind not in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) for p in parameters):
        return None
    bound = signature.bind(*args, **(kwargs or {}))
    bound.apply_defaults()
    kept = 0 if normalize_to_only_use_kwargs else len(args)
    values = list(bound.arguments.items())
    return ArgsKwargsPair(tuple(value for _, value in values[:kept]), dict(values[kept:]))


def normalize_module(
    root: Any,
    target: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any] | None = None,
    normalize_to_only_use_kwargs: bool = False,
) -> ArgsKwargsPair | None:
    """The arguments of the ``forward`` of a submodule; see :func:`normalize_function`."""
    return normalize_function(
        root.get_submodule(target).forward,
        args,
        kwargs,
        normalize_to_only_use_kwargs=normalize_to_only_use_kwargs,
    )
