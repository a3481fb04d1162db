"""Bessel functions by the identities that tie them together."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl import special

X = torch.from_numpy(np.concatenate([np.logspace(-6, 0, 40), np.linspace(1, 300, 2000)]))


def test_first_and_second_kind_have_their_wronskian() -> None:
    got = special.bessel_j1(X) * special.bessel_y0(X) - special.bessel_j0(X) * special.bessel_y1(X)
    np.testing.assert_allclose((got * X).numpy(), 2 / math.pi, rtol=1e-12)


def test_modified_kinds_have_their_wronskian() -> None:
    scaled_k0, scaled_k1 = (
        special.scaled_modified_bessel_k0(X),
        special.scaled_modified_bessel_k1(X),
    )
    got = special.i0e(X) * scaled_k1 + special.i1e(X) * scaled_k0
    np.testing.assert_allclose((got * X).numpy(), 1, rtol=1e-12)


def test_airys_function_solves_its_equation() -> None:
    x = np.linspace(-12, 4, 1601)
    h = x[1] - x[0]
    y = special.airy_ai(torch.from_numpy(x)).numpy()
    second = (-y[4:] + 16 * y[3:-1] - 30 * y[2:-2] + 16 * y[1:-3] - y[:-4]) / (12 * h * h)
    np.testing.assert_allclose(second, x[2:-2] * y[2:-2], atol=1e-5)


@pytest.mark.parametrize("name", ["bessel_y0", "bessel_y1", "modified_bessel_k0"])
def test_second_kinds_are_nan_below_zero(name: str) -> None:
    got = getattr(special, name)(torch.tensor([-1.0, 0.0]))
    assert got[0].isnan()
    assert got[1].isinf()
