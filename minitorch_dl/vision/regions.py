"""Boxes on images and feature maps, as detectors need them: non-maximum suppression, and pooling
of regions of any size into a fixed number of bins.

A box is ``(x1, y1, x2, y2)``. Regions are ``(K, 5)``: the number of the image in the batch, and a
box, which ``spatial_scale`` brings to the pixels of the feature map. Regions themselves get no
gradient.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..autograd.primitive import primitive
from ..backend import array_module, check_all
from ..ops import einsum, from_data
from ..tensor import Tensor

__all__ = ["nms", "ps_roi_align", "ps_roi_pool", "roi_align", "roi_pool"]


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Non-maximum suppression: the indices of the boxes to keep, by descending score.

    A box is dropped if its overlap with a kept one of higher score, the area of their intersection
    over that of their union, is above ``iou_threshold``.

    Args:
        boxes: ``(N, 4)``.
        scores: ``(N,)``.
        iou_threshold: 0 to 1.

    >>> import minitorch_dl as torch
    >>> boxes = torch.tensor([[0.0, 0, 10, 10], [1, 1, 10, 10], [20, 20, 30, 30]])
    >>> nms(boxes, torch.tensor([0.5, 0.9, 0.3]), 0.5)
    tensor([1, 2])
    """
    _expect("nms", "boxes", boxes, "(N, 4)", boxes.ndim == 2 and boxes.shape[1] == 4)
    _expect("nms", "scores", scores, f"({len(boxes)},)", tuple(scores.shape) == (len(boxes),))
    xp = array_module(boxes.array)
    order = xp.argsort(-scores.array, kind="stable")
    low, high = boxes.array[order, :2], boxes.array[order, 2:]
    areas = (high - low).prod(1)
    left = xp.ones(len(order), dtype=bool)
    kept = []
    for i in range(len(order)):
        if left[i]:
            kept.append(i)
            later = slice(i + 1, None)
            sides = xp.minimum(high[i], high[later]) - xp.maximum(low[i], low[later])
            common = sides.clip(0).prod(1)
            left[later] &= ~(common / (areas[i] + areas[later] - common) > iou_threshold)
    return Tensor.wrap(order[kept])


def roi_align(
    input: Tensor,
    rois: Tensor,
    spatial_scale: float,
    pooled_height: int,
    pooled_width: int,
    sampling_ratio: int = -1,
    aligned: bool = False,
) -> Tensor:
    """The average of each bin at points between the pixels, interpolated bilinearly.

    Source: K. He et al., Mask R-CNN, 2017.

    Args:
        input: ``(N, C, H, W)``.
        rois: ``(K, 5)``.
        sampling_ratio: points per bin and axis; not above 0: a point per pixel.
        aligned: whether the middle of the first pixel is at 0.5 (False: at 0, and regions are at
            least one pixel wide).

    Returns:
        ``(K, C, pooled_height, pooled_width)``.
    """
    _check_regions("roi_align", input, rois)
    places = rois.array[:, 1:] * spatial_scale - (0.5 if aligned else 0)
    sizes = places[:, 2:] - places[:, :2]
    if not aligned:
        sizes = sizes.clip(1)
    axes = _axes(input, pooled_height, pooled_width)
    rows, columns = _interpolations(places, sizes, axes, sampling_ratio)
    return pool_regions(input, rois.array[:, 0].astype(int), rows, columns)


def ps_roi_align(
    input: Tensor,
    rois: Tensor,
    spatial_scale: float,
    pooled_height: int,
    pooled_width: int,
    sampling_ratio: int = -1,
) -> tuple[Tensor, Tensor]:
    """``roi_align`` where each bin reads channels of its own, ``C / (P Q)`` of them.

    Source: Z. Li et al., Light-Head R-CNN, 2017.

    Returns:
        ``(K, C / (P Q), P, Q)``, and the channel that each number came from.
    """
    _check_regions("ps_roi_align", input, rois)
    places = rois.array[:, 1:] * spatial_scale - 0.5
    axes = _axes(input, pooled_height, pooled_width)
    weights = _interpolations(places, places[:, 2:] - places[:, :2], axes, sampling_ratio)
    return _own_channels("ps_roi_align", input, rois, weights)


def ps_roi_pool(
    input: Tensor, rois: Tensor, spatial_scale: float, pooled_height: int, pooled_width: int
) -> tuple[Tensor, Tensor]:
    """The average of the pixels of each bin, which reads channels of its own, ``C / (P Q)``.

    Source: J. Dai et al., R-FCN, 2016.

    Returns:
        ``(K, C / (P Q), P, Q)``, and the channel that each number came from.
    """
    _check_regions("ps_roi_pool", input, rois)
    xp = array_module(rois.array)
    places = _rounded(xp, rois.array[:, 1:] * spatial_scale)
    weights = []
    for axis, bins, length in _axes(input, pooled_height, pooled_width):
        sizes = (places[:, axis + 2] - places[:, axis]).clip(1)
        first, last = _bounds(xp, places[:, axis], sizes, bins, length - 1)
        inside = _between(xp, first, last, length).astype(rois.array.dtype)
        weights.append(inside / (last - first).clip(1)[..., None])
    return _own_channels("ps_roi_pool", input, rois, weights)


