"""Pooling over the spatial axes of (N, C, *S), or (C, *S).

A maximum's gradient goes to the first of equal elements. Its formulas are a closed pair (send to
the maxima, fetch from the maxima), and so are the average's (average the windows, spread over the
windows).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.primitive import TensorBase, primitive
from ..backend import pooling as kernels
from ..backend.precision import in_float32
from .convolution import batched, per_axis
from .gathering import _gather as take_along
from .resampling import resample
from .selection import clamp_min
from .shape import _reshape

__all__ = [
    "adaptive_avg_pool1d", "adaptive_max_pool1d", "avg_pool1d", "max_pool1d", "max_pool2d",
    "max_pool3d",
]  # fmt: skip

# -- maximum: a closed pair over where the maxima are ----------------------------------------------


@primitive(name="max_pool")
def _max_pool(xp: Any, a: Any, *, kernel, stride, padding, dilation, ceil_mode) -> Any:
    return kernels.max_pool(
        xp, a, kernel=kernel, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode
    )


@primitive
def max_scatter(xp: Any, u: Any, a: Any, y: Any, *, kernel, stride, padding, dilation) -> Any:
    """``u`` of each window of ``a`` added where the window's maximum ``y`` is."""
    return kernels.max_scatter(
        xp, u, a, y, kernel=kernel, stride=stride, padding=padding, dilation=dilation
    )


@primitive
def max_gather(xp: Any, v: Any, a: Any, y: Any, *, kernel, stride, padding, dilation) -> Any:
    """``v`` where each window's maximum ``y`` is in ``a``."""
    return kernels.max_gather(
        xp, v, a, y, kernel=kernel, stride=stride, padding=padding, dilation=dilation
    )


_max_pool.defvjp(
    a=lambda g, a, y, kernel, stride, padding, dilation: max_scatter(
        g, a, y, kernel=kernel, stride=stride, padding=padding, dilation=dilation
    )
)
max_scatter.defvjp(
    u=lambda g, a, y, kernel, stride, padding, dilation: max_gather(
        g, a, y, kernel=kernel, stride=stride, padding=padding, dilation=dilation
    )
)
max_gather.defvjp(
    v=lambda g, a, y, kernel, stride, padding, dilation: max_scatter(
        g, a, y, kernel=kernel, stride=stride, padding=padding, dilation=dilation
    )
)


@primitive
def max_positions(xp: Any, a: Any, *, kernel, stride, padding, dilation, ceil_mode) -> Any:
    """Each window's maximum as an index into the flattened spatial axes."""
    return kernels.max_positions(
        xp, a, kernel=kernel, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode
    )


# -- average: a closed pair -----------------------------------------------------------------------


def _divisor(xp: Any, size: Any, out: Any, given: int | None, dtype: Any, **window: Any) -> Any:
    """What the windows' sums are divided by: a number, or an array (*T)."""
    counts = given or kernels.elements_per_window(size, out, **window)
    return xp.asarray(counts, dtype) if isinstance(counts, np.ndarray) else float(counts)


@primitive(name="avg_pool")
def _avg_pool(
    xp: Any, a: Any, *, kernel, stride, padding, ceil_mode, count_include_pad, divisor
) -> Any:
    """The sum of each window over how many elements it has, or over ``divisor``."""
    window = {"kernel": kernel, "stride": stride, "padding": padding}
    y = in_float32(kernels.window_sum)(xp, a, ceil_mode=ceil_mode, **window)
    y /= _divisor(
        xp, a.shape[2:], y.shape[2:], divisor, a.dtype, count_padding=count_include_pad, **window
    )
    return y


@primitive
def avg_spread(
    xp: Any, u: Any, *, size, kernel, stride, padding, ceil_mode, count_include_pad, divisor
) -> Any:
    """``_avg_pool`` transposed: each window's share added to all of its elements."""
    window = {"kernel": kernel, "stride": stride, "padding": padding}
    u = u / _divisor(
        xp, size, u.shape[2:], divisor, u.dtype, count_padding=count_include_pad, **window
    )
    return in_float32(kernels.window_spread)(xp, u, size=size, **window)


_avg_pool.defvjp(
    a=lambda g, a_shape, kernel, stride, padding, ceil_mode, count_include_pad, divisor: avg_spread(
        g,
        size=a_shape[2:],
        kernel=kernel,
        stride=stride,
        padding=padding,
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
        divisor=divisor,
    )
)
avg_spread.defvjp(
    u=lambda g, kernel, stride, padding, ceil_mode, count_include_pad, divisor: _avg_pool(
        g,
        kernel=kernel,
        stride=stride,
        padding=padding,
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
        divisor=divisor,
    )
)

# -- windows of one size --------------------------------------------------------------------------


