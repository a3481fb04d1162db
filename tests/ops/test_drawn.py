"""Shapes, broadcasting, axes and values drawn by Hypothesis, for the rows that say ``drawn=``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from hypothesis.extra import numpy as hnp

import minitorch_dl
from minitorch_dl.testing.op_cases import Row, table
from tests import finite_differences as fd

ROWS = [row for row in table() if row.drawn]
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
SETTINGS = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def values(draw: Any, row: Row, shape: tuple[int, ...]) -> np.ndarray:
    """Distinct values of the row's domain, off its ends and kinks by more than a finite difference
    reaches."""
    low, high = row.domain
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = int(np.prod(shape, dtype=np.int64))
    steps = (rng.permutation(size) + 0.25 + 0.5 * rng.random(size)) / max(size, 1)
    x = (low + (high - low) * steps).reshape(shape)
    for kink in row.kinks:
        x = np.where(np.abs(x - kink) < 0.02, x + 0.05, x)
    return x


@st.composite
def calls(draw: Any, row: Row) -> tuple[list[np.ndarray], dict[str, Any]]:
    """Input arrays and keyword arguments for one call of the row's op."""
    if row.drawn == "binary":
        shapes = draw(
            hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, min_side=0, max_side=3)
        ).input_shapes
        return [values(draw, row, shape) for shape in shapes], {}
    shape = draw(SHAPES)
    kwargs: dict[str, Any] = {}
    if row.drawn == "reduction":
        shape = tuple(max(n, 1) for n in shape)
        if shape and draw(st.booleans()):
            kwargs["dim"] = draw(st.integers(-len(shape), len(shape) - 1))
            kwargs["keepdim"] = draw(st.booleans())
    return [values(draw, row, shape)], kwargs


def run(row: Row, torch: Any, tensors: list[Any], kwargs: dict[str, Any]) -> Any:
    result = row.function(torch)(*tensors, **kwargs)
    return result[0] if isinstance(result, tuple) else result


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_derivatives_of_drawn_calls(row: Row) -> None:
    @SETTINGS
    @given(calls(row))
    def check(call: Any) -> None:
        arrays, kwargs = call
        tensors = [minitorch_dl.from_numpy(a.copy()) for a in arrays]
        if row.grad:
            tensors = [t.requires_grad_() for t in tensors]
        y = run(row, minitorch_dl, tensors, kwargs)
        if not row.grad or not y.requires_grad:
            return
        weight = np.random.default_rng(0).uniform(0.5, 1.5, tuple(y.shape))
        grads = minitorch_dl.autograd.grad(y, tensors, minitorch_dl.from_numpy(weight))
        for g, x in zip(grads, arrays):
            assert tuple(g.shape) == x.shape
        rng = np.random.default_rng(1)
        vs = [fd.direction(a, rng) for a in arrays]

        def scalar(moved: list[np.ndarray]) -> float:
            out = run(row, minitorch_dl, [minitorch_dl.from_numpy(a) for a in moved], kwargs)
            return float((out.numpy() * weight).sum())

        numeric = fd.gradient_along(scalar, arrays, vs)
        analytic = sum(float((g.numpy() * v).sum()) for g, v in zip(grads, vs))
        assert analytic == pytest.approx(numeric, rel=1e-5, abs=1e-6)

    check()


@pytest.mark.parity
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_drawn_calls_give_pytorchs_results(row: Row) -> None:
    torch = pytest.importorskip("torch")

    @SETTINGS
    @given(calls(row))
    def check(call: Any) -> None:
        arrays, kwargs = call
        results = []
        for lib in (minitorch_dl, torch):
            tensors = [lib.from_numpy(a.copy()) for a in arrays]
            if row.grad:
                tensors = [t.requires_grad_() for t in tensors]
            y = run(row, lib, tensors, kwargs)
            found = [y.detach().numpy()]
            if row.grad and y.requires_grad:
                found += [g.numpy() for g in lib.autograd.grad(y.sum(), tensors)]
            results.append(found)
        for ours, theirs in zip(*results, strict=True):
            assert ours.shape == theirs.shape
            assert ours.dtype == theirs.dtype
            np.testing.assert_allclose(ours, theirs, rtol=row.rtol, atol=row.rtol)

    check()
