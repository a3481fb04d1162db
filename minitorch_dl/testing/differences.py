"""Numerical derivatives, with an estimate of their error.

These are the oracles of the gradient checks: they share nothing with the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

FIRST_STEP = 2.0**-5
_LEVELS = 9
_GOOD_ENOUGH = 1e-11


class Derivative(NamedTuple):
    """A derivative and a bound on its error, entry by entry."""

    value: Any
    error: Any


def derivative(f: Callable[[float], Any], step: float = FIRST_STEP) -> Derivative:
    """The derivative of ``f`` at 0: central differences extrapolated to step 0 (Richardson).

    The step is halved until the extrapolations agree or rounding outweighs them, and the best one
    is taken for each entry of ``f`` (Ridders, 1982). Steps that leave the function's domain (NaN)
    drop out.

    >>> import math
    >>> d = derivative(lambda t: math.exp(3 * t))
    >>> round(d.value.item(), 9), d.error.item() < 1e-8
    (3.0, True)
    """
    value: Any = np.nan
    error: Any = np.inf
    last: list[Any] = []
    for level in range(_LEVELS):
        h = step / 2**level
        above, below = np.asarray(f(h), np.float64), np.asarray(f(-h), np.float64)
        row = [(above - below) / (2 * h)]
        noise = np.finfo(np.float64).eps * np.maximum(np.abs(above), np.abs(below)) / h
        for k, before in enumerate(last):  # each column removes one more power of h^2
            row.append(row[k] + (row[k] - before) / (4.0 ** (k + 1) - 1))
        for k in range(1, len(row)):
            gap = np.maximum(np.abs(row[k] - row[k - 1]), np.abs(row[k] - last[k - 1])) + noise
            better = gap < error
            value, error = np.where(better, row[k], value), np.where(better, gap, error)
        if not last and level == 0:
            value = np.full_like(row[0], np.nan)
            error = np.full_like(row[0], np.inf)
        if np.all(error <= _GOOD_ENOUGH * (1 + np.abs(value))):
            break
        last = row
    return Derivative(value, error)


def complex_step(f: Callable[..., Any], xs: Any, vs: Any) -> np.ndarray | None:
    """The derivative of ``f(*xs)`` along ``vs`` as ``Im f(xs + i h vs) / h``: exact to rounding,
    for it subtracts nothing. None where ``f`` takes no complex arrays, or isn't analytic in them.

    >>> complex_step(np.exp, [np.array([0.0, 1.0])], [np.ones(2)])
    array([1.        , 2.71828183])
    >>> complex_step(np.abs, [np.array([1.0])], [np.ones(1)]) is None
    True
    """
    h = 1e-30
    try:
        y = np.asarray(f(*(x + 1j * h * v for x, v in zip(xs, vs, strict=True))))
        plain = np.asarray(f(*xs))
        moved = np.asarray(f(*(x + 1e-7j * v for x, v in zip(xs, vs, strict=True))))
    except (TypeError, ValueError, RuntimeError, AttributeError, NotImplementedError, IndexError):
        return None
    if y.dtype.kind != "c" or moved.dtype.kind != "c" or y.shape != plain.shape:
        return None
    slope = y.imag / h
    # An analytic f has the same slope from any small step, and its real part moves by h^2 only.
    scale = 1 + np.abs(slope)
    analytic = np.all(np.abs(moved.imag / 1e-7 - slope) <= 1e-6 * scale) and np.allclose(
        moved.real, plain, rtol=1e-9, atol=1e-9
    )
    return slope if analytic else None
