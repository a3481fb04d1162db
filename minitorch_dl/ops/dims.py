"""Checking and normalizing the dims that callers pass."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np

from ..backend import describe_mismatch

_F = TypeVar("_F", bound=Callable[..., Any])


def wrap_dim(dim: int, ndim: int) -> int:
    """``dim`` counted from the front; a 0-d tensor is treated as having one axis.

    Raises:
        IndexError: there is no such axis.
    """
    if dim.__class__ is not int:
        dim = operator.index(dim)
    n = ndim or 1
    if not -n <= dim < n:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {dim})"
        )
    return dim + n if dim < 0 else dim


def wrap_dims(dims: Iterable[int], ndim: int) -> tuple[int, ...]:
    """Several axes counted from the front, in the order given; none may be named twice."""
    wrapped = tuple([wrap_dim(dim, ndim) for dim in dims])
    if len(set(wrapped)) < len(wrapped):
        twice = next(dim for dim in wrapped if wrapped.count(dim) > 1)
        raise RuntimeError(f"dim {twice} appears multiple times in the list of dims")
    return wrapped


def normalize_dims(dim: Any, ndim: int) -> tuple[int, ...]:
    """The axes that a reduction's ``dim`` (an int, several; None or an empty list for all) names,
    in ascending order.

    >>> normalize_dims((-1, 0), 3), normalize_dims(None, 2), normalize_dims(0, 0)
    ((0, 2), (0, 1), ())
    """
    if dim.__class__ is int and -ndim <= dim < ndim:
        return (dim + ndim if dim < 0 else dim,)
    if dim is None or (dim.__class__ in (tuple, list) and not dim):
        return tuple(range(ndim))
    axes = wrap_dims(several(dim), ndim)
    return tuple(sorted(axes)) if ndim else ()


def several(given: Any) -> tuple[Any, ...]:
    """One number, which a 0-d tensor and NumPy's scalars are, too, or several, as a tuple.

    >>> several(2), several([0, 1])
    ((2,), (0, 1))
    """
    if given.__class__ is tuple:
        return given
    one = given.__class__ is int or getattr(given, "ndim", None) == 0
    one = one or not isinstance(given, Iterable)
    return (given,) if one else tuple(given)


def also_named(**second_names: str) -> Callable[[_F], _F]:
    """Let the public function take arguments by a second name too: ``@also_named(input="A")``
    takes ``input=`` for ``A``."""

    def mark(function: _F) -> _F:
        function.second_names = second_names  # type: ignore[attr-defined]
        return function

    return mark


def common_shape(op: str, *shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape to which an op's operands of these shapes are broadcast."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise RuntimeError(f"{op}: {describe_mismatch(shapes)}") from None


def sizes(given: tuple[Any, ...]) -> tuple[int, ...]:
    """The integers meant by ``f(2, 3)``, ``f((2, 3))`` or ``f([2, 3])``."""
    if len(given) == 1 and isinstance(given[0], (tuple, list)):
        given = tuple(given[0])
    try:
        return tuple(map(operator.index, given))
    except TypeError:
        kinds = ", ".join(type(n).__name__ for n in given)
        raise TypeError(f"expected integers, got ({kinds})") from None


def spelled(op: str, name: str, given: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """The numbers of ``f(2, 3)``, which may also come as ``f(name=(2, 3))``; there is no other
    keyword.
    """
    for key in keywords:
        if key != name or given:
            raise TypeError(f"{op}() got an unexpected keyword argument {key!r}")
    return (keywords[name],) if keywords else given


def size_given(op: str, size: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """The size of ``zeros(2, 3)``, in any of its spellings."""
    if not (size or keywords):
        raise TypeError(f"{op}() missing 1 required positional argument: 'size'")
    return spelled(op, "size", size, keywords)
