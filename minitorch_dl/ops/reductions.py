"""Sums, means, products and logical reductions.

``dims`` is None for all dims, else a sorted tuple of axes; ``spread`` is the reverse of summing: it
repeats along the summed dims.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.engine_ops import cast
from ..autograd.errors import refuse_complex
from ..autograd.node_names import as_one, named
from ..autograd.primitive import fused, primitive, write_out
from ..backend import dtypes
from ..backend.precision import is_half
from ..backend.row_major import in_rows
from ..backend.strides import expanded
from ..backend.sums import SOME, sum_by_products
from .dims import normalize_dims
from .elementwise import exp
from .joining import cat
from .movement import clone_p
from .selection import keep
from .shape import permute, reshape_p

__all__ = [
    "all", "any", "count_nonzero", "logsumexp", "mean", "nanmean", "nansum", "prod", "sum",
]  # fmt: skip

# -- sums ------------------------------------------------------------------------------------------

ACCUMULATOR = {
    d.numpy: (dtypes.float32 if d.itemsize == 2 else d).numpy
    if d.kind >= dtypes.FLOAT
    else dtypes.int64.numpy
    for d in dtypes.ALL
    if d._numpy is not None
}
"""What a dtype is summed in: integers in int64, which is also the result; two-byte floats in
float32."""


def wide_sum(xp: Any, a: Any, dims: tuple[int, ...] | None, keepdim: bool) -> Any:
    """The sum in the accumulator's dtype."""
    if dims and a.size >= SOME and (y := sum_by_products(xp, a, dims)) is not None:
        return y.reshape(
            [1 if i in dims else n for i, n in enumerate(a.shape) if keepdim or i not in dims]
        )
    if xp.__name__ == "numpy":  # a.sum would warn of inf - inf in the name of NumPy
        return xp.add.reduce(a, dims, ACCUMULATOR[a.dtype], None, keepdim)
    return a.sum(dims, ACCUMULATOR[a.dtype], None, keepdim)


@primitive(complex=True)
def sum_p(xp: Any, a: Any, *, dims: tuple[int, ...] | None, keepdim: bool) -> Any:
    y = wide_sum(xp, a, dims, keepdim)
    return y if y.dtype is a.dtype or y.dtype.kind == "i" else y.astype(a.dtype)


sum_p.defvjp(
    a=lambda g, a_shape, dims, keepdim: spread(g, dims=dims, keepdim=keepdim, shape=a_shape)
)


@primitive(complex=True)
def spread(
    xp: Any, a: Any, *, dims: tuple[int, ...] | None, keepdim: bool, shape: tuple[int, ...]
) -> Any:
    """``a`` repeated along ``dims`` up to ``shape``: the reverse of a sum over ``dims``."""
    if dims is None and math.prod(shape) <= 4096:  # a small array is filled sooner than broadcast
        y = xp.empty(shape, a.dtype)
        y.fill(a.item()) if xp.__name__ == "numpy" else y.__setitem__(..., a)
        return y
    if not keepdim:
        a = a.reshape([1 if dims is None or i in dims else n for i, n in enumerate(shape)])
    return expanded(xp, a, shape)


spread.defvjp(a=lambda g, dims, keepdim: sum_p(g, dims=dims, keepdim=keepdim))


def in_dtype(x: Any, dtype: Any) -> Any:
    """``x`` in the dtype that the caller asked for, if any."""
    if dtype is None or x.dtype is (dtype := dtypes.as_dtype(dtype)):
        return x
    return cast(x, dtype=dtype.name)


def sum(
    input: Any,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
) -> Any:
    """The sum over ``dim`` (an int, several, or all); integers and bools are summed in int64.

    >>> import minitorch_dl as torch
    >>> torch.sum(torch.tensor([[1, 2], [3, 4]]), dim=1)
    tensor([3, 7])
    """
    if out is not None and dtype is None:
        dtype = out.dtype
    y = sum_p(
        in_dtype(input, dtype),
        dims=None if dim is None else normalize_dims(dim, input.ndim),
        keepdim=keepdim,
    )
    if dim is not None:
        named(y, "SumBackward1")
    y = in_dtype(y, dtype)  # integers are summed in int64 whatever was asked for
    return y if out is None else write_out("sum", out, y, exact=True)


@primitive(complex=True, min_kind="float")
def mean_p(xp: Any, a: Any, *, dims: tuple[int, ...] | None, keepdim: bool) -> Any:
    y = wide_sum(xp, a, dims, keepdim) / reduced_count(a.shape, dims)
    return y if y.dtype is a.dtype else y.astype(a.dtype)


def reduced_count(shape: tuple[int, ...], dims: tuple[int, ...] | None) -> Any:
    """How many elements are reduced to one; NaN instead of 0, so that 0/0 is no
    ZeroDivisionError."""
    return math.prod(shape if dims is None else [shape[i] for i in dims]) or math.nan


mean_p.defvjp(
    a=lambda g, a_shape, dims, keepdim: spread(
        g / reduced_count(a_shape, dims), dims=dims, keepdim=keepdim, shape=a_shape
    )
)


