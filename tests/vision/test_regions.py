"""Boxes and regions against their definitions written as loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl import vision
from minitorch_dl.autograd import gradcheck
from minitorch_dl.library import ops

X = torch.tensor(np.random.default_rng(0).normal(size=(2, 12, 9, 11)))
ROIS = torch.tensor(
    [
        [0, 1.2, 0.7, 6.3, 5.9],
        [1, -3.0, 4.0, 4.5, 13.0],  # beyond the image
        [1, 2.0, 2.0, 2.3, 2.1],  # less than a pixel
        [0, 20.0, 20.0, 25.0, 30.0],  # outside
    ],
    dtype=torch.float64,
)


def overlap(a: list[float], b: list[float]) -> float:
    width, height = (max(0.0, min(a[i + 2], b[i + 2]) - max(a[i], b[i])) for i in (0, 1))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return width * height / (sum(areas) - width * height)


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.5])
def test_nms_keeps_what_no_better_box_covers(threshold: float) -> None:
    rng = np.random.default_rng(1)
    corners = rng.uniform(0, 20, (80, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(1, 15, (80, 2))], 1).tolist()
    scores = rng.permutation(80).tolist()
    kept: list[int] = []
    for i in sorted(range(80), key=lambda i: -scores[i]):
        if all(overlap(boxes[i], boxes[k]) <= threshold for k in kept):
            kept.append(i)
    found = vision.nms(torch.tensor(boxes), torch.tensor(scores).double(), threshold)
    assert found.tolist() == kept
    assert 1 < len(kept) < 80


def test_nms_of_nothing() -> None:
    found = vision.nms(torch.zeros(0, 4), torch.zeros(0), 0.5)
    assert found.dtype == torch.int64
    assert found.tolist() == []


def sample(image: np.ndarray, y: float, x: float) -> Any:
    """``image`` (C, H, W) between its pixels."""
    h, w = image.shape[1:]
    if not (-1 <= y <= h and -1 <= x <= w):
        return np.zeros(len(image))
    y, x = min(max(y, 0), h - 1), min(max(x, 0), w - 1)
    top, left = int(y), int(x)
    total = np.zeros(len(image))
    for i, wy in ((top, 1 - (y - top)), (min(top + 1, h - 1), y - top)):
        for j, wx in ((left, 1 - (x - left)), (min(left + 1, w - 1), x - left)):
            total += wy * wx * image[:, i, j]
    return total


@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize("ratio", [-1, 2])
def test_roi_align_averages_points_of_bins(ratio: int, aligned: bool) -> None:
    scale, bins = 0.8, (3, 2)
    found = vision.roi_align(X, ROIS, scale, *bins, ratio, aligned)
    for k, (image, *box) in enumerate(ROIS.tolist()):
        x1, y1, x2, y2 = (edge * scale - 0.5 * aligned for edge in box)
        size = [y2 - y1, x2 - x1] if aligned else [max(y2 - y1, 1), max(x2 - x1, 1)]
        steps = [s / b for s, b in zip(size, bins)]
        counts = [ratio if ratio > 0 else math.ceil(step) for step in steps]
        for p in range(bins[0]):
            for q in range(bins[1]):
                points = [
                    sample(
                        X[int(image)].numpy(),
                        y1 + (p + (i + 0.5) / counts[0]) * steps[0],
                        x1 + (q + (j + 0.5) / counts[1]) * steps[1],
                    )
                    for i in range(counts[0])
                    for j in range(counts[1])
                ]
                np.testing.assert_allclose(found[k, :, p, q].numpy(), np.mean(points, 0))


def pixels(start: float, size: float, bins: int, p: int, end: int) -> range:
    low, high = (math.floor(p * size / bins), math.ceil((p + 1) * size / bins))
    return range(*(int(min(max(edge + start, 0), end)) for edge in (low, high)))


def test_roi_pool_finds_the_largest_of_each_bin() -> None:
    found, places = vision.roi_pool(X, ROIS, 1.0, 3, 2)
    for k, (image, *box) in enumerate(ROIS.tolist()):
        x1, y1, x2, y2 = (math.floor(edge + 0.5) for edge in box)
        for p in range(3):
            for q in range(2):
                rows = pixels(y1, max(y2 - y1 + 1, 1), 3, p, 9)
                columns = pixels(x1, max(x2 - x1 + 1, 1), 2, q, 11)
                part = X.numpy()[int(image)][:, rows][:, :, columns]
                if part.size == 0:
                    assert not found[k, :, p, q].any()
                    assert (places[k, :, p, q] == -1).all()
                    continue
                assert found[k, :, p, q].tolist() == part.max((1, 2)).tolist()
                at = X[int(image)].flatten(1).gather(1, places[k, :, p, q].long()[:, None])
                assert at[:, 0].tolist() == found[k, :, p, q].tolist()


def test_bins_with_channels_of_their_own() -> None:
    aligned, channels = vision.ps_roi_align(X, ROIS, 1.0, 3, 2, 2)
    of_all = vision.roi_align(X, ROIS, 1.0, 3, 2, 2, aligned=True)
    assert channels.dtype == torch.int32
    pooled, same = vision.ps_roi_pool(X, ROIS, 1.0, 3, 2)
    assert torch.equal(channels, same)
    assert channels[0, 1].tolist() == [[6, 7], [8, 9], [10, 11]]
    torch.testing.assert_close(aligned[0, 1, 2, 0], of_all[0, 10, 2, 0])
    # Rows 1 to 6 in three bins, columns 1 to 6 in two: each takes the pixels that it touches.
    torch.testing.assert_close(pooled[0, 1, 1, 0], X[0, 8, 2:5, 1:4].mean())
    with pytest.raises(RuntimeError, match="multiple of pooled_height x pooled_width = 10"):
        vision.ps_roi_align(X, ROIS, 1.0, 5, 2)


@pytest.mark.parametrize("name", ["roi_align", "roi_pool", "ps_roi_align", "ps_roi_pool"])
def test_gradients_of_regions(name: str) -> None:
    pool = getattr(vision, name)
    x = X[:, :, :5, :6].clone().requires_grad_()

    def pooled(x: torch.Tensor) -> torch.Tensor:
        y = pool(x, ROIS, 0.7, 3, 2)
        return y if name == "roi_align" else y[0]

    assert gradcheck(pooled, (x,))
    y = pooled(x)
    g = torch.tensor(np.random.default_rng(2).normal(size=tuple(y.shape)))
    (expected,) = torch.autograd.grad(y, x, g)
    ops.load_library("somewhere/torchvision/_C.so")
    extra = {"roi_pool": (vision.roi_pool(x, ROIS, 0.7, 3, 2)[1],), "roi_align": ()}
    options = {"roi_align": (-1, False), "ps_roi_align": (-1,)}
    given = (*extra.get(name, (None,)), 0.7, 3, 2)
    shape, more = tuple(x.shape), options.get(name, ())
    last = (*shape, *more) if name == "roi_align" else (*more, *shape)
    found = getattr(ops.torchvision, f"_{name}_backward")(g, ROIS, *given, *last)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: vision.nms(torch.ones(3), torch.ones(3), 0.5), r"boxes of shape \(N, 4\)"),
        (lambda: vision.nms(torch.ones(3, 4), torch.ones(2), 0.5), r"scores of shape \(3,\)"),
        (lambda: vision.roi_align(X[0], ROIS, 1.0, 2, 2), r"input of shape \(N, C, H, W\)"),
        (lambda: vision.roi_pool(X, ROIS[:, 1:], 1.0, 2, 2), r"rois of shape \(K, 5\)"),
        (lambda: vision.roi_align(X, ROIS.float(), 1.0, 2, 2), "must have one dtype"),
    ],
)
def test_nonsense(call: Any, text: str) -> None:
    with pytest.raises(RuntimeError, match=text):
        call()


@pytest.mark.parametrize("name", ["roi_align", "roi_pool", "ps_roi_align", "ps_roi_pool"])
def test_regions_of_no_image(name: str) -> None:
    pool = getattr(vision, name)
    for image in (-1.0, 2.0):
        rois = torch.tensor([[image, 1, 1, 3, 3]], dtype=X.dtype)
        with pytest.raises(IndexError, match="images from 0 to 1"):
            pool(X, rois, 1.0, 3, 2)
    for edge in (math.nan, math.inf):
        rois = torch.tensor([[0, 1, 1, edge, 3]], dtype=X.dtype)
        with pytest.raises(RuntimeError, match="must be finite"):
            pool(X, rois, 1.0, 3, 2)
