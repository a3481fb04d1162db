"""The shape of a tensor."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable
from functools import partial
from typing import Any


def _whole(n: Any, item: int) -> int:
    """A size as an int, which a tensor may hold."""
    if n.__class__ is int:
        return n
    try:
        return operator.index(n)
    except TypeError:
        raise TypeError(
            f"torch.Size() takes an iterable of 'int' (item {item} is {type(n).__name__!r})"
        ) from None


class Size(tuple):
    """A tensor's shape: a tuple of sizes that prints as PyTorch's."""

    __slots__ = ()

    def __new__(cls, sizes: Iterable[Any] = ()) -> Size:
        return tuple.__new__(cls, map(_whole, sizes, itertools.count()))

    def numel(self) -> int:
        """The number of elements of a tensor of this shape."""
        n = 1
        for size in self:
            n *= size
        return n

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    def __add__(self, other: Any) -> Size:
        sizes = tuple.__add__(self, tuple(other))
        return size_of(sizes) if other.__class__ is Size else Size(sizes)

    def __radd__(self, other: Any) -> Size:
        return Size((*other, *self))

    def __mul__(self, times: Any) -> Size:
        return size_of(tuple.__mul__(self, times))

    __rmul__ = __mul__

    def __getitem__(self, index: Any) -> Any:
        item = tuple.__getitem__(self, index)
        return size_of(item) if isinstance(index, slice) else item


size_of = partial(tuple.__new__, Size)
"""The Size of a tuple of ints, unchecked."""