def _float_input(op: str, input: Any, dtype: Any) -> Any:
    """``input`` in the wanted dtype, which must be a floating one."""
    input = in_dtype(input, dtype)
    if input.dtype.kind < dtypes.FLOAT:
        legacy = dtypes.LEGACY_NAMES[input.dtype.name]
        raise RuntimeError(
            f"{op}(): could not infer output dtype. {'Input' if dtype is None else 'Optional'} "
            f"dtype must be either a floating point or complex dtype. Got: {legacy}. Pass "
            "dtype=torch.float32, or convert the input with .float()"
        )
    return input


def mean(
    input: Any,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
) -> Any:
    """The mean over ``dim`` (an int, several, or all); NaN where there is nothing to average.

    >>> import minitorch_dl as torch
    >>> torch.mean(torch.tensor([[1.0, 2.0], [3.0, 6.0]]), dim=0)
    tensor([2., 4.])
    """
    if dtype is not None or not input.dtype.is_floating_point:
        input = _float_input("mean", input, dtype)
    y = mean_p(
        input, dims=None if dim is None else normalize_dims(dim, input.ndim), keepdim=keepdim
    )
    if dim is not None:
        named(y, "MeanBackward1")
    return y if out is None else write_out("mean", out, y)


@as_one("NansumBackward0")
def nansum(
    input: Any,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
) -> Any:
    """The sum over ``dim`` of all that is not NaN."""
    refuse_complex("nansum", input)
    if input.array.dtype.kind in "iub":
        return sum(input, dim, keepdim, dtype=dtype, out=out)
    input = in_dtype(input, dtype)
    y = sum(keep(input, not_nan(input)), dim, keepdim, dtype=dtype)
    return y if out is None else write_out("nansum", out, y, exact=dtype is not None)


def nanmean(
    input: Any,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
) -> Any:
    """The mean over ``dim`` of all that is not NaN."""
    if dtype is None and input.dtype.kind < dtypes.FLOAT:
        raise RuntimeError(
            "nanmean(): expected input to have floating point or complex dtype but got "
            f"{input.dtype}"
        )
    input = _float_input("nanmean", input, dtype)
    n = sum(not_nan(input), dim, keepdim)
    y = nansum(input, dim, keepdim) / n
    return y if out is None else write_out("nanmean", out, y)


@primitive(complex=True)
def not_nan(xp: Any, a: Any) -> Any:
    return a == a


# -- products --------------------------------------------------------------------------------------


def _prod_tree(a: Any, *, dims: tuple[int, ...] | None, keepdim: bool) -> Any:
    """The product as a tree of pairwise ones, whose derivatives of any order are right where
    factors are 0."""
    axes = tuple(range(a.ndim)) if dims is None else dims
    kept = [i for i in range(a.ndim) if i not in axes]
    rest = tuple([a.shape[i] for i in kept])
    x = reshape_p(permute(a, (*axes, *kept)), shape=(math.prod([a.shape[i] for i in axes]), *rest))
    if not len(x):
        x = sum_p(x, dims=(0,), keepdim=True) + 1
    elif len(x) == 1:
        x = clone_p(x)
    while len(x) > 1:
        half = len(x) // 2
        x = cat([x[:half] * x[half : 2 * half], x[2 * half :]])
    return reshape_p(
        x, shape=tuple([1 if i in axes else n for i, n in enumerate(a.shape)]) if keepdim else rest
    )


@fused(composite=_prod_tree, complex=True)
@in_rows
def prod_p(xp: Any, a: Any, *, dims: tuple[int, ...] | None, keepdim: bool) -> Any:
    dtype = a.dtype
    return a.prod(dims, ACCUMULATOR[a.dtype], None, keepdim).astype(
        dtype if dtype.kind not in "biu" else "i8"
    )


@prod_p.defbackward
def _prod_gradients(g: Any, xp: Any, a: Any, y: Any, dims: Any, keepdim: bool) -> tuple[Any]:
    if xp.__name__ == "numpy" and a.all():  # asking a GPU would make the host wait
        return (spread(g * y, dims=dims, keepdim=keepdim, shape=a.shape) / a,)
    axes = tuple(range(a.ndim)) if dims is None else dims
    last = range(-len(axes), 0)
    flat = xp.moveaxis(a, axes, last)
    moved = flat.shape
    flat = flat.reshape(*moved[: a.ndim - len(axes)], -1)
    before, after = xp.ones_like(flat), xp.ones_like(flat)  # products of the factors on either side
    wide = "float32" if is_half(a.dtype) else None
    before[..., 1:] = flat[..., :-1].cumprod(-1, wide)
    after[..., :-1] = flat[..., :0:-1].cumprod(-1, wide)[..., ::-1]
    others = xp.moveaxis((before * after).reshape(moved), last, axes)
    return (others * spread(g, dims=dims, keepdim=keepdim, shape=a.shape),)


