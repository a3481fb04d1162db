"""The algorithms of the collective calls, on NumPy arrays.

n processes take part, and each sends to any other directly. All arithmetic is in the order of the
ranks, so every process has the same bits, however the arrays are cut. The docstrings say how many
bytes a process sends if an array has S.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

Array = np.ndarray
Combine = Callable[[Sequence[Array]], Array]
"""Makes one array of those of all ranks, given in their order."""

_SMALL = 4096
"""Up to so many bytes, one message to each is quicker than two of a part of them."""


class Exchange(Protocol):
    """The messages of one call."""

    rank: int
    size: int

    def send(self, peer: int, array: Array) -> None: ...

    def receive(self, peer: int, like: Array) -> Array:
        """A new array with the shape and dtype of ``like``."""


def in_order(ufunc: np.ufunc) -> Combine:
    """``ufunc`` over the ranks: ``((x0 ∘ x1) ∘ x2) ∘ ...``"""

    def combine(arrays: Sequence[Array]) -> Array:
        total = arrays[0].copy()
        for array in arrays[1:]:
            ufunc(total, array, out=total)
        return total

    return combine


def all_to_all(x: Exchange, parts: Sequence[Array], like: Sequence[Array]) -> list[Array]:
    """``parts[i]`` goes to rank i; result i came from rank i and is as large as ``like[i]``.

    Sends: all parts but the own.
    """
    for step in range(1, x.size):  # each begins with another
        peer = (x.rank + step) % x.size
        x.send(peer, parts[peer])
    return [parts[x.rank] if i == x.rank else x.receive(i, like[i]) for i in range(x.size)]


def all_gather(x: Exchange, array: Array, like: Sequence[Array] | None = None) -> list[Array]:
    """The arrays of all ranks. Sends (n - 1) S."""
    return all_to_all(x, [array] * x.size, [array] * x.size if like is None else like)


def reduce_scatter(x: Exchange, parts: Sequence[Array], combine: Combine) -> Array:
    """This rank's part of all, combined. Sends all parts but the own: (n - 1) / n S."""
    return combine(all_to_all(x, parts, [parts[x.rank]] * x.size))


def all_reduce(x: Exchange, array: Array, combine: Combine) -> Array:
    """All ranks' arrays combined, for every rank: each combines one part, and gives it to all.

    Sends 2 (n - 1) / n S, as a ring does, in 2 steps in place of 2 (n - 1).
    """
    if array.nbytes <= _SMALL:
        return combine(all_gather(x, array))
    parts = np.array_split(array, x.size)
    return np.concatenate(all_gather(x, reduce_scatter(x, parts, combine), parts))


def reduce(x: Exchange, array: Array, dst: int, combine: Combine) -> Array | None:
    """All ranks' arrays combined, for ``dst``: each combines one part, and ``dst`` collects them.

    Sends S, ``dst`` (n - 1) / n S.
    """
    parts = np.array_split(array, x.size)
    combined = gather(x, reduce_scatter(x, parts, combine), dst, parts)
    return None if combined is None else np.concatenate(combined)


def gather(x: Exchange, array: Array, dst: int, like: Sequence[Array]) -> list[Array] | None:
    """The arrays of all ranks, for ``dst``. All others send S."""
    if x.rank != dst:
        x.send(dst, array)
        return None
    return [array if i == dst else x.receive(i, like[i]) for i in range(x.size)]


def scatter(x: Exchange, parts: Sequence[Array], src: int, like: Array) -> Array:
    """``parts[i]`` of ``src`` for rank i. ``src`` sends all parts but the own."""
    if x.rank != src:
        return x.receive(src, like)
    for i in range(x.size):
        if i != src:
            x.send(i, parts[i])
    return parts[src]


def broadcast(x: Exchange, array: Array, src: int) -> Array:
    """``src``'s array for every rank, along a binomial tree: after step k, 2ᵏ ranks have it.

    Sends up to S log₂ n.
    """
    place = (x.rank - src) % x.size  # in the tree; src is at 0
    reach = 1
    while reach < x.size:
        if place < reach:
            if place + reach < x.size:
                x.send((x.rank + reach) % x.size, array)
        elif place < 2 * reach:
            array = x.receive((x.rank - reach) % x.size, array)
        reach *= 2
    return array


def barrier(x: Exchange) -> None:
    """Return when all ranks have called: in step k each tells the one 2ᵏ ranks on.

    Sends log₂ n messages of a byte.
    """
    token = np.zeros(1, np.uint8)
    distance = 1
    while distance < x.size:
        x.send((x.rank + distance) % x.size, token)
        x.receive((x.rank - distance) % x.size, token)
        distance *= 2


def absent(x: Any, seconds: float, src: int = 0) -> list[int]:
    """``barrier``, in which ``src`` waits ``seconds`` for each rank and lets all go on only if all
    have come. Returns those that have not, to ``src``."""
    token = np.zeros(1, np.uint8)
    if x.rank != src:
        x.send(src, token)
        x.receive(src, token)
        return []
    missing = [i for i in range(x.size) if i != src and not x.comes(i, token, seconds)]
    if not missing:
        for i in range(x.size):
            if i != src:
                x.send(i, token)
    return missing
