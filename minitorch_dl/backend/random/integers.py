"""Uniform integers and permutations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..warning import warn
from . import counter
from .counter import CounterGenerator
from .generator import Generator
from .rounding import Shape, finish, float_range, integer_range, rounded


def random_(shape: Shape, dtype: np.dtype, generator: Generator, xp: Any = np) -> Any:
    """Uniform integers over all non-negative values of an integer dtype, or 0 .. 2^(significant
    bits) of a floating one."""
    n = math.prod(shape)
    if (floats := float_range(dtype)) is not None:
        values = (1 << floats[0]) + 1
    elif dtype == np.bool_:
        values = 2
    elif dtype.kind == "i" or dtype == np.uint8:
        values = integer_range(dtype)[1] + 1
    else:
        raise NotImplementedError(f'"random_" not implemented for dtype {dtype.name}')
    if isinstance(generator, CounterGenerator):
        return counter.integers(xp, shape, 0, values, generator).astype(dtype)
    with generator.lock:
        if dtype in (np.int64, np.float64):
            x: np.ndarray = generator.words64(n) % np.uint64(values)
        else:
            x = generator.words(n) % np.uint32(values)
    return finish(x, shape, dtype, xp)


def randint(
    low: int,
    high: int | None,
    shape: Shape,
    dtype: np.dtype,
    generator: Generator,
    xp: Any = np,
) -> Any:
    """Uniform integers in [low, high); ``high=None``: up to the largest that `dtype` can count to.

    Raises:
        RuntimeError: an empty range, or a bound that `dtype` can't hold.
    """
    n = math.prod(shape)
    if high is None and low == -(1 << 63):
        if dtype.name not in ("int64", "float64", "float32", "bfloat16"):
            raise RuntimeError(
                "random_ over all 64 bits handles only int64, double, float and bfloat16, got "
                f"{dtype.name}"
            )
        if isinstance(generator, CounterGenerator):
            return counter.integers(xp, shape, 0, 1 << 64, generator).astype(dtype)
        with generator.lock:
            return finish(generator.words64(n).view(np.int64), shape, dtype, xp)
    low, span = _range(low, high, dtype)
    if isinstance(generator, CounterGenerator):
        return counter.integers(xp, shape, low, span, generator).astype(dtype, copy=False)
    with generator.lock:
        if span >= 1 << 28:  # a single word would favour small values
            x = generator.words64(n) % np.uint64(span) if span < 1 << 64 else generator.words64(n)
        else:
            x = (generator.words(n) % np.uint32(span)).astype(np.uint64)
    x = x.view(np.int64)
    x += np.int64(low)
    return finish(x, shape, dtype, xp)


def _range(low: int, high: int | None, dtype: np.dtype) -> tuple[int, int]:
    """The first value and the number of values, all of which `dtype` can hold."""
    digits = 0
    if (floats := float_range(dtype)) is not None:
        digits, largest = floats
        smallest, top = -largest, 1 << digits
    elif dtype == np.bool_:
        smallest, largest, top = 0, 1, 1
    elif dtype.kind in "iu":
        smallest, top = integer_range(dtype)
        largest = top = min(top, (1 << 63) - 1)
    else:
        raise NotImplementedError(f'"random_" not implemented for dtype {dtype.name}')
    last = top if high is None else high - 1
    if low > last:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={last + 1}"
        )
    for name, bound in (("from", low), ("to - 1", last)):
        if not smallest <= bound <= largest:
            raise RuntimeError(f"{name} is out of bounds for {dtype.name}, got {bound}")
    if digits:
        low, last = _representable(low, last, high is not None, dtype, digits)
        for name, bound in (("from", low), ("to - 1", last)):
            if abs(bound) > top:
                warn(
                    f"{name} is out of bounds [-(2^{digits}), 2^{digits}], where {dtype.name} "
                    f"holds every integer, got {bound}"
                )
        if low > last:
            raise RuntimeError(
                f"random_ expects 'from' to be less than 'to' in {dtype.name}, but got from={low} "
                f">= to={last + 1}"
            )
    return low, last - low + 1


def _representable(
    low: int, last: int, move_last: bool, dtype: np.dtype, digits: int
) -> tuple[int, int]:
    """The bounds, moved inwards where rounding a sample to `dtype` could leave the range."""

    def nearest(i: int) -> int:
        return int(rounded(np.array([i], np.int64), dtype)[0])

    def gap(i: int) -> int:
        return 1 << max(abs(i).bit_length() - digits, 0)

    if nearest(low + 1) < low:
        low = nearest(low + 1) + gap(low + 1)
    if move_last and nearest(last) > last:
        last = nearest(last) - gap(last) - 1
    return low, last


def randperm(n: int, dtype: np.dtype, generator: Generator, xp: Any = np) -> Any:
    """A random order of 0 .. n - 1 (Fisher and Yates, 1938).

    Raises:
        RuntimeError: n is negative, or n - 1 is beyond what `dtype` counts to.
    """
    if n < 0:
        raise RuntimeError(f"randperm expects n to be non-negative, but got n={n}")
    if (floats := float_range(dtype)) is not None:
        largest = (1 << floats[0]) + 1
    elif dtype.kind in "iu":
        largest = integer_range(dtype)[1] + 1
    else:
        raise NotImplementedError(f'"randperm" not implemented for dtype {dtype.name}')
    if n > largest:
        raise RuntimeError(f"randperm: n={n} cannot be greater than {largest} for {dtype.name}")
    with generator.lock:
        words = generator.words(max(n - 1, 0))
    step = np.arange(len(words), dtype=np.int64)
    return finish(_shuffled(words % (n - step) + step, n), (n,), dtype, xp)


def _shuffled(partners: np.ndarray, n: int) -> np.ndarray:
    """0 .. n - 1 after each place k = 0, 1, ... has changed its number with that of the place
    ``partners[k]`` >= k."""
    if n < 256:
        places = list(range(n))
        for k, j in enumerate(partners.tolist()):
            places[k], places[j] = places[j], places[k]
        return np.array(places, np.int64)
    # The same without a loop. Step k leaves at the place j what stood at the place k, `left[k]`,
    # and takes what stood there: what the last step before it with the same j had left, or j.
    bits = n.bit_length()
    steps = np.flatnonzero(partners != np.arange(len(partners)))
    ordered = np.sort(partners[steps] << bits | steps)
    place, step = ordered >> bits, ordered & ((1 << bits) - 1)
    left = np.arange(n)
    left[place] = step  # the last step that left something there, ...
    while True:
        earlier = left[left]  # ... which was left to that step's own place by an earlier one
        if np.array_equal(earlier, left):
            break
        left = earlier
    order = left.copy()
    order[step[:1]] = place[:1]
    order[step[1:]] = np.where(place[1:] == place[:-1], left[step[:-1]], place[1:])
    return order
