"""Line charts as self-contained SVG text, with the standard library alone.

The picture has no background and uses middle tones only, so that it reads on white and on black
pages alike, with no script, font file or style sheet.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

PANEL_WIDTH, PANEL_HEIGHT = 380, 250
MARGIN_LEFT, MARGIN_RIGHT, MARGIN_TOP, MARGIN_BOTTOM = 54, 18, 62, 44

INK = "#7d8590"  # about 4:1 against white and against near-black
COLOURS = ("#3b82f6", "#ef7d1a", "#22a06b", "#c256d6")
MARKERS_UP_TO = 40  # points; more would run into each other


@dataclass(frozen=True)
class Series:
    """One line: ``y`` over ``x``."""

    label: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True)
class Panel:
    """One pair of axes. ``log`` spaces y by its logarithm; ``y_max`` is a natural upper bound."""

    title: str
    x_label: str
    series: Sequence[Series]
    log: bool = False
    y_max: float | None = None
    unit: str = ""


def line_chart(panels: Sequence[Panel], title: str) -> str:
    """Return the SVG text of ``panels`` side by side under one title and one legend."""
    cell = MARGIN_LEFT + PANEL_WIDTH + MARGIN_RIGHT
    width, height = cell * len(panels), MARGIN_TOP + PANEL_HEIGHT + MARGIN_BOTTOM
    labels = [series.label for series in panels[0].series]
    body = [
        _text(MARGIN_LEFT, 22, title, size=15, weight=600),
        *_legend(labels, right=width - MARGIN_RIGHT),
        *(_panel(panel, cell * number + MARGIN_LEFT) for number, panel in enumerate(panels)),
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img" fill="{INK}" '
            'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif">',
            f"<title>{escape(title)}</title>",
            *body,
            "</svg>",
            "",
        ]
    )


def linear_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return about ``count`` multiples of 1, 2 or 5 times a power of ten within low..high.

    >>> linear_ticks(0, 25)
    [0.0, 5.0, 10.0, 15.0, 20.0, 25.0]
    """
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * f for f in (1, 2, 5, 10) if power * f >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 times the powers of ten within low..high, thinned where they are many.

    >>> log_ticks(0.04, 3)
    [0.05, 0.1, 0.2, 0.5, 1.0, 2.0]
    """
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        ticks = [float(f"{factor}e{power}") for power in powers for factor in factors]
        ticks = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
        if len(ticks) <= 8:
            break
    return ticks


@dataclass(frozen=True)
class _Scale:
    """Maps low..high to the pixels start..stop."""

    low: float
    high: float
    start: float
    stop: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high = self.low, self.high
        if self.log:
            low, high, value = math.log(low), math.log(high), math.log(max(value, low))
        return self.start + (value - low) / (high - low) * (self.stop - self.start)

    def ticks(self) -> list[float]:
        return log_ticks(self.low, self.high) if self.log else linear_ticks(self.low, self.high)


def _panel(panel: Panel, left: float) -> str:
    top, bottom, right = MARGIN_TOP, MARGIN_TOP + PANEL_HEIGHT, left + PANEL_WIDTH
    x_low, x_high = _x_range(panel)
    x_scale = _Scale(x_low, x_high, left, right)
    y_scale = _Scale(*_y_range(panel), bottom, top, log=panel.log)

    parts = [_text(left, top - 12, panel.title, size=13, weight=600)]
    for tick in y_scale.ticks():
        y = y_scale(tick)
        parts.append(_line(left, y, right, y, opacity=0.22))
        parts.append(_text(left - 8, y + 4, f"{tick:g}{panel.unit}", anchor="end"))
    for tick in x_scale.ticks():
        if tick == int(tick):
            x = x_scale(tick)
            parts.append(_line(x, bottom, x, bottom + 4))
            parts.append(_text(x, bottom + 18, f"{tick:g}", anchor="middle"))
    parts.append(_line(left, bottom, right, bottom))
    parts.append(_text((left + right) / 2, bottom + 36, panel.x_label, anchor="middle"))
    for series, colour in zip(panel.series, COLOURS):
        points = [(x_scale(x), y_scale(y)) for x, y in zip(series.x, series.y)]
        parts.append(_curve(points, colour))
    return "<g>\n" + "\n".join(parts) + "\n</g>"


def _x_range(panel: Panel) -> tuple[float, float]:
    values = [x for series in panel.series for x in series.x]
    return 0.0, max(values, default=1.0) or 1.0


def _y_range(panel: Panel) -> tuple[float, float]:
    values = [y for series in panel.series for y in series.y if not panel.log or y > 0]
    low, high = min(values, default=0.1), max(values, default=1.0)
    if panel.log:
        return (low / 1.15, high * 1.15)
    high = high if panel.y_max is None else panel.y_max
    room = (high - low) * 0.06 or 1.0
    return low - room, (high + room if panel.y_max is None else high)


def _curve(points: Sequence[tuple[float, float]], colour: str) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    curve = (
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" '
        'stroke-linejoin="round" stroke-linecap="round"/>'
    )
    if len(points) > MARKERS_UP_TO:
        return curve
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6"/>' for x, y in points)
    return f'{curve}\n<g fill="{colour}">{dots}</g>'


def _legend(labels: Sequence[str], right: float) -> list[str]:
    parts: list[str] = []
    for label, colour in reversed(list(zip(labels, COLOURS))):
        right -= 7.0 * len(label)
        parts.append(_text(right, 22, label, size=13))
        parts.append(_line(right - 28, 18, right - 8, 18, colour=colour, width=3))
        right -= 46
    return parts


def _text(
    x: float, y: float, text: str, *, size: int = 12, weight: int = 400, anchor: str = "start"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )


def _line(
    x1: float,
    y1: float,
    x2: float,
    y2: float,
    *,
    colour: str = INK,
    width: float = 1,
    opacity: float = 1,
) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{width:g}" stroke-opacity="{opacity:g}"/>'
    )