def roi_pool(
    input: Tensor, rois: Tensor, spatial_scale: float, pooled_height: int, pooled_width: int
) -> tuple[Tensor, Tensor]:
    """The largest pixel of each bin, 0 where a bin has none.

    Source: R. Girshick, Fast R-CNN, 2015.

    Returns:
        ``(K, C, pooled_height, pooled_width)``, and the places of the largest in an image's
        ``H W`` pixels (-1: none).
    """
    _check_regions("roi_pool", input, rois)
    xp = array_module(rois.array)
    places = _rounded(xp, rois.array[:, 1:] * spatial_scale)
    bounds = [
        _bounds(xp, places[:, axis], (places[:, axis + 2] - places[:, axis] + 1).clip(1), bins, n)
        for axis, bins, n in _axes(input, pooled_height, pooled_width)
    ]
    images = rois.array[:, 0].astype(int)
    largest = _places_of_largest(xp, input.array, images, *bounds)
    n, c, h, w = input.shape
    channels = xp.arange(c)[:, None, None]
    flat = (images[:, None, None, None] * c + channels) * (h * w) + largest.clip(0)
    y = input.reshape(n * c * h * w)[Tensor.wrap(flat)]
    return y.masked_fill(Tensor.wrap(largest < 0), 0), Tensor.wrap(largest.astype("int32"))


def _places_of_largest(xp: Any, x: Any, images: Any, rows: Any, columns: Any) -> Any:
    """Where each region's bins have their largest pixel: ``(K, C, P, Q)``."""
    (tops, bottoms), (lefts, rights) = rows, columns
    width = x.shape[3]
    largest = xp.full((len(images), x.shape[1], tops.shape[1], lefts.shape[1]), -1)
    for k, image in enumerate(images.tolist()):
        for p, (top, bottom) in enumerate(zip(tops[k].tolist(), bottoms[k].tolist())):
            for q, (left, right) in enumerate(zip(lefts[k].tolist(), rights[k].tolist())):
                if top < bottom and left < right:
                    part = x[image, :, top:bottom, left:right]
                    place = part.reshape(len(part), -1).argmax(1)
                    row, column = xp.divmod(place, right - left)
                    largest[k, :, p, q] = (top + row) * width + left + column
    return largest


@primitive
def pool_regions(xp: Any, x: Any, images: Any, rows: Any, columns: Any) -> Any:
    """``y[k, c, p, q] = sum_hw rows[k, p, h] x[images[k], c, h, w] columns[k, q, w]``."""
    (k, p, _), q, c = rows.shape, columns.shape[1], x.shape[1]
    y = xp.zeros((k, c, p, q), x.dtype)
    for k, image, high, wide in _windows(images, rows, columns):
        part = x[image, :, high, wide].transpose(1, 0, 2)  # (h, C, w)
        part = rows[k][:, high] @ part.reshape(len(part), -1)  # (P, C w)
        part = part.reshape(p * c, -1) @ columns[k][:, wide].T  # (P C, Q)
        y[k] = part.reshape(p, c, q).transpose(1, 0, 2)
    return y


@primitive
def spread_regions(
    xp: Any, bins: Any, images: Any, rows: Any, columns: Any, *, shape: tuple[int, ...]
) -> Any:
    """The adjoint of ``pool_regions``."""
    _, c, p, q = bins.shape
    x = xp.zeros(shape, bins.dtype)
    for k, image, high, wide in _windows(images, rows, columns):
        part = bins[k].transpose(1, 0, 2).reshape(p * c, q) @ columns[k][:, wide]  # (P C, w)
        part = rows[k][:, high].T @ part.reshape(p, -1)  # (h, C w)
        x[image, :, high, wide] += part.reshape(len(part), c, -1).transpose(1, 0, 2)
    return x


pool_regions.defvjp(
    x=lambda g, images, rows, columns, x_shape: spread_regions(
        g, images, rows, columns, shape=x_shape
    )
)
spread_regions.defvjp(bins=lambda g, images, rows, columns: pool_regions(g, images, rows, columns))


def _windows(images: Any, rows: Any, columns: Any) -> Iterator[tuple[int, int, slice, slice]]:
    """The regions that have any pixels: their numbers, their images, and these pixels."""
    numbered = enumerate(zip(images.tolist(), _extents(rows), _extents(columns)))
    for k, (image, high, wide) in numbered:
        if high.stop and wide.stop:
            yield k, image, high, wide


