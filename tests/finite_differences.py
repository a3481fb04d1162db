"""Derivatives by finite differences: an oracle that shares nothing with the package."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

STEP = 1e-3


def directional(f: Callable[[float], np.ndarray | float]) -> np.ndarray | float:
    """The derivative of ``f`` at 0 by the central difference of sixth order; error about 1e-11 for
    smooth f of size 1."""
    h = STEP
    weights = ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))
    return sum(w * (f(k * h) - f(-k * h)) for k, w in weights) / h


def gradient_along(
    f: Callable[[Sequence[np.ndarray]], float], xs: Sequence[np.ndarray], vs: Sequence[np.ndarray]
) -> float:
    """The derivative of the scalar ``f(xs)`` along the directions ``vs``."""
    return float(
        directional(lambda t: f([np.asarray(x + t * v) for x, v in zip(xs, vs, strict=True)]))
    )


def direction(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random direction whose entries keep off zero, so that no element escapes the check."""
    return np.asarray(rng.uniform(0.3, 1.0, x.shape) * rng.choice([-1.0, 1.0], x.shape))
