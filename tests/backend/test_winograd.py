"""Winograd's filtering against direct convolution, in both precisions."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.backend import convolution
from minitorch_dl.backend.convolution import winograd
from minitorch_dl.backend.convolution.problem import Problem
from minitorch_dl.backend.threads import set_thread_count, thread_count

SHAPES = [
    # n, channels in, out, height, width, kernel, stride, padding
    (2, 32, 64, 8, 8, (3, 3), (1, 1), ((1, 1), (1, 1))),
    (1, 64, 32, 13, 22, (3, 3), (1, 1), ((0, 0), (0, 0))),
    (3, 33, 70, 9, 3, (3, 3), (1, 1), ((2, 0), (3, 2))),
    (5, 8, 4, 7, 12, (3, 2), (1, 1), ((1, 1), (0, 2))),
    (3, 8, 12, 16, 37, (3, 3), (2, 2), ((1, 1), (1, 1))),
    (2, 16, 8, 13, 10, (4, 4), (2, 2), ((1, 1), (1, 1))),
    (3, 8, 12, 9, 12, (4, 3), (2, 1), ((0, 0), (2, 1))),
    (2, 4, 6, 20, 21, (5, 6), (2, 2), ((2, 2), (1, 2))),
    (3, 8, 6, 14, 11, (5, 5), (1, 1), ((2, 2), (0, 3))),
    (2, 6, 8, 13, 16, (3, 4), (1, 1), ((1, 1), (2, 1))),
    (2, 4, 6, 19, 24, (9, 7), (2, 2), ((4, 4), (3, 2))),
]


def _problem(shape: Any) -> Any:
    n, c, o, height, width, kernel, stride, padding = shape
    rng = np.random.default_rng(0)
    window = {"stride": stride, "padding": padding, "dilation": (1, 1), "groups": 1}
    problem = Problem.forward((n, c, height, width), (o, c, *kernel), **window)
    shapes = (n, c, height, width), (o, c, *kernel), (n, o, *problem.out)
    x, w, g = (rng.standard_normal(s) for s in shapes)
    return x, w, g, window


@pytest.mark.parametrize("least", [0, 10**6])  # tiles of 4 outputs, and of 2
@pytest.mark.parametrize("room", [4 << 20, 1])
@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_the_convolution(
    shape: Any, room: int, least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(winograd, "LARGE_TILE_WINDOWS", least)
    monkeypatch.setattr(winograd, "WORK_BYTES", room)
    monkeypatch.setattr(winograd, "GRADIENT_BYTES", 4 * room)
    x, w, g, window = _problem(shape)
    size, kernel = x.shape[2:], w.shape[2:]
    x4, w4, g4 = (a.astype("f") for a in (x, w, g))
    problem = Problem.forward(x.shape, w.shape, **window)
    y = winograd.correlate(np, x4, w4, problem)
    dx = winograd.correlate_input(np, g4, w4, problem)
    dw = winograd.correlate_weight(np, x4, g4, problem)
    for fast, exact in (
        (y, convolution.correlate(np, x, w, **window)),
        (dx, convolution.correlate_input(np, g, w, size=size, **window)),
        (dw, convolution.correlate_weight(np, x, g, kernel=kernel, **window)),
    ):
        assert fast.dtype == np.float32
        np.testing.assert_allclose(fast, exact, atol=3e-5 * abs(exact).max())


@pytest.mark.parametrize("dilation", [(2, 2), (3, 1), (4, 2)])
@pytest.mark.parametrize("size", [(17, 20), (30, 25), (9, 11)])
def test_dilated_kernels_have_tiles_that_lie_in_each_other(size: Any, dilation: Any) -> None:
    x, w, _, window = _problem((8, 16, 20, *size, (3, 3), (1, 1), ((4, 5), (2, 3))))
    window["dilation"] = dilation
    problem = Problem.forward(x.shape, w.shape, **window)
    exact = convolution.correlate(np, x, w, **window)
    g = np.random.default_rng(1).standard_normal(exact.shape)
    x4, w4, g4 = (a.astype("f") for a in (x, w, g))
    fast = winograd.correlate(np, x4, w4, problem)
    np.testing.assert_allclose(fast, exact, atol=3e-5 * abs(exact).max())
    fast = winograd.correlate_weight(np, x4, g4, problem)
    exact = convolution.correlate_weight(np, x, g, kernel=(3, 3), **window)
    np.testing.assert_allclose(fast, exact, atol=3e-5 * abs(exact).max())


@pytest.mark.parametrize(
    ("taps", "outputs"), [(1, 2), (1, 4), (2, 2), (2, 4), (3, 2), (3, 4), (4, 2), (5, 2)]
)
def test_a_minimal_filter_has_as_many_products_as_it_reads(taps: int, outputs: int) -> None:
    into, filters, back = winograd.minimal_filter(taps, outputs)
    assert len(into) == len(filters) == outputs + taps - 1
    w, d = np.arange(1.0, taps + 1), np.random.default_rng(0).standard_normal(outputs + taps - 1)
    np.testing.assert_allclose(
        back @ ((filters @ w) * (into @ d)), np.correlate(d, w), rtol=1e-12, atol=1e-12
    )


def test_the_switch_gives_the_direct_sum_and_both_agree() -> None:
    x, w, *_ = _problem((2, 64, 64, 16, 16, (3, 3), (1, 1), ((1, 1), (1, 1))))
    results = {}
    assert torch.backends.cpu.winograd
    try:
        for on in (True, False):
            torch.backends.cpu.winograd = on
            inputs = [torch.tensor(a, dtype=torch.float32, requires_grad=True) for a in (x, w)]
            y = torch.nn.functional.conv2d(*inputs, padding=1)
            y.square().sum().backward()
            results[on] = [a.detach().numpy() for a in (y, *(i.grad for i in inputs))]
    finally:
        torch.backends.cpu.winograd = True
    exact = torch.nn.functional.conv2d(torch.tensor(x), torch.tensor(w), padding=1).numpy()
    largest = abs(exact).max()
    assert abs(results[False][0] - exact).max() < 3e-6 * largest
    assert 0 < abs(results[True][0] - results[False][0]).max() < 3e-5 * largest
    for fast, direct in zip(results[True], results[False]):
        np.testing.assert_allclose(fast, direct, atol=5e-5 * abs(direct).max())


def test_double_precision_groups_and_few_channels_are_summed_directly() -> None:
    single = np.dtype("f4")
    good = Problem(8, 64, 64, (16, 16), (3, 3), (16, 16), (1, 1), ((1, 1), (1, 1)), (1, 1), 1)
    assert winograd.suits(np, single, good)
    for kernel, stride in (((4, 3), (2, 1)), ((5, 3), (1, 1)), ((7, 5), (2, 1))):
        assert winograd.suits(np, single, good._replace(kernel=kernel, stride=stride))
    others: list[dict[str, Any]] = [
        {"n": 0}, {"c": 15}, {"kernel": (6, 3)}, {"stride": (2, 3)}, {"stride": (2, 2)},
        {"dilation": (5, 1)}, {"groups": 2},
    ]  # fmt: skip
    for other in others:
        assert not winograd.suits(np, single, good._replace(**other))
    assert not winograd.suits(np, np.dtype("f8"), good)
    assert winograd.suits(np, single, good._replace(dilation=(2, 4)))
    assert not winograd.suits(np, single, good._replace(out=(16, 17), dilation=(2, 4)))


def test_memory_does_not_grow_with_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winograd, "WORK_BYTES", 1 << 18)
    monkeypatch.setattr(winograd, "GRADIENT_BYTES", 1 << 19)

    def extra(n: int) -> int:
        """Bytes at the peak, less the results."""
        x, w, g, window = _problem((n, 32, 32, 16, 16, (3, 3), (1, 1), ((1, 1), (1, 1))))
        problem = Problem.forward(x.shape, w.shape, **window)
        x, w, g = (a.astype("f") for a in (x, w, g))
        tracemalloc.start()
        y = winograd.correlate(np, x, w, problem)
        dx = winograd.correlate_input(np, g, w, problem)
        dw = winograd.correlate_weight(np, x, g, problem)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak - y.nbytes - dx.nbytes - dw.nbytes

    before = thread_count()
    try:
        set_thread_count(1)
        few, many = extra(16), extra(128)
    finally:
        set_thread_count(before)
    assert many < 1.1 * few + 100_000
