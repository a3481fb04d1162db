"""Explanations for an analytical derivative that differs from the numerical one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Verdict(NamedTuple):
    """The probable reason why an analytical derivative differs from the numerical one.

    Attributes:
        kind: "wrong formula", "rounding at this precision", "kink", "not differentiable here" or
            "not deterministic".
        text: a sentence with the numbers that show it.
        sides: at a kink the derivatives from the left and from the right.
    """

    kind: str
    text: str
    sides: tuple[float, float] | None = None


def judge(
    at: Callable[[float], float], a: float, n: float, atol: float, rtol: float, precision: float
) -> Verdict:
    """Explain why the derivative ``a`` of ``at`` at 0 is not the numerical ``n``; ``precision`` is
    the rounding error of values of size 1."""
    if np.isnan(a) or np.isnan(n):
        text = "One of them is NaN: the function or its derivative is not defined here."
        return Verdict("not differentiable here", text)
    h = precision ** (1 / 3)
    middle = at(0.0)
    if at(0.0) != middle or at(h) != at(h):
        text = "The function is not deterministic: two evaluations at the same point differ."
        return Verdict("not deterministic", text)
    sides = [((middle - at(-s)) / s, (at(s) - middle) / s) for s in (h, h / 8)]
    jumps = [abs(right - left) for left, right in sides]
    noise = 8 * precision * max(abs(middle), 1.0) / h
    bound = atol + rtol * abs(n) + 8 * noise
    left, right = sides[1]
    # The one-sided derivatives of a smooth function approach each other with the step; at a kink
    # they stay apart, and at a jump they grow without bound.
    steep, steeper = (abs(left + right) / 2 for left, right in sides)
    if max(jumps[1], steeper) > bound and (jumps[1] > 4 * jumps[0] or steeper > 4 * steep + bound):
        jump = at(h / 8) - at(-h / 8)
        text = f"The function jumps here: by {jump:.6g} within a step of {h / 4:.2g}."
        return Verdict("not differentiable here", text)
    if jumps[1] > bound and jumps[1] > 0.5 * jumps[0]:
        return Verdict(
            "kink",
            f"The point is at a kink: the left derivative is {left:.6g}, the right one "
            f"{right:.6g}. Move the input away from it.",
            (left, right),
        )
    wide, narrow = ((at(s) - at(-s)) / (2 * s) for s in (4 * h, 2 * h))
    better = (4 * narrow - wide) / 3
    differences = f"differences with a step of {2 * h:.2g} give {better:.8g}"
    if abs(a - better) <= atol + rtol * abs(better) + noise:
        return Verdict(
            "rounding at this precision",
            f"Precision explains it: {differences}, which agrees with the analytical value. "
            "Use float64 inputs, or a larger eps.",
        )
    told = _relation(a, better)
    text = f"The analytical derivative is probably wrong: {differences}{told}."
    return Verdict("wrong formula", text)


_RELATIONS = {-1.0: "the negative of it", 2.0: "half of it", 0.5: "twice of it"}
"""What the numerical derivative is, by the ratio of the analytical one to it."""


def _relation(a: float, n: float) -> str:
    """A ratio of the two that common mistakes have."""
    for ratio, text in _RELATIONS.items():
        if n and abs(a / n - ratio) < 1e-4:
            return f", {text}"
    return ""


def epsilon(dtype: Any) -> float:
    """The rounding error of values of size 1."""
    return float(np.finfo(dtype).eps) if dtype.kind in "fc" else 2.0**-7


def culprit(v: np.ndarray, gap: Callable[[np.ndarray], float]) -> int:
    """The index of ``v`` that is to blame for ``gap(v)``: follow the half with the larger gap."""
    indices = np.arange(v.size)
    while len(indices) > 1:
        halves = np.array_split(indices, 2)
        gaps = []
        for half in halves:
            part = np.zeros(v.size)
            part[half] = v.reshape(-1)[half]
            gaps.append(gap(part.reshape(v.shape)))
        indices = halves[int(np.argmax(gaps))]
    return int(indices[0])
