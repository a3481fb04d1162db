"""Sampling images at the positions of a grid (spatial transformers: Jaderberg et al., 2015)."""

from __future__ import annotations

import itertools
import math
from typing import Any

from ..autograd.errors import refuse_complex, require_kind
from ..autograd.node_names import as_one, named
from ..autograd.primitive import TensorBase, fused
from ..backend import array_module, dtypes, grid_sampling
from ..backend.grid_sampling import cubic_weight, inside, reflected
from ..backend.precision import is_half
from ..backend.warning import warn
from ..size import Size
from .embedding import take_rows
from .indexing import getitem
from .matmul import matmul
from .movement import clone_p
from .selection import where
from .sequences import evenly_spaced
from .shape import reshape_p, transpose, unsqueeze

__all__ = ["affine_grid_generator", "grid_sampler", "grid_sampler_2d", "grid_sampler_3d"]


def _check_sample(op: str, x: Any, grid: Any, mode: str, padding_mode: str) -> None:
    """Refuse other modes, and arrays that don't fit."""
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(
            f"{op}: expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: {mode!r}"
        )
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(
            f"{op}: expected padding_mode to be 'zeros', 'border', or 'reflection', but got: "
            f"{padding_mode!r}"
        )
    dims, shape = x.ndim - 2, grid.shape
    if len(shape) == x.ndim and shape[-1] != dims:
        raise RuntimeError(
            f"{op}: expected grid to have size {dims} in last dimension, but got grid with sizes "
            f"{list(shape)} for input with sizes {list(x.shape)}"
        )
    if len(shape) == x.ndim and shape[0] != x.shape[0]:
        raise RuntimeError(
            f"{op}: expected grid and input to have same batch size, but got input with sizes "
            f"{list(x.shape)} and grid with sizes {list(shape)}"
        )
    if dims not in (2, 3) or len(shape) != x.ndim:
        raise RuntimeError(
            f"{op}: Expected input of 4 or 5 dimensions, and a grid of as many, but got input with "
            f"sizes {list(x.shape)} and grid with sizes {list(shape)}"
        )
    if 0 in x.shape[2:]:
        raise RuntimeError(
            f"{op}: expected input to have non-empty spatial dimensions, but got size "
            f"{list(x.shape)}"
        )
    if mode == "bicubic" and dims == 3:
        raise RuntimeError(f"{op}: bicubic interpolation only supports 4D input")
    if grid.dtype != x.dtype:
        raise RuntimeError(
            f"{op}: expected input and grid to have same dtype, but input has {x.dtype} and grid "
            f"has {grid.dtype}"
        )


def _composite(input: Any, grid: Any, *, mode: str, padding_mode: str, align_corners: bool) -> Any:
    shape, to = input.array.shape, grid.array.shape
    axes = []
    for i, size in enumerate(shape[2:]):
        p = getitem(grid, (..., len(shape) - 3 - i))  # the grid names x first, the last axis
        p = (p + 1) * ((size - 1) / 2) if align_corners else ((p + 1) * size - 1) / 2
        p = reshape_p(p, shape=(to[0], math.prod(to[1:-1])))
        if mode != "bicubic" and padding_mode != "zeros":
            p = _inside(p, size, padding_mode, align_corners)
        axes.append(_axis_taps(p, mode))
    pixels = transpose(reshape_p(input, shape=(*shape[:2], math.prod(shape[2:]))), 1, 2)
    y = _sample(pixels, shape[2:], axes, padding_mode, align_corners)
    return clone_p(reshape_p(transpose(y, 1, 2), shape=(*shape[:2], *to[1:-1])))


