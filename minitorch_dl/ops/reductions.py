"""Sums, means, products, variances and logical reductions.

``dims`` is None for all dims, else a sorted tuple of axes; ``spread`` is the reverse of summing: it repeats along the summed dims.
"""

from __future__ import annotations

import builtins
import math
from typing import Any

from ..autograd.primitive import primitive, write_out
from ..autograd.structural import cast
from ..backend import dtypes
from .dims import normalize_dims, numpy_names

__all__ = ["mean", "sum"]

# -- sums --------------------------------------------------------------------------------------------------------------

_ACCUMULATOR = {
    d.numpy: (dtypes.float32 if d.itemsize == 2 else d).numpy if d.is_floating_point else dtypes.int64.numpy
    for d in dtypes.ALL
    if d._numpy is not None
}
"""What a dtype is summed in: integers in int64, which is also the result; two-byte floats in float32."""


@primitive(name="sum")
def _sum(xp: Any, a: Any, *, dims: tuple[int, ...] | None, keepdim: builtins.bool) -> Any:
    dtype = a.dtype
    wide = _ACCUMULATOR[dtype]
    if dims == (0,) and a.ndim == 2 and wide is dtype and _is_tall(a):
        y = xp.ones(len(a), dtype) @ a  # BLAS is several times quicker here than a reduction over rows
        return y[None] if keepdim else y
    y = a.sum(dims, wide, None, keepdim)
    return y if wide is dtype or wide.kind == "i" else y.astype(dtype)


def _is_tall(a: Any) -> builtins.bool:
    return a.dtype.kind == "f" and len(a) >= 64 and a.shape[1] <= 512 and a.flags.c_contiguous


@primitive
def spread(
    xp: Any, a: Any, *, dims: tuple[int, ...] | None, keepdim: builtins.bool, shape: tuple[int, ...]
) -> Any:
    """``a`` repeated along ``dims`` up to ``shape``: the reverse of a sum over ``dims``."""
    if dims is None and math.prod(shape) <= 4096:  # a small array is filled sooner than broadcast
        y = xp.empty(shape, a.dtype)
        y.fill(a.item()) if xp.__name__ == "numpy" else y.__setitem__(..., a)
        return y
    if not keepdim:
        a = a.reshape([1 if dims is None or i in dims else n for i, n in enumerate(shape)])
    return xp.broadcast_to(a, shape)


_sum.defvjp(a=lambda g, a_shape, dims, keepdim: spread(g, dims=dims, keepdim=keepdim, shape=a_shape))
spread.defvjp(a=lambda g, dims, keepdim: _sum(g, dims=dims, keepdim=keepdim))


@numpy_names
def sum(
    input: Any, dim: Any = None, keepdim: builtins.bool = False, *, dtype: Any = None, out: Any = None
) -> Any:
    """The sum over ``dim`` (an int, several, or all); integers and bools are summed in int64.

    >>> import minitorch_dl as torch
    >>> torch.sum(torch.tensor([[1, 2], [3, 4]]), dim=1)
    tensor([3, 7])
    """
    if dtype is not None:
        input = cast(input, dtype=dtypes.as_dtype(dtype).name)
    y = _sum(input, dims=None if dim is None else normalize_dims(dim, input.ndim), keepdim=keepdim)
    return y if out is None else write_out("sum", out, y)


@primitive(name="mean")
def _mean(xp: Any, a: Any, *, dims: tuple[int, ...] | None, keepdim: builtins.bool) -> Any:
    dtype = a.dtype
    y = a.sum(dims, _ACCUMULATOR[dtype], None, keepdim) / _count(a.shape, dims)
    return y if y.dtype is dtype else y.astype(dtype)


def _count(shape: tuple[int, ...], dims: tuple[int, ...] | None) -> Any:
    """How many elements are reduced to one; NaN instead of 0, so that 0/0 is no ZeroDivisionError."""
    return math.prod(shape if dims is None else [shape[i] for i in dims]) or math.nan


_mean.defvjp(
    a=lambda g, a_shape, dims, keepdim: spread(
        g / _count(a_shape, dims), dims=dims, keepdim=keepdim, shape=a_shape
    )
)


def _float_input(op: str, input: Any, dtype: Any) -> Any:
    """``input`` in the wanted dtype, which must be a floating one."""
    if dtype is not None:
        input = cast(input, dtype=dtypes.as_dtype(dtype).name)
    if not input.dtype.is_floating_point:
        raise RuntimeError(
            f"{op}(): could not infer output dtype. Input dtype must be a floating point dtype, got {input.dtype}. "
            f"Pass dtype=torch.float32, or convert the input with .float()"
        )
    return input


@numpy_names
def mean(
    input: Any, dim: Any = None, keepdim: builtins.bool = False, *, dtype: Any = None, out: Any = None
) -> Any:
    """The mean over ``dim`` (an int, several, or all); NaN where there is nothing to average.

    >>> import minitorch_dl as torch
    >>> torch.mean(torch.tensor([[1.0, 2.0], [3.0, 6.0]]), dim=0)
    tensor([2., 4.])
    """
    if dtype is not None or not input.dtype.is_floating_point:
        input = _float_input("mean", input, dtype)
    y = _mean(input, dims=None if dim is None else normalize_dims(dim, input.ndim), keepdim=keepdim)
    return y if out is None else write_out("mean", out, y)
