from __future__ import annotations

import itertools
import math
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, strategies as st

from minitorch_dl.train.chart import Panel, Series, line_chart, linear_ticks, log_ticks

SVG = "{http://www.w3.org/2000/svg}"


def panel(y: list[float], **options: object) -> Panel:
    return Panel("loss", "epoch", [Series("train", range(1, len(y) + 1), y)], **options)


def curves(svg: str) -> list[list[tuple[float, float]]]:
    lines = ET.fromstring(svg).iter(f"{SVG}polyline")
    return [
        [tuple(map(float, pair.split(","))) for pair in line.get("points", "").split()]
        for line in lines
    ]


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in ET.fromstring(svg).iter(f"{SVG}text")]


def test_a_curve_is_drawn_to_scale() -> None:
    (points,) = curves(line_chart([panel([4.0, 2.0, 3.0])], "t"))
    (x1, y1), (x2, y2), (x3, y3) = points
    assert x2 - x1 == pytest.approx(x3 - x2, abs=0.2)
    assert y2 - y1 == pytest.approx(2 * (y2 - y3), abs=0.2)  # 4 is twice as far above 2 as 3 is
    assert y1 < y2  # y grows downwards in a picture


def test_a_logarithmic_axis_spaces_ratios_evenly() -> None:
    (points,) = curves(line_chart([panel([1.0, 0.1, 0.01], log=True)], "t"))
    heights = [y for _, y in points]
    assert heights[1] - heights[0] == pytest.approx(heights[2] - heights[1], abs=0.2)


def test_ticks_stand_at_their_values() -> None:
    svg = line_chart([panel([20.0, 30.0])], "t")
    ((_, y_of_20), (_, y_of_30)) = curves(svg)[0]
    nodes = ET.fromstring(svg).iter(f"{SVG}text")
    heights = {node.text: float(node.get("y", "nan")) for node in nodes}
    assert heights["20"] - heights["30"] == pytest.approx(y_of_20 - y_of_30, abs=0.2)


def test_two_panels_share_a_legend() -> None:
    both = [Series("train", [1, 2], [3, 4]), Series("test", [1, 2], [5, 6])]
    svg = line_chart([Panel("loss", "epoch", both), Panel("accuracy", "epoch", both)], "A & B < C")
    assert len(curves(svg)) == 4
    assert texts(svg).count("train") == texts(svg).count("test") == 1
    assert "A & B < C" in texts(svg)


def test_the_picture_is_self_contained() -> None:
    svg = line_chart([panel([1.0, 2.0])], "t")
    assert not re.search(r"href|<script|<style|url\(", svg)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("y", [[1.0], [0.0, 0.0], [5.0] * 60, [1e-9, 1e9], [-1.0, 0.0, 1.0]])
def test_odd_curves_stay_inside_the_picture(y: list[float], log: bool) -> None:
    svg = line_chart([panel(y, log=log)], "t")
    _, _, width, height = map(float, ET.fromstring(svg).get("viewBox", "").split())
    (points,) = curves(svg)
    assert len(points) == len(y)
    assert all(0 <= x <= width and 0 <= y <= height for x, y in points)


@given(low=st.floats(-1e6, 1e6), span=st.floats(1e-3, 1e6))
def test_linear_ticks(low: float, span: float) -> None:
    ticks = linear_ticks(low, low + span)
    assert 2 <= len(ticks) <= 8
    slack = span * 1e-6
    assert all(low - slack <= tick <= low + span + slack for tick in ticks)
    steps = [b - a for a, b in itertools.pairwise(ticks)]
    assert max(steps) == pytest.approx(min(steps), rel=1e-3)


@given(low=st.floats(1e-12, 1e6), decades=st.floats(1, 12))
def test_log_ticks(low: float, decades: float) -> None:
    ticks = log_ticks(low, low * 10**decades)
    assert 1 <= len(ticks) <= 13
    assert all(f"{tick:.0e}"[0] in "1235" for tick in ticks)
    assert all(float(f"{tick:.0e}") == tick for tick in ticks)
    assert all(-0.01 <= math.log10(tick / low) <= decades + 0.01 for tick in ticks)