def _sample(
    pixels: Any, size: tuple[int, ...], axes: list[Any], padding_mode: str, align_corners: bool
) -> Any:
    """The weighted sum over all combinations of the axes' taps, of pixels (N, P, C): (N, Q, C)."""
    xp = array_module(pixels.array)
    n_images, count, channels = pixels.array.shape
    rows = reshape_p(pixels, shape=(n_images * count, channels))
    first = xp.arange(n_images)[:, None] * count
    placed = [
        [_placed(xp, at, weight, n, padding_mode, align_corners) for at, weight in taps]
        for taps, n in zip(axes, size)
    ]
    total = None
    for taps in itertools.product(*placed):
        index: Any = 0
        weight: Any = None
        for (at, w), n in zip(taps, size):
            index = index * n + at
            weight = w if weight is None else weight * w
        part = take_rows(rows, TensorBase.wrap(first + index))  # (N, Q, C)
        if weight is not None:
            part = part * unsqueeze(weight, 2)
        total = part if total is None else total + part
    return total


def _placed(
    xp: Any, at: Any, weight: Any, size: int, padding_mode: str, align_corners: bool
) -> tuple[Any, Any]:
    """A tap with its element inside the axis, and outside with no weight if padding is zeros."""
    if padding_mode == "zeros":
        inside = TensorBase.wrap(((at >= 0) & (at < size)).astype(at.dtype))
        weight = inside if weight is None else weight * inside
    elif padding_mode == "reflection":
        at = reflected(xp, at, size, align_corners)[0]
    return xp.fmin(xp.fmax(at, 0), size - 1).astype("int64"), weight  # 0 for NaN


def _axis_taps(p: Any, mode: str) -> list[tuple[Any, Any]]:
    """Along one axis: (element, weight) for each element that takes part at the positions ``p``."""
    a = p.array
    xp = array_module(a)
    if mode == "nearest":  # its slope is zero where there is one
        nothing = TensorBase.wrap(xp.zeros(a.shape, bool))
        return [(xp.rint(a), where(nothing, p, 1.0) if p.requires_grad else None)]
    low = xp.floor(a)
    part = p - TensorBase.wrap(low)
    if mode == "bilinear":
        return [(low, 1 - part), (low + 1, part)]
    return [(low + k, cubic_weight(part, k)) for k in range(-1, 3)]


def _inside(p: Any, size: int, padding_mode: str, align_corners: bool) -> Any:
    """Positions moved into the image; a clipped one has no gradient."""
    a = p.array
    xp = array_module(a)
    value, slope = inside(xp, a, size, padding_mode, align_corners)
    # The value, with that slope.
    at = xp.where(slope == 0, 0, a).astype(a.dtype, copy=False)
    return p * TensorBase.wrap(slope) + TensorBase.wrap(value - at * slope)


_rounded = as_one()(_composite)  # 16-bit floats after each step, as PyTorch rounds them


@fused(name="grid_sample", composite=_composite)
def grid_sample_p(
    xp: Any, x: Any, grid: Any, *, mode: str, padding_mode: str, align_corners: bool
) -> Any:
    """``x`` (N, C, *S) at the positions ``grid`` (N, *T, D): (N, C, *T)."""
    return grid_sampling.forward(
        xp, x, grid, mode=mode, padding_mode=padding_mode, align_corners=align_corners
    )


@grid_sample_p.defbackward
def _d_grid_sample(
    g: Any,
    xp: Any,
    needs: tuple[bool, ...],
    x: Any,
    grid: Any,
    mode: str,
    padding_mode: str,
    align_corners: bool,
) -> Any:
    return grid_sampling.backward(
        xp, g, x, grid, needs=needs, mode=mode, padding_mode=padding_mode,
        align_corners=align_corners,
    )  # fmt: skip


