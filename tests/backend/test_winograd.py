"""Winograd's filtering against direct convolution, in both precisions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.backend import correlation, winograd

SHAPES = [
    # n, channels in, out, height, width, padding
    (2, 32, 64, 8, 8, ((1, 1), (1, 1))),
    (1, 64, 32, 13, 22, ((0, 0), (0, 0))),
    (3, 33, 70, 9, 3, ((2, 0), (3, 2))),
    (5, 64, 40, 7, 12, ((-1, 1), (0, -2))),
]


def _problem(shape: Any) -> Any:
    n, c, o, height, width, padding = shape
    rng = np.random.default_rng(0)
    out = (height + sum(padding[0]) - 2, width + sum(padding[1]) - 2)
    x, w, g = (rng.standard_normal(s) for s in ((n, c, height, width), (o, c, 3, 3), (n, o, *out)))
    return x, w, g, out, padding


def _cropped(x: Any, padding: Any) -> tuple[Any, Any]:
    """Negative padding, which the columns don't know, as a smaller input."""
    cut = tuple(
        slice(max(0, -before), n - max(0, -after))
        for n, (before, after) in zip(x.shape[2:], padding)
    )
    return x[(..., *cut)], tuple((max(0, a), max(0, b)) for a, b in padding)


@pytest.mark.parametrize("room", [4 << 20, 1])
@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_the_convolution(shape: Any, room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winograd, "WORK_BYTES", room)
    x, w, g, out, padding = _problem(shape)
    y = winograd.correlate(np, x.astype("f"), w.astype("f"), out, padding)
    dw = winograd.correlate_weight(np, x.astype("f"), g.astype("f"), padding)
    assert y.dtype == dw.dtype == np.float32
    seen, pads = _cropped(x, padding)
    options: Any = {"stride": (1, 1), "padding": pads, "dilation": (1, 1), "groups": 1}
    exact = correlation.correlate(np, seen, w, **options)
    np.testing.assert_allclose(y, exact, atol=3e-5 * abs(exact).max())
    exact = correlation.correlate_weight(np, seen, g, kernel=(3, 3), **options)
    np.testing.assert_allclose(dw, exact, atol=3e-5 * abs(exact).max())


def test_the_switch_gives_the_direct_sum_and_both_agree() -> None:
    x, w, *_ = _problem((2, 64, 64, 16, 16, ((1, 1), (1, 1))))
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


def test_double_precision_strides_and_few_channels_are_summed_directly() -> None:
    ones = (1, 1, 1, 1, 1)
    good: Any = (np, np.dtype("f4"), 8, 64, 64, (3, 3), (16, 16), ones)
    assert winograd.suits(*good)
    for i, other in ((1, np.dtype("f8")), (2, 0), (3, 16), (5, (5, 5)), (7, (2, 2, 1, 1, 1))):
        assert not winograd.suits(*good[:i], other, *good[i + 1 :])
