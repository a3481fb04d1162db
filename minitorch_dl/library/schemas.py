"""The signatures of a user's ops, as PyTorch writes them: ``(Tensor x, SymInt n=2) -> Tensor``."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Union

from ..backend import device, dtypes
from ..tensor import Tensor

__all__ = ["infer_schema"]

_KINDS: dict[Any, str] = {
    Tensor: "Tensor",
    int: "SymInt",
    float: "float",
    bool: "bool",
    str: "str",
    dtypes.dtype: "ScalarType",
    device: "Device",
}
_NUMBER = {int, float, bool}


def infer_schema(
    prototype_function: Callable[..., Any], /, *, mutates_args: Any, op_name: str | None = None
) -> str:
    """The signature of a function by its annotations.

    Args:
        mutates_args: the names of the arguments that it writes to, or "unknown".
        op_name: what to put in front.

    Raises:
        ValueError: an annotation is missing, or of a type that an op can't have.

    >>> import minitorch_dl as torch
    >>> def scale(x: torch.Tensor, times: float = 2.0, *, n: int | None = None) -> torch.Tensor: ...
    >>> torch.library.infer_schema(scale, mutates_args=())
    '(Tensor x, float times=2.0, *, SymInt? n=None) -> Tensor'
    """
    signature = inspect.signature(prototype_function)
    hints = typing.get_type_hints(prototype_function)

    def refuse(what: str) -> Exception:
        return ValueError(f"infer_schema(func): {what} Got func with signature {signature})")

    if isinstance(mutates_args, str) and mutates_args != "unknown":
        raise ValueError(
            "mutates_args must either be a sequence of the names of the arguments that are mutated "
            "or the string 'unknown'. "
        )
    names = set(signature.parameters)
    if not isinstance(mutates_args, str) and (unknown := set(mutates_args) - names):
        raise refuse(
            f"{unknown} in mutates_args were not found in the custom op's signature. mutates_args "
            "should contain the names of all args that the custom op mutates, or just the string "
            "'unknown' if you don't know."
        )
    parts, keyword_only = [], False
    for i, p in enumerate(signature.parameters.values()):
        if p.kind not in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY):
            raise refuse("We do not support positional-only args, varargs, or varkwargs.")
        if p.kind is p.KEYWORD_ONLY and not keyword_only:
            keyword_only = True
            parts.append("*")
        parts.append(_argument(i, p, hints, mutates_args, refuse))
    if signature.return_annotation is signature.empty:
        raise refuse("No return type annotation was provided. Please add one.")
    returned = _returned(hints["return"])
    if returned is None:
        raise refuse(f"Return has unsupported type {signature.return_annotation}.")
    return f"{op_name or ''}({', '.join(parts)}) -> {returned}"


def _argument(
    i: int,
    p: inspect.Parameter,
    hints: dict[str, Any],
    mutates_args: Any,
    refuse: Callable[[str], Exception],
) -> str:
    """Argument ``i`` as it stands in a schema, such as ``Tensor(a0!) x`` or ``float n=2.0``."""
    if p.annotation is p.empty:
        raise refuse(f"Parameter {p.name} must have a type annotation.")
    kind = _kind(hints.get(p.name, type(None)))
    if kind is None:
        raise refuse(
            f"Parameter {p.name} has unsupported type {p.annotation}. The valid types are: "
            "Tensor, int, float, bool, str, torch.dtype, torch.device, Optional and List of "
            "these."
        )
    is_tensor = kind.startswith("Tensor")
    if mutates_args != "unknown" and p.name in mutates_args and not is_tensor:
        raise refuse(
            f"Parameter {p.name} is in mutable_args but only Tensors or collections of "
            "Tensors can be mutated"
        )
    if is_tensor and (mutates_args == "unknown" or p.name in mutates_args):
        kind = f"Tensor(a{i}!){kind[6:]}"
    default = "" if p.default is p.empty else f"={_default(p, refuse)}"
    return f"{kind} {p.name}{default}"


def _kind(annotation: Any) -> str | None:
    """The name of an argument's type; None if an op can't take it."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (Union, types.UnionType):
        rest = set(inner) - {type(None)}
        if rest == _NUMBER:
            kind: str | None = "Scalar"
        else:
            kind = _kind(rest.pop()) if len(rest) == 1 else None
        return kind and kind + "?" * (type(None) in inner)
    if origin in (list, Sequence) and len(inner) == 1:
        kind = _kind(inner[0])
        return kind and f"{kind}[]"
    return _KINDS.get(annotation)


def _default(p: inspect.Parameter, refuse: Callable[[str], Exception]) -> str:
    value = p.default
    if value is None or isinstance(value, (int, float, bool)):
        return str(value)
    if isinstance(value, (str, device)):
        return f'"{value}"'
    if isinstance(value, dtypes.dtype):
        return value.name
    raise refuse(f"Parameter {p.name} has an unsupported default value type {type(value)}.")


def _returned(annotation: Any) -> str | None:
    if annotation in (None, type(None)):
        return "()"
    if typing.get_origin(annotation) is tuple:
        kinds: Iterable[str | None] = [_returned(one) for one in typing.get_args(annotation)]
        return None if None in kinds else f"({', '.join(map(str, kinds))})"
    kind = _kind(annotation)
    return kind if kind in ("Tensor", "Tensor[]", "SymInt", "float", "bool", "Scalar") else None