def grid_sample(
    input: Any,
    grid: Any,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Any:
    """``input`` at the positions of ``grid``.

    Args:
        input: (N, C, H, W), or (N, C, D, H, W).
        grid: (N, H', W', 2) positions (x, y), or (N, D', H', W', 3) positions (x, y, z); -1 and 1
            are the edges of the image.
        mode: "bilinear" (trilinear in 3-d), "nearest" or "bicubic" (2-d only).
        padding_mode: what is outside: "zeros", the nearest "border" pixel, or a "reflection".
        align_corners: -1 and 1 are the centres of the corner pixels, not their outer edges; False
            unless given, with a warning.

    Returns:
        (N, C, H', W') or (N, C, D', H', W').
    """
    require_kind("grid_sample", "float", input)
    refuse_complex("grid_sample", input, grid)
    x = input.array
    _check_sample("grid_sample", x, grid.array, mode, padding_mode)
    sample = _rounded if is_half(x.dtype) else grid_sample_p
    y = sample(
        input, grid, mode=mode, padding_mode=padding_mode, align_corners=_aligned(align_corners)
    )
    return named(y, f"GridSampler{x.ndim - 2}DBackward0")


@as_one("AffineGridGeneratorBackward0")
def affine_grid(theta: Any, size: Any, align_corners: bool | None = None) -> Any:
    """The grid of positions that ``theta`` (N, 2, 3) or (N, 3, 4) maps an output of ``size`` to.

    Args:
        size: the output's (N, C, H, W) or (N, C, D, H, W).
        align_corners: as in ``grid_sample``.

    Returns:
        (N, H, W, 2) or (N, D, H, W, 3).
    """
    refuse_complex("affine_grid", theta)
    op, a, size = "affine_grid", theta.array, Size(size)
    align_corners = _aligned(align_corners)
    dims = len(size) - 2
    if a.dtype.kind in "iub":
        raise ValueError(f"{op}: Expected theta to have floating point type, but got {a.dtype}")
    if dims not in (2, 3):
        raise NotImplementedError(
            f"{op} only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. "
            f"Got size {list(size)}"
        )
    if a.ndim != 3 or a.shape[1:] != (dims, dims + 1):
        raise ValueError(
            f"{op}: Expected a batch of 2D affine matrices of shape Nx2x3 for size (N, C, H, W), "
            f"or 3D ones of shape Nx3x4 for (N, C, D, H, W). Got {list(a.shape)} for size "
            f"{list(size)}."
        )
    if a.shape[0] != size[0]:
        raise RuntimeError(f"{op}: Expected theta for a batch of {size[0]}, got {a.shape[0]}")
    if min(size) <= 0:
        raise ValueError(f"{op}: Expected non-zero, positive output size. Got {list(size)}")
    if align_corners and 1 in size[2:]:
        warn(
            f"{op}: an axis of size 1 has its only position at 0, not -1, when align_corners=True, "
            "since version 1.3.0 of PyTorch. See the documentation of affine_grid for details.",
        )
    xp, dtype = array_module(a), dtypes.from_numpy(a.dtype)
    lines = []
    for n in size[2:]:
        line = evenly_spaced(xp, -1, 1, n, dtype) if n > 1 else xp.zeros(1, a.dtype)
        lines.append(line if align_corners else line * (n - 1) / n)
    points = xp.meshgrid(*lines, indexing="ij")[::-1]
    base = xp.stack([*points, xp.ones_like(points[0])], axis=-1).reshape(-1, dims + 1)
    grid = matmul(TensorBase.wrap(base), transpose(theta, 1, 2))  # (N, P, dims)
    return reshape_p(grid, shape=(a.shape[0], *size[2:], dims))


def _aligned(align_corners: bool | None) -> bool:
    if align_corners is None:
        warn(
            "Default grid_sample and affine_grid behavior has changed to align_corners=False since "
            "1.3.0. Please specify align_corners=True if the old behavior is desired. See the "
            "documentation of grid_sample for details.",
        )
    return bool(align_corners)


_MODES = ("bilinear", "nearest", "bicubic")
_PADDINGS = ("zeros", "border", "reflection")


@as_one()
def grid_sampler(
    input: Any, grid: Any, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Any:
    """``grid_sample`` with its modes as numbers."""
    return grid_sample(
        input, grid, _MODES[interpolation_mode], _PADDINGS[padding_mode], align_corners
    )


grid_sampler_2d = grid_sampler_3d = grid_sampler


@as_one("AffineGridGeneratorBackward0")
def affine_grid_generator(theta: Any, size: Any, align_corners: bool) -> Any:
    """``affine_grid`` under the name that it has outside ``nn.functional``."""
    return affine_grid(theta, size, align_corners)