def max_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of (N, C, L) or (C, L); arguments as in ``max_pool2d``."""
    return _max_pools(
        "max_pool1d",
        1,
        input,
        kernel_size,
        stride,
        padding,
        dilation,
        ceil_mode,
        return_indices,
    )


def max_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window.

    Args:
        input: (N, C, H, W) or (C, H, W).
        kernel_size, stride, padding, dilation: a number, or one per spatial axis. The stride is
            the kernel size unless given; padding counts as minus infinity and is at most half the
            kernel.
        ceil_mode: keep a last window that hangs over the end.
        return_indices: also return where in the flattened H x W the maxima are.

    >>> import minitorch_dl as torch
    >>> torch.max_pool2d(torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]), 2)
    tensor([[[4.]]])
    """
    return _max_pools(
        "max_pool2d",
        2,
        input,
        kernel_size,
        stride,
        padding,
        dilation,
        ceil_mode,
        return_indices,
    )


def max_pool3d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of (N, C, D, H, W) or (C, D, H, W); as ``max_pool2d``."""
    return _max_pools(
        "max_pool3d",
        3,
        input,
        kernel_size,
        stride,
        padding,
        dilation,
        ceil_mode,
        return_indices,
    )


def _max_pools(
    op: str,
    dims: int,
    input: Any,
    kernel: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    window = _window(op, dims, input, kernel, stride, padding, dilation, ceil_mode)

    def pool(x: Any) -> Any:
        y = _max_pool(x, **window)
        return (y, max_positions(x, **window)) if return_indices else y

    return batched(input, dims, pool)


def avg_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """The average of each window of (N, C, L) or (C, L); arguments as in ``avg_pool2d``."""
    return _avg_pools(
        "avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None
    )


def avg_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """The average of each window.

    Args:
        input: (N, C, H, W) or (C, H, W).
        kernel_size, stride, padding: a number, or one per spatial axis. The stride is the kernel
            size unless given; padding is zeros and at most half the kernel.
        ceil_mode: keep a last window that hangs over the end.
        count_include_pad: whether padding counts as elements.
        divisor_override: what to divide the sums by instead.

    >>> import minitorch_dl as torch
    >>> torch.nn.functional.avg_pool2d(torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]), 2)
    tensor([[[2.5000]]])
    """
    return _avg_pools(
        "avg_pool2d",
        2,
        input,
        kernel_size,
        stride,
        padding,
        ceil_mode,
        count_include_pad,
        divisor_override,
    )


def avg_pool3d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """The average of each window of (N, C, D, H, W) or (C, D, H, W); as ``avg_pool2d``."""
    return _avg_pools(
        "avg_pool3d",
        3,
        input,
        kernel_size,
        stride,
        padding,
        ceil_mode,
        count_include_pad,
        divisor_override,
    )


def _avg_pools(
    op: str,
    dims: int,
    input: Any,
    kernel: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Any:
    if divisor == 0:
        raise RuntimeError(f"{op}: divisor must be not zero")
    window = _window(op, dims, input, kernel, stride, padding, 1, ceil_mode)
    del window["dilation"]
    return batched(
        input,
        dims,
        lambda x: _avg_pool(x, **window, count_include_pad=count_include_pad, divisor=divisor),
    )


def lp_pool1d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """``(sum x^p)^(1/p)`` of each window of (N, C, L) or (C, L), p = ``norm_type``."""
    return _lp_pools(avg_pool1d, 1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """``(sum x^p)^(1/p)`` of each window of (N, C, H, W) or (C, H, W), p = ``norm_type``."""
    return _lp_pools(avg_pool2d, 2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """``(sum x^p)^(1/p)`` of each window of (N, C, D, H, W) or (C, D, H, W), p = ``norm_type``."""
    return _lp_pools(avg_pool3d, 3, input, norm_type, kernel_size, stride, ceil_mode)


def _lp_pools(
    average: Any, dims: int, input: Any, p: float, kernel: Any, stride: Any, ceil_mode: bool
) -> Any:
    count = math.prod(per_axis("lp_pool", "kernel_size", kernel, dims))
    y = average(input**p, kernel, stride or None, 0, ceil_mode)
    return (clamp_min(y, 0) * count) ** (1.0 / p)


def _window(
    op: str,
    dims: int,
    input: Any,
    kernel: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
) -> dict[str, Any]:
    """The windows' parameters, checked against the input."""
    if not isinstance(input, TensorBase):
        raise TypeError(f"{op}(): argument 'input' must be Tensor, not {type(input).__name__}")
    kernel = per_axis(op, "kernel_size", kernel, dims)
    given = stride is not None and stride != () and stride != []
    stride = per_axis(op, "stride", stride, dims) if given else kernel
    padding = per_axis(op, "padding", padding, dims)
    dilation = per_axis(op, "dilation", dilation, dims)
    shape = input.array.shape
    _check_axes(op, dims, shape)
    if min(kernel) < 1:
        raise RuntimeError(f"{op}: kernel size should be greater than zero, but got {kernel}")
    if min(stride) < 1:
        raise RuntimeError(f"{op}: stride should be greater than zero, but got {stride}")
    if min(dilation) < 1:
        raise RuntimeError(f"{op}: dilation should be greater than zero, but got {dilation}")
    if min(padding) < 0:
        raise RuntimeError(f"{op}: pad must be non-negative, but got {padding}")
    if any(p > (d * (k - 1) + 1) // 2 for p, k, d in zip(padding, kernel, dilation)):
        raise RuntimeError(
            f"{op}: pad should be at most half of effective kernel size, but got pad={padding}, "
            f"kernel_size={kernel} and dilation={dilation}"
        )
    pairs = tuple([(p, p) for p in padding])
    out = kernels.pooled_size(shape[-dims:], kernel, stride, pairs, dilation, ceil_mode)
    if min(out) < 1:
        raise RuntimeError(
            f"{op}: Given input size {list(shape)} and kernel_size={kernel}. Calculated output "
            "size: "
            f"{out}. Output size is too small"
        )
    return {
        "kernel": kernel,
        "stride": stride,
        "padding": pairs,
        "dilation": dilation,
        "ceil_mode": bool(ceil_mode),
    }


def _check_axes(op: str, dims: int, shape: tuple[int, ...]) -> None:
    if len(shape) not in (dims + 1, dims + 2) or 0 in shape[-dims - 1 :]:
        raise RuntimeError(
            f"{op}: Expected {dims + 1}D or {dims + 2}D (batch mode) tensor with non-zero channels "
            f"and spatial sizes, but got input of size {list(shape)}"
        )


# -- a given number of windows --------------------------------------------------------------------


def adaptive_avg_pool1d(input: Any, output_size: Any) -> Any:
    """The averages of ``output_size`` stretches of (N, C, L) or (C, L)."""
    return _adaptive_avg_pools("adaptive_avg_pool1d", 1, input, output_size)


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


def adaptive_avg_pool3d(input: Any, output_size: Any) -> Any:
    """The averages of ``output_size`` regions of (N, C, D, H, W) or (C, D, H, W)."""
    return _adaptive_avg_pools("adaptive_avg_pool3d", 3, input, output_size)


def adaptive_max_pool1d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of ``output_size`` stretches of (N, C, L) or (C, L)."""
    return _adaptive_max_pools("adaptive_max_pool1d", 1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of ``output_size`` regions of (N, C, H, W) or (C, H, W), and where they are.

    The regions are those of ``adaptive_avg_pool2d``, the places indices into the flattened H x W.
    """
    return _adaptive_max_pools("adaptive_max_pool2d", 2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of ``output_size`` regions of (N, C, D, H, W) or (C, D, H, W)."""
    return _adaptive_max_pools("adaptive_max_pool3d", 3, input, output_size, return_indices)


def _regions(op: str, dims: int, input: Any, output_size: Any) -> tuple[int, ...]:
    shape = input.array.shape
    if isinstance(output_size, (tuple, list)) and len(shape) <= len(output_size) > 1:
        raise ValueError(
            f"{op}: Input dimension should be at least {len(output_size) + 1}, but got input of "
            "size "
            f"{list(shape)}"
        )
    _check_axes(op, dims, shape)
    if isinstance(output_size, (tuple, list)):
        output_size = [s if n is None else n for n, s in zip(output_size, shape[-dims:])]
    out = per_axis(op, "output_size", output_size, dims)
    if min(out) < 0:
        raise RuntimeError(f"{op}: output_size must be non-negative, but got {out}")
    return out


def _even_windows(size: tuple[int, ...], out: tuple[int, ...]) -> tuple[int, ...] | None:
    """The kernel, and stride, with which regions are windows of one size; None if they are not."""
    if any(t == 0 or s % t for s, t in zip(size, out)):
        return None
    return tuple([s // t for s, t in zip(size, out)])


def _adaptive_avg_pools(op: str, dims: int, input: Any, output_size: Any) -> Any:
    out = _regions(op, dims, input, output_size)
    kernel = _even_windows(input.array.shape[-dims:], out)
    if kernel is None:
        return resample(input, "adaptive", out, (None,) * dims)
    return _avg_pools(op, dims, input, kernel, kernel, 0, False, True, None)


def _adaptive_max_pools(
    op: str, dims: int, input: Any, output_size: Any, return_indices: bool
) -> Any:
    out = _regions(op, dims, input, output_size)
    size = input.array.shape[-dims:]
    kernel = _even_windows(size, out)
    if kernel is not None:
        return _max_pools(op, dims, input, kernel, kernel, 0, 1, False, return_indices)

    def pool(x: Any) -> Any:
        index = region_positions(x, out=out)
        y = _take(x, index)
        return (y, index) if return_indices else y

    return batched(input, dims, pool)


@primitive
def region_positions(xp: Any, a: Any, *, out: tuple[int, ...]) -> Any:
    """Each adaptive region's maximum as an index into the flattened spatial axes."""
    return kernels.region_positions(xp, a, out)


def _take(x: Any, index: Any) -> Any:
    """``x`` (N, C, *S) at flat spatial positions (N, C, *T)."""
    n, c, *size = x.array.shape
    flat = index.array.shape[2:]
    y = take_along(
        _reshape(x, shape=(n, c, math.prod(size))),
        _reshape(index, shape=(n, c, math.prod(flat))),
        dim=2,
    )
    return _reshape(y, shape=index.array.shape)


# -- putting maxima back --------------------------------------------------------------------------


@primitive
def place_along(xp: Any, a: Any, index: Any, *, dim: int, size: int) -> Any:
    """Zeros, of ``size`` along ``dim``, with ``a`` put at ``index``."""
    y = xp.zeros((*a.shape[:dim], size, *a.shape[dim + 1 :]), a.dtype)
    xp.put_along_axis(y, index, a, dim)
    return y


place_along.defvjp(a=lambda g, index, dim: take_along(g, index, dim=dim))


def max_unpool1d(
    input: Any,
    indices: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> Any:
    """Maxima (N, C, L) or (C, L) put back at their ``indices``; as ``max_unpool2d``."""
    return _max_unpools(
        "max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size
    )


def max_unpool2d(
    input: Any,
    indices: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> Any:
    """Maxima put back where ``max_pool2d`` took them from, zeros elsewhere.

    Args:
        input, indices: (N, C, H, W) or (C, H, W), as ``max_pool2d(..., return_indices=True)``
            gives.
        kernel_size, stride, padding: those of the pooling.
        output_size: the size before the pooling, where several are possible; ``(H - 1) stride - 2
            padding + kernel`` unless given. Leading axes may be named too.
    """
    return _max_unpools(
        "max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size
    )


def max_unpool3d(
    input: Any,
    indices: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> Any:
    """Maxima (N, C, D, H, W) or (C, D, H, W) put back at their ``indices``; as ``max_unpool2d``."""
    return _max_unpools(
        "max_unpool3d", 3, input, indices, kernel_size, stride, padding, output_size
    )


def _max_unpools(
    op: str,
    dims: int,
    input: Any,
    indices: Any,
    kernel: Any,
    stride: Any,
    padding: Any,
    output_size: Any,
) -> Any:
    x, index = input.array, indices.array
    if index.dtype != "int64":
        raise RuntimeError(f"{op}: elements in indices should be type int64 but got: {index.dtype}")
    if x.shape != index.shape or x.ndim not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"{op}: Expected input of {dims + 1} or {dims + 2} dimensions and indices of the same "
            f"shape, but got {list(x.shape)} and {list(index.shape)}"
        )
    kernel = per_axis(op, "kernel_size", kernel, dims)
    stride = kernel if stride is None or stride == [] else per_axis(op, "stride", stride, dims)
    padding = per_axis(op, "padding", padding, dims)
    default = [
        (n - 1) * s - 2 * p + k for n, s, p, k in zip(x.shape[-dims:], stride, padding, kernel)
    ]
    size = default if output_size is None else list(output_size)[-dims:]
    if len(size) != dims:
        raise ValueError(
            f"{op}: output_size should be a sequence containing {dims} or {dims + 2} elements, "
            "but it "
            f"has a length of '{len(size)}'"
        )
    if any(abs(n - d) >= s for n, d, s in zip(size, default, stride)):
        raise ValueError(
            f"{op}: invalid output_size {size}: each size must be less than stride={list(stride)} "
            "away "
            f"from {default}"
        )
    total = math.prod(size)
    if index.size and not (index.min() >= 0 and index.max() < total):
        raise RuntimeError(
            f"{op}: Found an invalid max index: indices must be in [0, {total - 1}] for output "
            "size "
            f"{size}, but they go from {int(index.min())} to {int(index.max())}"
        )
    lead = x.shape[:-dims]
    flat = (*lead, math.prod(x.shape[-dims:]))
    y = place_along(
        _reshape(input, shape=flat), _reshape(indices, shape=flat), dim=len(lead), size=total
    )
    return _reshape(y, shape=(*lead, *size))
