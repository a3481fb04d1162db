"""Activations in float32: what they give at the edges, and how exact they are."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import pytest

from minitorch_dl.backend import activations
from minitorch_dl.backend.blocks import BLOCK
from minitorch_dl.backend.special import erf

EDGES = [-math.inf, -3e4, -1.0, -1e-6, -0.0, 0.0, 1e-6, 1.0, 3e4, math.inf, math.nan]


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("size", [11, 5000, BLOCK + 11])
def test_relu_is_the_maximum(dtype: str, size: int) -> None:
    a = np.resize(EDGES, size).astype(dtype)
    y = activations.relu(np, a)
    np.testing.assert_array_equal(y, np.maximum(a, 0))
    assert y.dtype == dtype
    np.testing.assert_array_equal(activations.relu(np, a[::-1]), y[::-1])


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("size", [121, 5000, BLOCK + 11])
def test_what_lies_where_relu_is_zero_is_dropped(dtype: str, size: int) -> None:
    a, y = (np.resize(v, size).astype(dtype) for v in np.meshgrid(EDGES, EDGES))
    for stride in (1, -1, 2):
        x, g = y[::stride], a[::stride]
        kept = activations.where_not_zero(np, g, activations.relu(np, x))
        np.testing.assert_array_equal(kept, np.where((x > 0) | np.isnan(x), g, 0))


def erf64(x: Any) -> Any:
    return np.vectorize(math.erf)(x.astype(float))


def test_erf_is_as_exact_as_it_says() -> None:
    x = np.concatenate([v * np.linspace(-1, 1, 20001) for v in (1e-3, 1, 6, 100)]).astype("float32")
    x = x[x != 0]
    assert np.abs(erf(np, x) / erf64(x) - 1).max() < 4e-7


@pytest.fixture(params=["exp", "tanh"])
def sigmoid_by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the two ways, of which a machine takes the quicker one."""
    monkeypatch.setattr(activations, "_exp_is_quicker", lambda: request.param == "exp")


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        ({"tanh": {"ff": {"current": "X86_V3"}, "dd": {"current": "X86_V4"}}}, True),
        ({"tanh": {"ff": {"current": "AVX2"}}}, True),
        ({"tanh": {"ff": {"current": "AVX512_SKX"}}}, False),
        ({"tanh": {"dd": {"current": "AVX2"}}}, False),
        ({}, False),
    ],
)
def test_what_numpy_was_compiled_for_decides(
    monkeypatch: pytest.MonkeyPatch, report: dict[str, Any], expected: bool
) -> None:
    monkeypatch.setattr(np.lib.introspect, "opt_func_info", lambda name: report)
    assert activations._exp_is_quicker.__wrapped__() == expected


@pytest.mark.parametrize("scale", [1.0, 2.0, 0.7])
def test_sigmoid_in_place_is_exact_to_float32(sigmoid_by: None, scale: float) -> None:
    x = np.linspace(-200, 200, 200001).astype("float32")
    exact = np.exp(-np.logaddexp(0, -scale * x.astype(float)))
    y = np.empty_like(x)
    activations.put_sigmoid(np, x, y, scale)
    np.testing.assert_allclose(y, exact, rtol=0, atol=2e-7)
    activations.put_sigmoid(np, x, x, scale)
    np.testing.assert_array_equal(x, y)


def test_gelu_and_its_slope_are_exact_to_float32() -> None:
    """Errors in units of the largest that a rounded cdf makes: ``eps * max(|x|, 1)``."""
    x = np.linspace(-12, 12, 200001).astype("float32")
    y, slope = activations.gelu(np, x, approximate="none")
    wide = x.astype(float)
    exact = 0.5 * (1 + erf64(wide * math.sqrt(0.5)))
    unit = np.finfo("float32").eps * np.maximum(np.abs(wide), 1)
    assert (np.abs(y - wide * exact) / unit).max() < 2
    pdf = np.exp(-0.5 * wide * wide) / math.sqrt(2 * math.pi)
    assert (np.abs(slope - (exact + wide * pdf)) / unit).max() < 3


def test_silu_and_its_slope_are_exact_to_float32(sigmoid_by: None) -> None:
    """In the same units."""
    x = np.linspace(-30, 30, 200001).astype("float32")
    y, slope = activations.silu(np, x)
    wide = x.astype(float)
    exact = 1 / (1 + np.exp(-wide))
    unit = np.finfo("float32").eps * np.maximum(np.abs(wide), 1)
    assert (np.abs(y - wide * exact) / unit).max() < 2
    assert (np.abs(slope - exact * (1 + wide * (1 - exact))) / unit).max() < 3


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_without_a_slope_the_values_are_the_same(sigmoid_by: None, approximate: str) -> None:
    x = np.linspace(-30, 30, BLOCK + 11).astype("float32")
    for function in (activations.silu, partial(activations.gelu, approximate=approximate)):
        y, slope = function(np, x, sloped=False)
        assert slope is None
        np.testing.assert_array_equal(y, function(np, x)[0])
