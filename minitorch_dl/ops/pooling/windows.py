"""Pooling over the spatial axes of (N, C, *S), or (C, *S).

A maximum's gradient goes to the first of equal elements. Its formulas are a closed pair (send to
the maxima, fetch from the maxima), and so are the average's (average the windows, spread over the
windows).
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ...autograd.node_names import as_one, named
from ...autograd.primitive import primitive, write_out
from ...backend import constant, pooling as kernels
from ...backend.precision import in_float32
from ...backend.row_major import in_row_order, in_rows
from ...backend.windows import Ints, Pairs
from ..activation import relu
from ..elementwise import sign
from ..spatial import batched, per_axis

__all__ = ["avg_pool1d", "max_pool1d", "max_pool2d", "max_pool3d"]

# -- maximum: a closed pair over where the maxima are ----------------------------------------------


@primitive(aux=("top",), min_kind="integer")
def max_pool_p(xp: Any, a: Any, *, kernel, stride, padding, dilation, ceil_mode) -> Any:
    window = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    y = in_row_order(kernels.max_pool(xp, a, ceil_mode=ceil_mode, **window))
    return y, y.copy()  # an activation often overwrites y


max_pool_p.defvjp(
    a=lambda g, a, top, kernel, stride, padding, dilation: max_scatter(
        g, a, top, kernel=kernel, stride=stride, padding=padding, dilation=dilation
    )
)


@primitive
def max_scatter(xp: Any, u: Any, a: Any, top: Any, *, kernel, stride, padding, dilation) -> Any:
    """``u`` of each window of ``a`` added where the window's maximum ``top`` is."""
    return kernels.max_scatter(
        xp, u, a, top, kernel=kernel, stride=stride, padding=padding, dilation=dilation
    )


max_scatter.defvjp(
    u=lambda g, a, top, kernel, stride, padding, dilation: max_gather(
        g, a, top, kernel=kernel, stride=stride, padding=padding, dilation=dilation
    )
)


@primitive
def max_gather(xp: Any, v: Any, a: Any, top: Any, *, kernel, stride, padding, dilation) -> Any:
    """``v`` where each window's maximum ``top`` is in ``a``."""
    return kernels.max_gather(
        xp, v, a, top, kernel=kernel, stride=stride, padding=padding, dilation=dilation
    )


max_gather.defvjp(
    v=lambda g, a, top, kernel, stride, padding, dilation: max_scatter(
        g, a, top, kernel=kernel, stride=stride, padding=padding, dilation=dilation
    )
)


@primitive(min_kind="integer")
@in_rows
def max_positions(xp: Any, a: Any, *, kernel, stride, padding, dilation, ceil_mode) -> Any:
    """Each window's maximum as an index into the flattened spatial axes."""
    return kernels.max_positions(
        xp, a, kernel=kernel, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode
    )


# -- average: a closed pair -----------------------------------------------------------------------


def _divisor(xp: Any, size: Any, out: Any, given: int | None, dtype: Any, **window: Any) -> Any:
    """What the windows' sums are divided by: a number, or an array (*T)."""
    counts = given or kernels.elements_per_window(size, out, **window)
    if not isinstance(counts, np.ndarray):
        return float(counts)
    return constant(xp, counts.astype(dtype, copy=False))


@primitive
@in_rows
@in_float32
def avg_pool_p(
    xp: Any, a: Any, *, kernel, stride, padding, ceil_mode, count_include_pad, divisor
) -> Any:
    """The sum of each window over how many elements it has, or over ``divisor``."""
    window = {"kernel": kernel, "stride": stride, "padding": padding}
    y = kernels.window_sum(xp, a, ceil_mode=ceil_mode, **window)
    n = _divisor(
        xp, a.shape[2:], y.shape[2:], divisor, a.dtype, count_padding=count_include_pad, **window
    )
    if a.dtype.kind in "iu":
        return xp.trunc(y / n).astype(a.dtype)
    y /= n
    return y