def _extents(weights: Any) -> list[slice]:
    """Per region the pixels from the first to the last that has any weight."""
    used = weights.any(1)
    ends = (used.shape[1] - used[:, ::-1].argmax(1)) * used.any(1)
    return [slice(*bounds) for bounds in zip(used.argmax(1).tolist(), ends.tolist())]


def _interpolations(places: Any, sizes: Any, axes: list[tuple[int, int, int]], ratio: int) -> Any:
    """``_interpolation`` along each axis: of regions that begin at ``places``, of these sizes."""
    return [
        _interpolation(places[:, axis], sizes[:, axis], bins, length, ratio)
        for axis, bins, length in axes
    ]


def _interpolation(starts: Any, sizes: Any, bins: int, length: int, ratio: int) -> Any:
    """How much each of ``length`` pixels counts in each bin along one axis: ``(K, bins, length)``.

    The bins have points at equal distances; a point between two pixels takes its weight from both,
    one up to a pixel outside the image from the pixel at its edge, one beyond from none.
    """
    xp = array_module(starts)
    size = (sizes / bins)[:, None]
    counts = xp.full_like(size, ratio) if ratio > 0 else xp.ceil(size)
    weights = xp.zeros((len(starts), bins, length), starts.dtype)
    every_region, every_bin = xp.arange(len(starts))[:, None], xp.arange(bins)
    corner = starts[:, None] + every_bin.astype(starts.dtype) * size
    for i in range(int(max(counts.ravel().tolist(), default=0))):
        at = corner + xp.asarray(i + 0.5, starts.dtype) * size / counts.clip(1)
        share = ((i < counts) & (at >= -1) & (at <= length)) / counts.clip(1)
        at = at.clip(0, length - 1)
        low = at.astype(int)
        part = at - low
        weights[every_region, every_bin, low] += share * (1 - part)
        weights[every_region, every_bin, (low + 1).clip(None, length - 1)] += share * part
    return weights


def _bounds(xp: Any, starts: Any, sizes: Any, bins: int, end: int) -> tuple[Any, Any]:
    """The first pixel of each bin and the one after its last: ``(K, bins)`` each."""
    edges = xp.arange(bins + 1, dtype=sizes.dtype) * (sizes / sizes.dtype.type(bins))[:, None]
    first, last = xp.floor(edges[:, :-1]), xp.ceil(edges[:, 1:])
    return tuple((edge + starts[:, None]).clip(0, end).astype(int) for edge in (first, last))


def _between(xp: Any, first: Any, last: Any, length: int) -> Any:
    places = xp.arange(length)
    return (places >= first[..., None]) & (places < last[..., None])


def _own_channels(op: str, input: Tensor, rois: Tensor, weights: Any) -> tuple[Tensor, Tensor]:
    rows, columns = weights
    (k, p, _), q = rows.shape, columns.shape[1]
    channels = input.shape[1] // (p * q)
    if channels * p * q != input.shape[1]:
        raise RuntimeError(
            f"{op}: the channels must be a multiple of pooled_height x pooled_width = {p * q}, got "
            f"{input.shape[1]}"
        )
    y = pool_regions(input, rois.array[:, 0].astype(int), rows, columns)
    y = einsum("kcpqpq->kcpq", y.reshape(k, channels, p, q, p, q))
    mapping = from_data.tensor(range(input.shape[1]), device=input.device).int()
    return y, mapping.reshape(1, channels, p, q).expand(k, -1, -1, -1).contiguous()


def _axes(input: Tensor, height: int, width: int) -> list[tuple[int, int, int]]:
    """Per axis its place in a box, the number of bins, and the number of pixels: rows, columns."""
    return [(1, height, input.shape[2]), (0, width, input.shape[3])]


def _rounded(xp: Any, x: Any) -> Any:
    """The nearest integers, halves away from zero."""
    return xp.trunc(x + xp.copysign(x.dtype.type(0.5), x))


def _check_regions(op: str, input: Tensor, rois: Tensor) -> None:
    _expect(op, "input", input, "(N, C, H, W)", input.ndim == 4)
    _expect(op, "rois", rois, "(K, 5)", rois.ndim == 2 and rois.shape[1] == 5)
    if input.dtype != rois.dtype:
        raise RuntimeError(
            f"{op}: input and rois must have one dtype, got {input.dtype} and {rois.dtype}"
        )
    xp, images = array_module(rois.array), rois.array[:, 0]
    known = (images >= 0) & (images < len(input))
    check_all(known, IndexError, f"{op}: rois must name images from 0 to {len(input) - 1}")
    check_all(xp.isfinite(rois.array), RuntimeError, f"{op}: rois must be finite")


def _expect(op: str, name: str, x: Tensor, shape: str, met: bool) -> None:
    if not met:
        raise RuntimeError(f"{op}: expected {name} of shape {shape}, got {tuple(x.shape)}")
