"""Evenly spaced numbers, each rounded once: those of ``linspace``, of grids and of histograms."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import minitorch_dl as torch

ENDS = [(-1, 1), (0, 10), (-3.3, 7.1), (5, -5)]
STEPS = [2, 3, 7, 28, 101]


def exact(start: float, end: float, steps: int, kind: type) -> list[Fraction]:
    """The numbers before they are rounded, with ends and a step that the dtype has."""
    low, high = kind(start), kind(end)
    step = Fraction(float((high - low) / kind(steps - 1)))
    return [
        Fraction(float(low)) + step * i
        if i < steps // 2
        else Fraction(float(high)) - step * (steps - 1 - i)
        for i in range(steps)
    ]


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("ends", ENDS)
def test_numbers_are_rounded_once(ends: tuple[float, float], steps: int) -> None:
    doubles = torch.linspace(*ends, steps, dtype=torch.float64)
    floats = torch.linspace(*ends, steps)
    assert floats.tolist() == [float(np.float32(float(x))) for x in exact(*ends, steps, np.float32)]
    whole = torch.linspace(*ends, steps, dtype=torch.int32)
    own = exact(int(ends[0]), int(ends[1]), steps, np.float64)
    if np.finfo(np.longdouble).nmant > 60:
        assert doubles.tolist() == [float(x) for x in exact(*ends, steps, np.float64)]
        assert whole.tolist() == [int(float(x)) for x in own]


def test_a_width_that_overflows() -> None:
    numbers = torch.linspace(-60000, 60000, 5, dtype=torch.float16)
    assert numbers.tolist() == [-60000, -30000, 0, 30000, 60000]


def test_grids_and_histograms_are_spaced_alike() -> None:
    line = torch.linspace(-1, 1, 28)
    theta = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    grid = torch.nn.functional.affine_grid(theta, (1, 1, 28, 28), align_corners=True)
    assert grid[0, 3, :, 0].tolist() == line.tolist()
    grid = torch.nn.functional.affine_grid(theta, (1, 1, 28, 28), align_corners=False)
    assert grid[0, 3, :, 0].tolist() == (line * 27 / 28).tolist()
    assert torch.histogram(line, 27, range=(-1, 1)).bin_edges.tolist() == line.tolist()