avg_pool_p.defvjp(
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


@primitive
@in_float32
def avg_spread(
    xp: Any, u: Any, *, size, kernel, stride, padding, ceil_mode, count_include_pad, divisor
) -> Any:
    """``avg_pool_p`` transposed: each window's share added to all of its elements."""
    window = {"kernel": kernel, "stride": stride, "padding": padding}
    u = u / _divisor(
        xp, size, u.shape[2:], divisor, u.dtype, count_padding=count_include_pad, **window
    )
    return kernels.window_spread(xp, u, size=size, **window)


avg_spread.defvjp(
    u=lambda g, kernel, stride, padding, ceil_mode, count_include_pad, divisor: avg_pool_p(
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
    return max_pools(
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
    return max_pools(
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


@as_one()
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
    return max_pools(
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


def max_pools(
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
        y = max_pool_p(x, **window)
        return (y, max_positions(x, **window)) if return_indices else y

    y = batched(input, dims, pool)
    named(
        y[0] if return_indices else y,
        f"MaxPool{dims}DWithIndicesBackward0" if dims > 1 else "SqueezeBackward1",
    )
    return y


def avg_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """The average of each window of (N, C, L) or (C, L); arguments as in ``avg_pool2d``."""
    return avg_pools(
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
    *,
    out: Any = None,
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
    y = avg_pools(
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
    return y if out is None else write_out("avg_pool2d", out, y, exact=True)


@as_one()
def avg_pool3d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    out: Any = None,
) -> Any:
    """The average of each window of (N, C, D, H, W) or (C, D, H, W); as ``avg_pool2d``."""
    y = avg_pools(
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
    return y if out is None else write_out("avg_pool3d", out, y, exact=True)


def avg_pools(
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
    y = batched(
        input,
        dims,
        lambda x: avg_pool_p(x, **window, count_include_pad=count_include_pad, divisor=divisor),
    )
    return named(y, f"AvgPool{dims}DBackward0" if dims > 1 else "SqueezeBackward1")


def lp_pool1d(
    input: Any, norm_type: Any, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """``(sum x^p)^(1/p)`` of each window of (N, C, L) or (C, L), p = ``norm_type``."""
    return _lp_pools(avg_pool1d, 1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Any, norm_type: Any, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """``(sum x^p)^(1/p)`` of each window of (N, C, H, W) or (C, H, W), p = ``norm_type``."""
    return _lp_pools(avg_pool2d, 2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Any, norm_type: Any, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """``(sum x^p)^(1/p)`` of each window of (N, C, D, H, W) or (C, D, H, W), p = ``norm_type``."""
    return _lp_pools(avg_pool3d, 3, input, norm_type, kernel_size, stride, ceil_mode)


def _lp_pools(
    average: Any, dims: int, input: Any, p: Any, kernel: Any, stride: Any, ceil_mode: bool
) -> Any:
    if math.isinf(p):
        size = abs(input) if p > 0 else -abs(input)
        y = max_pools(f"max_pool{dims}d", dims, size, kernel, stride, 0, 1, ceil_mode, False)
        return y if p > 0 else -y
    count = math.prod(per_axis("lp_pool", "kernel_size", kernel, dims))
    y = average(input**p, kernel, stride or None, 0, ceil_mode)
    # sign(y) relu(|y|) is y, but stops the infinite gradient of the root at 0.
    return (sign(y) * relu(abs(y)) * count) ** (1.0 / p)


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
    kernel = per_axis(op, "kernel_size", kernel, dims)
    given = stride is not None and not (isinstance(stride, (tuple, list)) and len(stride) == 0)
    stride = per_axis(op, "stride", stride, dims) if given else kernel
    padding = per_axis(op, "padding", padding, dims)
    dilation = per_axis(op, "dilation", dilation, dims)
    pairs = tuple([(p, p) for p in padding])
    ceil_mode = bool(ceil_mode)
    _check_windows(op, dims, input.array.shape, kernel, stride, pairs, dilation, ceil_mode)
    return {
        "kernel": kernel,
        "stride": stride,
        "padding": pairs,
        "dilation": dilation,
        "ceil_mode": ceil_mode,
    }


@functools.lru_cache(maxsize=256)
def _check_windows(
    op: str,
    dims: int,
    shape: Ints,
    kernel: Ints,
    stride: Ints,
    pairs: Pairs,
    dilation: Ints,
    ceil_mode: bool,
) -> None:
    """Refuse windows that are none, or do not fit."""
    padding = tuple([before for before, _ in pairs])
    for name, values in (("kernel_size", kernel), ("stride", stride), ("dilation", dilation)):
        if min(values) < 1:
            raise RuntimeError(
                f"{op}() {name} must be greater than zero, but got {values[0]}"
                if dims == 1
                else f"{op}: {name.replace('_', ' ')} should be greater than zero, but got {values}"
            )
    if min(padding) < 0:
        raise RuntimeError(f"{op}: pad must be non-negative, but got {padding}")
    if any(p > (d * (k - 1) + 1) // 2 for p, k, d in zip(padding, kernel, dilation)):
        raise RuntimeError(
            f"{op}: pad should be at most half of effective kernel size, but got pad={padding}, "
            f"kernel_size={kernel} and dilation={dilation}"
        )
    check_axes(op, dims, shape)
    out = kernels.pooled_size(shape[-dims:], kernel, stride, pairs, dilation, ceil_mode)
    if min(out) < 1:
        calculated = "Invalid computed output size" if dims == 1 else "Calculated output size"
        raise RuntimeError(
            f"{op}: Given input size {list(shape)} and kernel_size={kernel}. {calculated}: "
            f"{out[0] if dims == 1 else out}. Output size is too small"
        )


def check_axes(op: str, dims: int, shape: tuple[int, ...]) -> None:
    """Refuse a shape that is not (N, C, *S) or (C, *S) with ``dims`` spatial axes, or is empty."""
    fits = len(shape) in (dims + 1, dims + 2)
    filled = shape[-dims - 1 :]
    if op.startswith("adaptive"):  # these take no channels, or no batch of them
        filled = shape[-dims:] if "avg" in op else shape[1:]
    if fits and 0 not in filled:
        return
    kinds = f"{dims + 1}D or {dims + 2}D (batch mode) tensor"
    if not fits and dims > 1:
        raise RuntimeError(f"{op}: non-empty {kinds} expected for input, but got: {list(shape)}")
    raise RuntimeError(
        f"{op}: Expected {kinds} with optional 0 dim batch size for input, but got: {list(shape)}"
        if dims < 3
        else f"{op}: Expected input's non-batch dimensions to have positive length, but input has "
        f"a shape of {list(shape)}"
    )
