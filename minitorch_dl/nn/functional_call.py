"""Calling a module with other parameters than its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ..tensor import Tensor
from .module import Module

__all__ = ["functional_call"]

Tensors = Mapping[str, Tensor]


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: Tensors | Sequence[Tensors],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call ``module`` with these tensors in place of its parameters, buffers and other tensors of
    those names, or as further ones.

    The module is as before afterwards; what it assigns to a replaced buffer goes to the dict.

    Args:
        parameter_and_buffer_dicts: tensors by dotted name, in one dict or several.
        args: the positional arguments, a tuple or one tensor.
        tie_weights: a tensor that the module holds under several names is replaced under all.
        strict: raise RuntimeError unless the names are those of all parameters and buffers.

    >>> import minitorch_dl as torch
    >>> layer = torch.nn.Linear(2, 1, bias=False)
    >>> torch.func.functional_call(layer, {"weight": torch.ones(1, 2)}, torch.tensor([3.0, 4.0]))
    tensor([7.])
    """
    if isinstance(parameter_and_buffer_dicts, Mapping):
        tensors: Any = parameter_and_buffer_dicts
    elif isinstance(parameter_and_buffer_dicts, Sequence):
        dicts = parameter_and_buffer_dicts
        if not all(isinstance(d, Mapping) for d in dicts):
            raise ValueError(
                "Expected all elements of parameter_and_buffer_dicts to be dictionaries"
            )
        keys = [key for d in dicts for key in d]
        repeated = {key for key in keys if keys.count(key) > 1}
        if repeated:
            raise ValueError(f"{sorted(repeated)} appeared in multiple dictionaries; behavior of "
                             "functional call is ambiguous")  # fmt: skip
        tensors = {key: value for d in dicts for key, value in d.items()}
    else:
        raise ValueError(
            "Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got "
            f"{type(parameter_and_buffer_dicts)}"
        )
    if args is None:
        args = ()
    elif not isinstance(args, tuple):
        args = (args,)
    with reparametrized(module, tensors, tie_weights, strict):
        return module(*args, **(kwargs or {}))


def _slots(module: Module) -> dict[str, tuple[dict[str, Any], str]]:
    """Where each parameter and buffer is kept, by dotted name: the dict, and its key there."""
    found = {}
    for path, owner in module.named_modules(remove_duplicate=False):
        for members in (owner._parameters, owner._buffers):
            for key, value in members.items():
                if value is not None:
                    found[f"{path}.{key}" if path else key] = (members, key)
    return found


def _tied(slots: dict[str, Any], tensors: Tensors) -> dict[str, Tensor]:
    """``tensors`` with each also under the other names that the module has for what it replaces."""
    names: dict[int, list[str]] = {}
    for name, (members, key) in slots.items():
        names.setdefault(id(members[key]), []).append(name)
    result = dict(tensors)
    for group in names.values():
        given = sorted(name for name in group if name in tensors)
        if len({id(tensors[name]) for name in given}) > 1:
            raise ValueError(
                f"functional_call got multiple values for keys {given}, which are tied. "
                "Consider using tie_weights=False"
            )
        if given:
            result.update(dict.fromkeys(group, tensors[given[0]]))
    return result


def _owner(module: Module, name: str) -> Any:
    """The module that a dotted name's last part is an attribute of."""
    owner: Any = module
    for part in name.split(".")[:-1]:
        if not hasattr(owner, part):
            raise AttributeError(f"{type(owner).__name__} has no attribute `{part}`")
        owner = getattr(owner, part)
    return owner


_NOTHING: Any = object()


def _swap(owner: Module, name: str, key: str, value: Any) -> Any:
    """Make ``value`` the attribute ``key`` (none for ``_NOTHING``); returns what it was before."""
    for members in (owner._parameters, owner._buffers):
        if key in members and value is not _NOTHING:
            before, members[key] = members[key], value
            return before
    before = getattr(owner, key, _NOTHING)
    if before is not _NOTHING and not isinstance(before, Tensor):
        raise TypeError(f"attribute `{name}`: {before} is not an instance of torch.Tensor")
    if value is _NOTHING:
        delattr(owner, key)
    else:
        setattr(owner, key, value)
    return before


def _check_names(module: Module, slots: dict[str, Any], names: Tensors) -> None:
    unexpected = [repr(name) for name in names if name not in slots]
    missing = [repr(name) for name in slots if name not in names]
    if unexpected or missing:
        lines = [f"Unexpected key(s): {', '.join(unexpected)}."] if unexpected else []
        lines += [f"Missing key(s): {', '.join(sorted(missing))}."] if missing else []
        raise RuntimeError(
            f"Error(s) in reparametrizing for {type(module).__name__}:\n\t" + "\n\t".join(lines)
        )


@contextmanager
def reparametrized(
    module: Module, tensors: Any, tie_weights: bool = False, strict: bool = False
) -> Iterator[None]:
    """A block in which ``module`` has these tensors, as in ``functional_call``."""
    slots = _slots(module) if tie_weights or strict else {}
    new = _tied(slots, tensors) if tie_weights else tensors
    if strict:
        _check_names(module, slots, new)
    for name, value in new.items():
        if value is not None and not isinstance(value, Tensor):
            raise TypeError(f"{name}: {value} is not an instance of torch.Tensor")
    places = {name: (_owner(module, name), name, name.rpartition(".")[2]) for name in new}
    before = {}
    try:
        for name, place in places.items():
            before[name] = _swap(*place, new[name])
        yield
    finally:
        for name, value in reversed(before.items()):
            now = _swap(*places[name], value)
            if now is not new[name] and name in tensors and isinstance(tensors, dict):
                tensors[name] = now
