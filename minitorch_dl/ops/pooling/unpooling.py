"""Undoing max pooling: the maxima put back in their places."""

from __future__ import annotations

import math
from typing import Any

from ...autograd.errors import require_kind
from ...autograd.node_names import as_one
from ...autograd.primitive import primitive
from ...backend import check_range
from ..gathering import gather_p
from ..shape import reshape_p
from ..spatial import per_axis

__all__: list[str] = []


@primitive
def place_along(xp: Any, a: Any, index: Any, *, dim: int, size: int) -> Any:
    """Zeros, of ``size`` along ``dim``, with ``a`` put at ``index``."""
    y = xp.zeros((*a.shape[:dim], size, *a.shape[dim + 1 :]), a.dtype)
    xp.put_along_axis(y, index, a, dim)
    return y


place_along.defvjp(a=lambda g, index, dim: gather_p(g, index, dim=dim))


@as_one("SqueezeBackward1")
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


@as_one("MaxUnpool2DBackward0")
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
        kernel_size, stride, padding: those of the pooling. output_size: the size before the
        pooling, where several are possible; ``(H - 1) stride - 2 padding + kernel`` unless given.
        Leading axes may be named too.
    """
    return _max_unpools(
        "max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size
    )


@as_one("MaxUnpool3DBackward0")
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
    require_kind(op, "float", input)
    x, index = input.array, indices.array
    if index.dtype != "int64":
        raise RuntimeError(f"{op}: elements in indices should be type int64 but got: {index.dtype}")
    if x.shape != index.shape:
        raise RuntimeError(
            f"{op}: Expected shape of indices to be same as that of the input tensor "
            f"({list(x.shape)}) but got indices tensor with shape: {list(index.shape)}"
        )
    if x.ndim not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"{op}: Input to {op} should be a {dims + 1}d or {dims + 2}d Tensor, but got a tensor "
            f"of shape {list(x.shape)}"
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
            f"{op}: output_size should be a sequence containing {dims} or {dims + 2} elements, but "
            f"it has a length of '{len(size)}'"
        )
    if any(abs(n - d) >= s for n, d, s in zip(size, default, stride)):
        raise ValueError(
            f"{op}: invalid output_size {size}: each size must be less than stride={list(stride)} "
            f"away from {default}"
        )
    total = math.prod(size)
    text = (
        f"{op}: Found an invalid max index {{}}: indices must be in [0, {total - 1}] for output "
        f"size {size}"
    )
    check_range(index, total, text=text)
    lead = x.shape[:-dims]
    flat = (*lead, math.prod(x.shape[-dims:]))
    y = place_along(
        reshape_p(input, shape=flat), reshape_p(indices, shape=flat), dim=len(lead), size=total
    )
    return reshape_p(y, shape=(*lead, *size))
