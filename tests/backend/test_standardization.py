"""The kernels of the norms on arrays that are large enough to be treated by rows and blocks."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_dl.backend import standardization

# Shape, the axes of the moments, the shape of w and b.
CASES = {
    "batch, rows of 1": ((512, 96, 1), (0, 2), (1, 96, 1)),
    "batch, rows of 4": ((64, 130, 4), (0, 2), (1, 130, 1)),
    "batch, rows of 49": ((16, 64, 49), (0, 2), (1, 64, 1)),
    "batch, rows of 64, shared": ((64, 130, 64), (0, 2), (1, 130, 1)),
    "batch, rows of 196": ((4, 64, 196), (0, 2), (1, 64, 1)),
    "batch, rows of 1024, shared": ((9, 64, 1024), (0, 2), (1, 64, 1)),
    "group, rows of 16": ((32, 8, 16, 16), (2, 3), (1, 8, 16, 1)),
    "group, rows of 600": ((5, 4, 5, 600), (2, 3), (1, 4, 5, 1)),
    "instance, rows of 16": ((32, 80, 16), (2,), (1, 80, 1)),
    "layer": ((90, 512), (1,), (1, 512)),
}
EPS = 1e-5


@pytest.mark.parametrize(("shape", "axes", "affine"), CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("has_weight", [True, False])
def test_norms_of_large_arrays(
    shape: tuple[int, ...], axes: tuple[int, ...], affine: tuple[int, ...], has_weight: bool
) -> None:
    rng = np.random.default_rng(0)
    x, g = rng.normal(1, 2, (2, *shape))
    w, b = rng.normal(1, 1, (2, *affine)) if has_weight else (np.ones(affine), np.zeros(affine))
    mean, variance = (f(x, axis=axes, keepdims=True) for f in (np.mean, np.var))
    s = (x - mean) / np.sqrt(variance + EPS)
    h = g * w
    dx = h - h.mean(axis=axes, keepdims=True) - s * (h * s).mean(axis=axes, keepdims=True)
    dx /= np.sqrt(variance + EPS)
    others = tuple(i for i, n in enumerate(affine) if n == 1)
    dw, db = ((g * u).sum(axis=others, keepdims=True) for u in (s, 1))

    given = [v.astype("float32") for v in (x, w, b)]
    x32, w32, b32 = given if has_weight else (given[0], None, None)
    view = {"shape": shape, "axes": axes, "affine": affine, "eps": EPS, "centered": True}
    y, *moments = standardization.forward(np, x32, w32, b32, **view)
    near = {"rtol": 1e-4, "atol": 2e-5}
    np.testing.assert_allclose(y, s * w + b, **near)
    for found, wanted in zip(moments, (mean, variance)):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    needs = (True, has_weight, has_weight)
    slopes = standardization.backward(
        np, g.astype("float32"), x32, w32, *moments, needs=needs, **view
    )
    np.testing.assert_allclose(slopes[0], dx, **near)
    if has_weight:
        for found, wanted in zip(slopes[1:], (dw, db)):
            np.testing.assert_allclose(found.reshape(affine), wanted, rtol=1e-4, atol=2e-3)


def test_moments_of_long_rows_keep_their_digits() -> None:
    x = np.random.default_rng(0).random((1, 3_000_001), dtype=np.float32)
    view = {"shape": x.shape, "axes": (1,), "affine": (1, x.shape[1])}
    y, _, _ = standardization.forward(np, x, None, None, **view, eps=EPS, centered=True)
    wide = x.astype(np.float64)
    expected = (wide - wide.mean()) / np.sqrt(wide.var() + EPS)
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-6)
