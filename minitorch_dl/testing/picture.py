"""Pictures of an op and its derivative along a line, as SVG text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from ..autograd.gradcheck import direction
from ..backend import to_host
from ..ops import from_numpy
from . import op_cases
from .calls import Call, OpCall
from .derivative_check import ControlledCheck
from .differences import derivative
from .findings import TYPED_ERRORS, Options
from .suite import Subject

POINTS = 41
_STEP = 2.0**-8
_REACHES = (0.25, 0.02)  # how far a line goes to either side of a sample: less near a domain's end


@dataclass
class Curve:
    """An op along one line: positions, and there the function, its derivative and the numerical
    derivative. ``axis`` says what the positions are."""

    axis: str
    t: np.ndarray
    value: np.ndarray
    analytical: np.ndarray
    numerical: np.ndarray

    @property
    def difference(self) -> np.ndarray:
        return self.analytical - self.numerical


def curve(subject: Subject, device: Any = "cpu") -> Curve | None:
    """An op over its domain if it is pointwise, else op or module along a random direction through
    its first sample; None where that has no derivative."""
    for call in subject.calls(1, 0, device):
        if call.inputs:
            if subject.kind == "op" and subject.row.drawn == "unary":
                return _pointwise(subject.row, device)
            for reach in _REACHES:
                try:
                    found = _along_a_line(call, reach)
                except TYPED_ERRORS:
                    continue
                if found is not None:
                    return found
    return None


def _pointwise(row: op_cases.Row, device: Any) -> Curve | None:
    low, high = row.domain
    edge = 0.02 * (high - low)
    t = np.linspace(low + edge, high - edge, POINTS)
    call = OpCall(row, ((t,), {}), "", device)
    check = ControlledCheck(call, [x.requires_grad_() for x in call.inputs], Options())
    if not check.outputs or check.outputs[0].shape != (POINTS,):
        return None
    _, x = check.wanted[0]
    ones = np.ones(POINTS)
    numerical = derivative(lambda s: check.value(0, x, ones, s), _STEP).value
    return Curve("x", t, check.value(0, x, ones, 0.0), check.gradients([ones])[0], numerical)


def _along_a_line(call: Call, reach: float) -> Curve | None:
    rng = np.random.default_rng(0)
    start = [np.array(to_host(x.array)) for x in call.inputs]
    vs = [direction(x.shape, rng) for x in start]
    us: list[np.ndarray] = []
    t = np.linspace(-reach, reach, POINTS)
    rows = []
    for s in t:
        inputs = [from_numpy(np.asarray(x + s * v)).to(call.device) for x, v in zip(start, vs)]
        check = ControlledCheck(call, [x.requires_grad_() for x in inputs], Options())
        if not check.outputs:
            return None
        us = us or [direction(y.array.shape, rng) for y in check.outputs]
        f = check.along_all(us, vs)
        slope = sum(float(np.sum(g * v)) for g, v in zip(check.gradients(us), vs))
        rows.append((f(0.0), slope, float(derivative(f, _STEP).value)))
    return Curve("way along a random direction", t, *np.array(rows).T)


# -- drawing ---------------------------------------------------------------------------------------

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 340, 150, 52, 8, 18


def svg(found: Curve, name: str) -> str:
    """Two panels: function, derivative and numerical derivative; and the difference of the two."""
    both = [found.value, found.analytical, found.numerical]
    main = _Panel(0, found.t, both)
    gap = _Panel(WIDTH, found.t, [found.difference])
    title = f"{name}: function, derivative, numerical derivative, and their difference"
    return "".join(
        (
            f'<svg viewBox="0 0 {2 * WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">',
            main.frame(found.axis),
            main.line(found.value, "value"),
            main.line(found.analytical, "analytical"),
            main.dots(found.numerical, "numerical"),
            gap.frame(found.axis),
            gap.line(found.difference, "difference"),
            "</svg>",
        )
    )


class _Panel:
    """One pair of axes, ``x0`` from the left edge of the picture."""

    def __init__(self, x0: int, t: np.ndarray, series: Sequence[np.ndarray]) -> None:
        self.x0, self.t = x0, t
        values = np.concatenate([s[np.isfinite(s)] for s in series])
        # A pole must not press everything else flat.
        low, high = np.percentile(values, [2, 98]) if values.size else (0.0, 0.0)
        if values.size:
            room = 3 * (high - low)
            low, high = max(values.min(), low - room), min(values.max(), high + room)
        if high == low:
            high, low = high + (abs(high) or 1e-15), low - (abs(low) or 1e-15)
        self.low, self.high = float(low), float(high)

    def x(self, t: float) -> float:
        span = WIDTH - LEFT - 8
        return self.x0 + LEFT + span * float((t - self.t[0]) / (self.t[-1] - self.t[0]))

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - min(max(share, 0.0), 1.0))

    def frame(self, axis: str) -> str:
        left, right, bottom = self.x(self.t[0]), self.x(self.t[-1]), HEIGHT - BOTTOM
        parts = [
            f'<path class="axis" d="M{left:.1f} {TOP}V{bottom}H{right:.1f}"/>',
            f'<text x="{left - 4:.1f}" y="{TOP + 8}" text-anchor="end">{self.high:.3g}</text>',
            f'<text x="{left - 4:.1f}" y="{bottom}" text-anchor="end">{self.low:.3g}</text>',
            f'<text x="{left:.1f}" y="{HEIGHT - 5}">{self.t[0]:.3g}</text>',
            f'<text x="{right:.1f}" y="{HEIGHT - 5}" text-anchor="end">{self.t[-1]:.3g}</text>',
            f'<text x="{(left + right) / 2:.1f}" y="{HEIGHT - 5}" text-anchor="middle">'
            f"{escape(axis)}</text>",
        ]
        if self.low < 0 < self.high:
            zero = self.y(0.0)
            parts.append(f'<path class="zero" d="M{left:.1f} {zero:.1f}H{right:.1f}"/>')
        return "".join(parts)

    def line(self, values: np.ndarray, kind: str) -> str:
        """The points joined; broken where a value is not finite."""
        path, pen = [], "M"
        for t, value in zip(self.t, values):
            if not np.isfinite(value):
                pen = "M"
                continue
            path.append(f"{pen}{self.x(t):.1f} {self.y(float(value)):.1f}")
            pen = "L"
        return f'<path class="{kind}" d="{"".join(path)}"/>'

    def dots(self, values: np.ndarray, kind: str) -> str:
        return "".join(
            f'<circle class="{kind}" cx="{self.x(t):.1f}" cy="{self.y(float(value)):.1f}" r="1.8"/>'
            for t, value in list(zip(self.t, values))[::2]
            if np.isfinite(value)
        )
