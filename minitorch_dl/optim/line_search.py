"""A line search for the strong Wolfe conditions (Nocedal & Wright 2006, algorithms 3.5 and 3.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Evaluate = Callable[[float], tuple[float, Any]]
"""Step length to the loss and the flat gradient there."""


def cubic_minimum(
    x1: float,
    f1: float,
    g1: float,
    x2: float,
    f2: float,
    g2: float,
    bounds: tuple[float, float] | None = None,
) -> float:
    """Where the cubic with these two values and slopes is least, kept in ``bounds``."""
    low, high = bounds or (min(x1, x2), max(x1, x2))
    with np.errstate(all="ignore"):  # a nan goes through, as it does in PyTorch
        x1, x2, g1, g2 = map(np.float64, (x1, x2, g1, g2))
        d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
        square = d1 * d1 - g1 * g2
        if not square >= 0:
            return (low + high) / 2.0
        d2 = np.sqrt(square)
        if x1 <= x2:
            x = x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
        else:
            x = x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2))
    return float(min(max(x, low), high))


class Point(NamedTuple):
    """The line at length ``t``: loss, gradient and slope ``gᵀd``."""

    t: float
    f: float
    g: Any
    slope: float


def between(a: Point, b: Point, bounds: tuple[float, float] | None = None) -> float:
    """``cubic_minimum`` of two points."""
    return cubic_minimum(a.t, a.f, a.slope, b.t, b.f, b.slope, bounds)


class _Line:
    """The loss along the direction ``d`` from ``start``, where ``calls`` points were looked at."""

    def __init__(self, along: Evaluate, d: Any, start: Point, c1: float, c2: float) -> None:
        self.along, self.d, self.start, self.c1, self.c2 = along, d, start, c1, c2
        self.calls = 0

    def at(self, t: float) -> Point:
        self.calls += 1
        f, g = self.along(t)
        return Point(t, f, g, float(g @ self.d))

    def too_high(self, point: Point) -> bool:
        return point.f > self.start.f + self.c1 * point.t * self.start.slope

    def is_flat(self, point: Point) -> bool:
        return abs(point.slope) <= -self.c2 * self.start.slope

    def bracket(self, t: float, max_ls: int) -> list[Point]:
        """Two points around one that fulfils the conditions, or that one. Lengths grow from ``t``
        on."""
        previous, new = self.start, self.at(t)
        while self.calls <= max_ls:
            if self.too_high(new) or (self.calls > 2 and new.f >= previous.f):
                return [previous, new]
            if self.is_flat(new):
                return [new]
            if new.slope >= 0:
                return [previous, new]
            t = between(previous, new, (new.t + 0.01 * (new.t - previous.t), new.t * 10))
            previous, new = new, self.at(t)
        return [self.start, new]

    def zoom(self, ends: list[Point], tolerance_change: float, max_ls: int) -> Point:
        """Narrow a bracket down to a point that fulfils the conditions; the lower end of what is
        left of it if there is none within ``max_ls`` calls."""
        low, high = _order(ends)
        stalled = False
        width = float(abs(self.d).max())
        while self.calls <= max_ls:
            left, right = sorted(end.t for end in ends)
            if (right - left) * width < tolerance_change:
                break
            t = between(ends[0], ends[1])
            # Too close to an end twice in a row, or beyond it: step a tenth of the bracket away
            # from that end.
            margin = 0.1 * (right - left)
            near = min(right - t, t - left) < margin
            if near and (stalled or t >= right or t <= left):
                t = right - margin if abs(t - right) < abs(t - left) else left + margin
                near = False
            stalled = near

            new = self.at(t)
            if self.too_high(new) or new.f >= ends[low].f:
                ends[high] = new
                low, high = _order(ends)
                continue
            if self.is_flat(new):
                return new
            if new.slope * (ends[high].t - ends[low].t) >= 0:
                ends[high] = ends[low]
            ends[low] = new
        return ends[low]


def _order(ends: list[Point]) -> tuple[int, int]:
    """The places of the lower and the higher end."""
    return (0, 1) if ends[0].f <= ends[1].f else (1, 0)


def strong_wolfe(
    along: Evaluate,
    d: Any,
    t: float,
    f: float,
    g: Any,
    slope: float,
    max_ls: int = 25,
    c1: float = 1e-4,
    c2: float = 0.9,
    tolerance_change: float = 1e-9,
) -> tuple[float, Any, float, int]:
    """A step length with ``f(t) <= f + c1·t·slope`` and ``|f'(t)| <= c2·|slope|``.

    A bracket around such a point is grown from ``t``, then narrowed by cubic interpolation.

    Args:
        along: the loss and its gradient at a length.
        d: the direction.
        f, g, slope: loss, gradient and slope at length 0.

    Returns:
        The loss, the gradient and the length found, and how often ``along`` was called.
    """
    line = _Line(along, d, Point(0.0, f, g, slope), c1, c2)
    ends = line.bracket(t, max_ls)
    best = line.zoom(ends, tolerance_change, max_ls) if len(ends) == 2 else ends[0]
    return best.f, best.g, best.t, line.calls
