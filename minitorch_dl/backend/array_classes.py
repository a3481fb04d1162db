"""Classes of arrays around NumPy's: what such a class takes out of arguments, and puts around
results."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np


def converted(value: Any, convert: Callable[[Any], Any]) -> Any:
    """``convert`` of a value, or of each in nested tuples, lists and dicts."""
    if isinstance(value, (tuple, list)):
        parts = [converted(part, convert) for part in value]
        return getattr(type(value), "_make", type(value))(parts)  # of a named tuple
    if isinstance(value, dict):
        return {name: converted(part, convert) for name, part in value.items()}
    return convert(value)


def arrays_in(values: Any, kind: type) -> list[Any]:
    """The arrays of this class among values, also in tuples and lists of them."""
    found: list[Any] = []
    for value in values:
        if isinstance(value, kind):
            found.append(value)
        elif isinstance(value, (tuple, list)):
            found += arrays_in(value, kind)
    return found


def around(
    made: Any, sources: Iterable[Any], inside: Callable[[Any], np.ndarray],
    new: Callable[[np.ndarray], Any],
) -> Any:  # fmt: skip
    """The results of a function of NumPy as arrays of the class of ``sources``, its operands: one
    of these, a view of one, or else ``new`` of an array.

    Args:
        inside: gives the NumPy array in one of the class, which is made with it and, of a view,
            the array that owns the memory: its attribute ``base``.
    """

    def one(result: Any) -> Any:
        if not isinstance(result, (np.ndarray, np.generic)):
            return result
        array = np.asarray(result)
        for source in sources:
            if array is inside(source):
                return source
            owner = source if source.base is None else source.base
            if array.base is not None and np.may_share_memory(array, inside(owner)):
                return type(owner)(array, owner)
        return new(array)

    return converted(made, one)
