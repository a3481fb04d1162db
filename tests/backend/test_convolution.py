"""Convolution cut into blocks is the same convolution."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minitorch_dl.backend import convolution
from minitorch_dl.backend.blas import set_blas_threads
from minitorch_dl.backend.convolution import columns, grouped, winograd_3d
from minitorch_dl.backend.threads import set_thread_count, thread_count

PROBLEMS = {
    "plain": ((2, 3, 8, 9), (4, 3, 3, 3), (1, 1), (1, 1), (1, 1), 1),
    "strided": ((2, 18, 8, 9), (4, 9, 3, 2), (2, 1), (1, 0), (1, 2), 2),
    "few channels per group": ((2, 4, 8, 9), (6, 2, 3, 2), (2, 1), (1, 0), (1, 2), 2),
    "depthwise": ((3, 4, 8, 7), (8, 1, 3, 2), (2, 3), (2, 1), (2, 2), 4),
    "interleaved": ((2, 6, 9, 8), (4, 6, 4, 3), (2, 3), (1, 2), (1, 1), 1),
    "steps over elements": ((2, 3, 9, 10), (4, 3, 2, 3), (3, 4), (0, 1), (1, 1), 1),
    "many windows": ((2, 2, 14, 15), (3, 2, 3, 1), (1, 1), (1, 0), (1, 1), 1),
    "all padding": ((1, 1, 2, 3), (1, 1, 2, 2), (1, 1), (9, 5), (1, 1), 1),
    "depthwise, whole steps": ((5, 3, 6, 8), (3, 1, 3, 3), (1, 1), (1, 1), (1, 1), 3),
    "wide steps": ((1, 2, 5, 5), (2, 2, 1, 1), (3, 3), (0, 0), (1, 1), 1),
}


def by_definition(x: Any, w: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    n, _, h, width = x.shape
    o, per_group, kh, kw = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), *((p, p) for p in padding)))
    th = (h + 2 * padding[0] - dilation[0] * (kh - 1) - 1) // stride[0] + 1
    tw = (width + 2 * padding[1] - dilation[1] * (kw - 1) - 1) // stride[1] + 1
    y = np.zeros((n, o, th, tw))
    for channel in range(o):
        first = channel // (o // groups) * per_group
        for i, j, k, m in np.ndindex(th, tw, kh, kw):
            row, column = i * stride[0] + k * dilation[0], j * stride[1] + m * dilation[1]
            seen = padded[:, first : first + per_group, row, column]
            y[:, channel, i, j] += seen @ w[channel, :, k, m]
    return y


@pytest.mark.parametrize("room", [4 << 20, 3000, 1])
@pytest.mark.parametrize("name", PROBLEMS)
def test_blocks_of_any_size_give_the_definition(
    name: str, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape, weight, stride, padding, dilation, groups = PROBLEMS[name]
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal(shape), rng.standard_normal(weight)
    y = by_definition(x, w, stride, padding, dilation, groups)
    u = rng.standard_normal(y.shape)
    options = {
        "stride": stride,
        "padding": tuple((p, p) for p in padding),
        "dilation": dilation,
        "groups": groups,
    }
    monkeypatch.setattr(columns, "COLUMN_BYTES", room)
    monkeypatch.setattr(grouped, "COLUMN_BYTES", room)
    np.testing.assert_allclose(convolution.correlate(np, x, w, **options), y, atol=1e-12)
    dx = convolution.correlate_input(np, u, w, size=shape[2:], **options)
    dw = convolution.correlate_weight(np, x, u, kernel=weight[2:], **options)
    # The form is linear in each array, so that each contraction gives the same number.
    np.testing.assert_allclose([(dx * x).sum(), (dw * w).sum()], (y * u).sum(), rtol=1e-10)
    step = rng.standard_normal(shape)
    moved = by_definition(step, w, stride, padding, dilation, groups)
    np.testing.assert_allclose((dx * step).sum(), (moved * u).sum(), rtol=1e-10)


def test_columns_stay_within_their_room(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    im2col = columns.im2col

    def measured(*args: Any) -> Any:
        made = im2col(*args)
        sizes.append(made.nbytes)
        return made

    monkeypatch.setattr(columns, "im2col", measured)
    monkeypatch.setattr(columns, "COLUMN_BYTES", 10_000)
    x, w = np.zeros((4, 3, 20, 16)), np.zeros((2, 3, 3, 3))
    options = {"stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 1}
    convolution.correlate(np, x, w, **options)
    assert sizes
    assert max(sizes) <= 10_000


THREADED = {
    "winograd": ((6, 32, 12, 17), (64, 32, 3, 3), (1, 1), 1),
    "winograd, strided": ((6, 32, 12, 17), (64, 32, 4, 4), (2, 2), 1),
    "columns": ((6, 8, 12, 17), (16, 8, 5, 5), (1, 1), 1),
    "few windows": ((6, 16, 6, 6), (40, 16, 3, 3), (1, 1), 1),
    "depthwise": ((6, 40, 12, 17), (40, 1, 3, 3), (1, 1), 40),
    "few channels per group": ((6, 40, 12, 17), (60, 4, 3, 3), (1, 1), 10),
}


@pytest.mark.parametrize("name", THREADED)
def test_the_number_of_threads_changes_no_bit(name: str) -> None:
    shape, weight, stride, groups = THREADED[name]
    rng = np.random.default_rng(0)
    x, w = (rng.standard_normal(s).astype("f") for s in (shape, weight))
    options: Any = {
        "stride": stride, "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": groups
    }  # fmt: skip

    def results() -> list[Any]:
        y = convolution.correlate(np, x, w, **options)
        dx = convolution.correlate_input(np, y, w, size=shape[2:], **options)
        return [y, dx, convolution.correlate_weight(np, x, y, kernel=weight[2:], **options)]

    before = thread_count()
    try:
        set_thread_count(1)
        set_blas_threads(1)
        alone = results()
        for count in (2, 3):
            set_thread_count(count)
            set_blas_threads(count)
            for one, several in zip(alone, results()):
                np.testing.assert_array_equal(one, several)
    finally:
        set_thread_count(before)
        set_blas_threads(before)


@pytest.mark.parametrize("room", [16 << 20, 60_000, 1])
@pytest.mark.parametrize(
    "depth", [((1, 1), 1, 1, 3), ((2, 0), 2, 1, 3), ((0, 3), 1, 2, 2), ((0, 0), 1, 1, 1)]
)
def test_three_axes_by_planes_are_those_by_columns(
    depth: Any, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pads, stride, dilation, taps = depth
    rng = np.random.default_rng(0)
    shape, kernel = (3, 16, 5, 9, 6), (taps, 3, 3)
    options: Any = {
        "stride": (stride, 1, 1), "padding": (pads, (1, 1), (0, 2)), "dilation": (dilation, 1, 1),
        "groups": 1,
    }  # fmt: skip
    x, w = rng.standard_normal(shape), rng.standard_normal((20, 16, *kernel))
    exact = convolution.correlate(np, x, w, **options)
    g = rng.standard_normal(exact.shape)
    dx = convolution.correlate_input(np, g, w, size=shape[2:], **options)
    dw = convolution.correlate_weight(np, x, g, kernel=kernel, **options)
    used: list[Any] = []
    made = winograd_3d._planes
    monkeypatch.setattr(winograd_3d, "_planes", lambda *a: used.append(a) or made(*a))
    monkeypatch.setattr(winograd_3d, "PLANE_BYTES", room)
    x, w, g = (a.astype("f") for a in (x, w, g))
    for fast, by_columns in (
        (convolution.correlate(np, x, w, **options), exact),
        (convolution.correlate_weight(np, x, g, kernel=kernel, **options), dw),
        (convolution.correlate_input(np, g, w, size=shape[2:], **options), dx),
    ):
        assert used
        np.testing.assert_allclose(fast, by_columns, atol=3e-5 * abs(by_columns).max())
