"""Calling a module with other parameters than its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ...tensor import Tensor
from ..module import Module

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
    """Call ``module`` with these tensors in place of its parameters and buffers of those names.

    The module is as before afterwards; what it assigns to a replaced buffer goes to the dict.

    Args:
        parameter_and_buffer_dicts: tensors by dotted name, in one dict or several.
        args: the positional arguments, a tuple or one tensor.
        tie_weights: a tensor that the module holds under several names is replaced under all.
        strict: raise RuntimeError unless the names are exactly the module's.

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
    with _replaced(module, tensors, tie_weights, strict):
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
        given = [name for name in group if name in tensors]
        if len({id(tensors[name]) for name in given}) > 1:
            raise ValueError(
                f"functional_call got multiple values for keys {given}, which are tied. "
                "Consider using tie_weights=False"
            )
        if given:
            result.update(dict.fromkeys(group, tensors[given[0]]))
    return result


@contextmanager
def _replaced(module: Module, tensors: Any, tie_weights: bool, strict: bool) -> Iterator[None]:
    slots = _slots(module)
    new = _tied(slots, tensors) if tie_weights else tensors
    unexpected = [name for name in new if name not in slots]
    missing = [name for name in slots if name not in new]
    if strict and (unexpected or missing):
        lines = [f"Unexpected key(s): {', '.join(unexpected)}."] if unexpected else []
        lines += [f"Missing key(s): {', '.join(missing)}."] if missing else []
        raise RuntimeError(
            f"Error(s) in reparametrizing for {type(module).__name__}:\n\t" + "\n\t".join(lines)
        )
    for name, value in new.items():
        if not isinstance(value, Tensor):
            raise TypeError(f"functional_call expected a Tensor for {name}, got {type(value)}")
    used = {name: slots[name] for name in new if name in slots}
    before = {name: members[key] for name, (members, key) in used.items()}
    for name, (members, key) in used.items():
        members[key] = new[name]
    try:
        yield
    finally:
        for name, (members, key) in used.items():
            if members[key] is not new[name] and name in tensors and isinstance(tensors, dict):
                tensors[name] = members[key]
            members[key] = before[name]
