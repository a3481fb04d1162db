"""The numerical oracles, on functions whose derivatives are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from minitorch_dl.testing.differences import complex_step, derivative

SMOOTH = {
    "exp": (math.exp, 1.0),
    "steep": (lambda t: math.exp(30 * t), 30.0),
    "flat": (lambda t: 5.0 + 1e-6 * t, 1e-6),
    "oscillating": (lambda t: math.sin(50 * t), 50.0),
    "large": (lambda t: 1e6 + math.sin(t), 1.0),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_functions(name: str) -> None:
    f, expected = SMOOTH[name]
    value, error = derivative(f)
    assert abs(value - expected) <= max(2 * error, 1e-12)
    assert error <= 1e-7 * (1 + abs(expected))


def test_each_entry_takes_its_own_step() -> None:
    rates = np.array([0.01, 1.0, 40.0])
    value, error = derivative(lambda t: np.exp(rates * t))
    assert (np.abs(value - rates) <= 1e-9 * rates + 2 * error).all()


def test_steps_out_of_the_domain_are_left_out() -> None:
    value, error = derivative(lambda t: np.log(0.01 + t) if t > -0.01 else np.nan)
    assert value == pytest.approx(100.0, rel=1e-6)
    assert error < 1e-2


def test_no_derivative() -> None:
    assert not np.isfinite(derivative(lambda t: np.nan).error)


def test_complex_step() -> None:
    x, v = np.array([0.3, 2.0]), np.array([1.0, -2.0])
    np.testing.assert_allclose(complex_step(np.tanh, [x], [v]), v / np.cosh(x) ** 2, rtol=1e-15)
    np.testing.assert_allclose(complex_step(np.multiply, [x, x], [v, v]), 2 * x * v, rtol=1e-15)


@pytest.mark.parametrize("f", [np.abs, np.floor, np.cbrt, lambda x: x.real**2])
def test_what_is_not_analytic_has_none(f: object) -> None:
    assert complex_step(f, [np.array([0.3, 2.0])], [np.ones(2)]) is None
