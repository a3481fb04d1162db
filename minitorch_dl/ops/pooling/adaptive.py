"""Pooling to a given number of windows, whose sizes may differ: adaptive and fractional.

Region i of T along an axis of size S goes, if adaptive, from ``floor(i S / T)`` to
``ceil((i + 1) S / T)``. Even regions are windows of one size, and go to ``pooling``.
"""

from __future__ import annotations

import math
from typing import Any

from ...autograd.engine_ops import expand_p
from ...autograd.errors import not_implemented
from ...autograd.node_names import as_one
from ...autograd.primitive import TensorBase, primitive
from ...backend import array_module, device_of, pooling as kernels, random as draw
from ...backend.row_major import in_rows
from ..gathering import gather_p
from ..reductions import sum_p
from ..resampling import resample
from ..shape import reshape_p
from ..spatial import batched, per_axis
from .windows import avg_pools, check_axes, max_pools

__all__ = ["adaptive_avg_pool1d", "adaptive_max_pool1d"]


@as_one("SqueezeBackward1")
def adaptive_avg_pool1d(input: Any, output_size: Any) -> Any:
    """The averages of ``output_size`` stretches of (N, C, L) or (C, L)."""
    return _adaptive_avg_pools("adaptive_avg_pool1d", 1, input, output_size)


@as_one("AdaptiveAvgPool2DBackward0")
def adaptive_avg_pool2d(input: Any, output_size: Any) -> Any:
    """The averages of ``output_size`` regions of (N, C, H, W) or (C, H, W).

    Region i of T along an axis of size S goes from ``floor(i S / T)`` to ``ceil((i + 1) S / T)``.

    Args:
        output_size: a number, or one per spatial axis; None keeps the input's size.

    >>> import minitorch_dl as torch
    >>> torch.nn.functional.adaptive_avg_pool2d(torch.ones(1, 5, 7), (2, 3)).shape
    torch.Size([1, 2, 3])
    """
    return _adaptive_avg_pools("adaptive_avg_pool2d", 2, input, output_size)


@as_one("AdaptiveAvgPool3DBackward0")
def adaptive_avg_pool3d(input: Any, output_size: Any) -> Any:
    """The averages of ``output_size`` regions of (N, C, D, H, W) or (C, D, H, W)."""
    return _adaptive_avg_pools("adaptive_avg_pool3d", 3, input, output_size)


@as_one("SqueezeBackward1")
def adaptive_max_pool1d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of ``output_size`` stretches of (N, C, L) or (C, L)."""
    return _adaptive_max_pools("adaptive_max_pool1d", 1, input, output_size, return_indices)


@as_one("AdaptiveMaxPool2DBackward0")
def adaptive_max_pool2d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of ``output_size`` regions of (N, C, H, W) or (C, H, W), and where they are.

    The regions are those of ``adaptive_avg_pool2d``, the places indices into the flattened H x W.
    """
    return _adaptive_max_pools("adaptive_max_pool2d", 2, input, output_size, return_indices)


@as_one("AdaptiveMaxPool3DBackward0")
def adaptive_max_pool3d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of ``output_size`` regions of (N, C, D, H, W) or (C, D, H, W)."""
    return _adaptive_max_pools("adaptive_max_pool3d", 3, input, output_size, return_indices)


def _regions(op: str, dims: int, input: Any, output_size: Any) -> tuple[int, ...]:
    shape = input.array.shape
    if isinstance(output_size, (tuple, list)) and len(shape) <= len(output_size) > 1:
        raise ValueError(
            f"{op}: Input dimension should be at least {len(output_size) + 1}, but got input of "
            f"size {list(shape)}"
        )
    check_axes(op, dims, shape)
    if isinstance(output_size, (tuple, list)):
        if len(output_size) not in (1, dims):
            raise RuntimeError(
                f"{op}(): argument 'output_size' should contain one int (got {len(output_size)})"
                if dims == 1
                else f"{op}: output_size must be {dims} numbers, but got {list(output_size)}"
            )
        output_size = [s if n is None else n for n, s in zip(output_size, shape[-dims:])]
    out = per_axis(op, "output_size", output_size, dims)
    if min(out) < 0:
        raise RuntimeError(
            f"{op}: Trying to create tensor with negative dimension {min(out)}: elements of "
            f"output_size must be greater than or equal to 0 but received {out}"
        )
    return out


def _even_windows(size: tuple[int, ...], out: tuple[int, ...]) -> tuple[int, ...] | None:
    """The kernel, and stride, with which regions are windows of one size; None if they are not."""
    if any(t == 0 or s % t for s, t in zip(size, out)):
        return None
    return tuple([s // t for s, t in zip(size, out)])


def _adaptive_avg_pools(op: str, dims: int, input: Any, output_size: Any) -> Any:
    if input.array.dtype.kind in "biu":
        raise not_implemented(op, [input.array])
    out = _regions(op, dims, input, output_size)
    if 0 in out:  # no region, so no average: an empty part of the input
        shape = input.array.shape[:-dims]
        one = sum_p(input, dims=tuple(range(len(shape), input.array.ndim)), keepdim=True)
        return expand_p(one, shape=(*shape, *out))
    kernel = _even_windows(input.array.shape[-dims:], out)
    if kernel is None:
        return resample(input, "adaptive", out, (None,) * dims)
    return avg_pools(op, dims, input, kernel, kernel, 0, False, True, None)


_WINDOW = 64
"""Elements of a region up to which going over its places takes less than gathering them."""


def _adaptive_max_pools(
    op: str, dims: int, input: Any, output_size: Any, return_indices: bool
) -> Any:
    if input.array.dtype.kind in "biu":
        raise not_implemented(op, [input.array])
    out = _regions(op, dims, input, output_size)
    size = input.array.shape[-dims:]
    kernel = _even_windows(size, out)
    if kernel is not None and (math.prod(kernel) <= _WINDOW or kernel == size):
        return max_pools(op, dims, input, kernel, kernel, 0, 1, False, return_indices)

    def pool(x: Any) -> Any:
        index = region_positions(x, out=out)
        y = _take(x, index)
        return (y, index) if return_indices else y

    return batched(input, dims, pool)


@primitive(min_kind="float")
@in_rows
def region_positions(xp: Any, a: Any, *, out: tuple[int, ...]) -> Any:
    """Each adaptive region's maximum as an index into the flattened spatial axes."""
    return kernels.region_positions(xp, a, out)