def prod(
    input: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    out: Any = None,
) -> Any:
    """The product of all elements, or of those along ``dim``; integers and bools are multiplied in
    int64.

    >>> import minitorch_dl as torch
    >>> torch.prod(torch.tensor([[1, 2], [3, 4]]), dim=1)
    tensor([ 2, 12])
    """
    if isinstance(dim, (tuple, list)):
        raise TypeError(f"prod(): expected dim to be one int, but got {dim}")
    if out is not None and dtype is None:
        dtype = out.dtype
    y = prod_p(
        in_dtype(input, dtype),
        dims=None if dim is None else normalize_dims(dim, input.ndim),
        keepdim=keepdim,
    )
    y = in_dtype(y, dtype)
    if dim is not None:
        named(y, "ProdBackward1")
    return y if out is None else write_out("prod", out, y, exact=True)


# -- sums of exponentials --------------------------------------------------------------------------


@primitive(promotes="float", complex="holomorphic")
def logsumexp_p(xp: Any, a: Any, *, dims: tuple[int, ...], keepdim: bool) -> Any:
    if not a.size:
        return xp.log(a.sum(dims, None, None, keepdim))
    m = a.real.max(dims, None, True)
    m = xp.where(xp.isfinite(m), m, xp.zeros_like(m))
    y = xp.log(xp.exp(a - m).sum(dims, ACCUMULATOR[a.dtype], None, True)).astype(a.dtype) + m
    return y if keepdim else y.reshape([n for i, n in enumerate(y.shape) if i not in dims])


def _d_logsumexp(g: Any, a: Any, y: Any, dims: Any, keepdim: bool) -> Any:
    full = {"dims": dims, "keepdim": keepdim, "shape": a.shape}
    return spread(g, **full) * exp(a - spread(y, **full))


logsumexp_p.defvjp(a=_d_logsumexp)


@as_one()
def logsumexp(input: Any, dim: Any, keepdim: bool = False, *, out: Any = None) -> Any:
    """``log(sum(exp(input)))`` over ``dim``, computed without overflow.

    >>> import minitorch_dl as torch
    >>> torch.logsumexp(torch.tensor([0.0, 0.0]), dim=0)
    tensor(0.6931)
    """
    y = logsumexp_p(input, dims=normalize_dims(dim, input.ndim), keepdim=keepdim)
    return y if out is None else write_out("logsumexp", out, y)


# -- logic -----------------------------------------------------------------------------------------


_BOOLS, _BYTES = np.dtype("bool"), np.dtype("uint8")


def _true(a: Any) -> Any:
    return a if a.dtype == _BOOLS else a != 0


@primitive(complex=True)
def any_p(xp: Any, a: Any, *, dims: tuple[int, ...] | None, keepdim: bool) -> Any:
    y = _true(a).any(axis=dims, keepdims=keepdim)
    return y.astype(a.dtype) if a.dtype == _BYTES else y


@primitive(complex=True)
def all_p(xp: Any, a: Any, *, dims: tuple[int, ...] | None, keepdim: bool) -> Any:
    y = _true(a).all(axis=dims, keepdims=keepdim)
    return y.astype(a.dtype) if a.dtype == _BYTES else y


def _truth(op: str, function: Any, input: Any, dim: Any, keepdim: bool, out: Any) -> Any:
    """The result, in ``out`` if that is given: it holds bools, or bytes as it did before there were
    bools. An empty list of dims leaves every element by itself."""
    empty = dim.__class__ in (tuple, list) and not dim
    dims = () if empty else None if dim is None else normalize_dims(dim, input.ndim)
    y = function(input, dims=dims, keepdim=keepdim)
    if out is None:
        return y
    if out.array.dtype not in ("bool", "uint8"):
        raise RuntimeError(f"{op} only supports bool tensor for result, got: {out.dtype}")
    return write_out(op, out, in_dtype(y, out.dtype))


@primitive(complex=True)
def count_nonzero_p(xp: Any, a: Any, *, dims: tuple[int, ...] | None) -> Any:
    return (a != 0).sum(dims)


def any(input: Any, dim: Any = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """Whether an element along ``dim`` (an int, several, or all) is not 0; NaN is not.

    >>> import minitorch_dl as torch
    >>> torch.any(torch.tensor([[0, 1], [0, 0]]), dim=1)
    tensor([ True, False])
    """
    return _truth("any", any_p, input, dim, keepdim, out)


def all(input: Any, dim: Any = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """Whether every element along ``dim`` (an int, several, or all) is not 0; True where there is
    none.

    >>> import minitorch_dl as torch
    >>> torch.all(torch.tensor([[1, 1], [0, 1]]), dim=1)
    tensor([ True, False])
    """
    return _truth("all", all_p, input, dim, keepdim, out)


def count_nonzero(input: Any, dim: Any = None) -> Any:
    """How many elements along ``dim`` (an int, several, or all) are not 0.

    >>> import minitorch_dl as torch
    >>> torch.count_nonzero(torch.tensor([0, 3, 5]))
    tensor(2)
    """
    return count_nonzero_p(input, dims=None if dim is None else normalize_dims(dim, input.ndim))