def _take(x: Any, index: Any) -> Any:
    """``x`` (N, C, *S) at flat spatial positions (N, C, *T)."""
    n, c, *size = x.array.shape
    flat = index.array.shape[2:]
    y = gather_p(
        reshape_p(x, shape=(n, c, math.prod(size))),
        reshape_p(index, shape=(n, c, math.prod(flat))),
        dim=2,
    )
    return reshape_p(y, shape=index.array.shape)


# -- fractional ------------------------------------------------------------------------------------


@as_one("FractionalMaxPool2DBackward0")
def fractional_max_pool2d(
    input: Any,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Any = None,
) -> Any:
    """The maxima of windows of (N, C, H, W) or (C, H, W) that start at pseudo-random steps.

    Args:
        output_size: the output's size; or, in its place,
        output_ratio: its ratio to the input's, in (0, 1).
        _random_samples: (N, C, 2) numbers in [0, 1) that set the steps; drawn unless given.

    Source: Graham, 2014.
    """
    return _fractional_max_pools(
        "fractional_max_pool2d", 2, input, kernel_size, output_size, output_ratio, return_indices,
        _random_samples,
    )  # fmt: skip


@as_one("FractionalMaxPool3DBackward0")
def fractional_max_pool3d(
    input: Any,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Any = None,
) -> Any:
    """``fractional_max_pool2d`` of (N, C, D, H, W) or (C, D, H, W)."""
    return _fractional_max_pools(
        "fractional_max_pool3d", 3, input, kernel_size, output_size, output_ratio, return_indices,
        _random_samples,
    )  # fmt: skip


def _fractional_max_pools(
    op: str,
    dims: int,
    input: Any,
    kernel: Any,
    output_size: Any,
    output_ratio: Any,
    return_indices: bool,
    samples: Any,
) -> Any:
    a = input.array
    check_axes(op, dims, a.shape)
    kernel = per_axis(op, "kernel_size", kernel, dims)
    size = a.shape[-dims:]
    if (output_size is None) == (output_ratio is None):
        raise ValueError(f"{op} requires specifying either an output_size or an output_ratio")
    if output_size is None:
        ratios = output_ratio if isinstance(output_ratio, (tuple, list)) else (output_ratio,) * dims
        if len(ratios) != dims:
            raise ValueError(
                f"{op} requires output_ratio to either be a single Int or tuple of Ints, "
                f"{dims} of them, but got {output_ratio}"
            )
        if not all(0 < r < 1 for r in ratios):
            raise ValueError(f"{op}: output_ratio must be between 0 and 1, got {output_ratio}")
        output_size = [int(n * r) for n, r in zip(size, ratios)]
    out = per_axis(op, "output_size", output_size, dims)
    if any(t < 0 or t + k - 1 > n for t, k, n in zip(out, kernel, size)):
        raise RuntimeError(
            f"{op}: kernel_size {kernel} and output_size {out} do not fit an input of spatial "
            f"size {size}"
        )
    shape = (1 if a.ndim == dims + 1 else a.shape[0], a.shape[-dims - 1], dims)
    if samples is None:
        generator = draw.default_generator(device_of(a).type)
        samples = draw.uniform(shape, 0.0, 1.0, a.dtype, generator, array_module(a))
    else:
        samples = samples.array
        if samples.shape[1:] != shape[1:] or samples.shape[0] < shape[0]:
            raise RuntimeError(
                f"{op}: Expect _random_samples of size {list(shape)}, got {list(samples.shape)}"
            )
        if samples.dtype != a.dtype:
            raise RuntimeError(
                f"{op}: Expect _random_samples to have the same dtype as input, {a.dtype}, got "
                f"{samples.dtype}"
            )

    def pool(x: Any) -> Any:
        index = fractional_positions(
            x, TensorBase.wrap(samples[: x.array.shape[0]]), kernel=kernel, out=out
        )
        y = _take(x, index)
        return (y, index) if return_indices else y

    return batched(input, dims, pool)


@primitive
def fractional_positions(xp: Any, a: Any, samples: Any, *, kernel: Any, out: Any) -> Any:
    """Each pseudo-random window's maximum as an index into the flattened spatial axes."""
    return kernels.fractional_positions(xp, a, samples, kernel, out)
