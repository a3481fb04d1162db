"""Reductions and normalizations of the elements that a mask selects: those of ``torch.masked``.

A masked-out element is replaced by the op's identity, the value that changes no result (0 for a
sum, -inf for a maximum), and the ordinary op does the rest; what divides by a count takes the
number of elements that are left. So where nothing is left, the result is the identity, and NaN
where there is none (mean, median, variances). A mask is broadcast to its input.
"""

from __future__ import annotations

import builtins
import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.engine_ops import cast, conj, expand_p, is_complex
from ..backend import dtypes
from . import extrema, reductions, scans, sorting
from .creation import full_like, ones_like
from .dims import normalize_dims, wrap_dim
from .elementwise import logaddexp as _logaddexp
from .linalg import norms
from .powers import sqrt
from .reductions import in_dtype
from .selection import maximum, select
from .shape import reshape_p
from .softmax import log_softmax as _log_softmax, softmax as _softmax, softmin as _softmin

__all__ = [
    "amax", "amin", "argmax", "argmin", "cumprod", "cumsum", "log_softmax", "logaddexp",
    "logsumexp", "mean", "median", "norm", "normalize", "prod", "softmax", "softmin", "std", "sum",
    "var",
]  # fmt: skip


def _selected(op: str, input: Any, mask: Any) -> Any:
    """``mask`` as booleans of the input's shape."""
    if mask.ndim > input.ndim:
        raise IndexError(
            f"masked.{op}: expected broadcastable mask (got mask dimensionality higher than of the "
            f"input): the mask's size is {list(mask.shape)}, the input's {list(input.shape)}"
        )
    return expand_p(cast(mask, dtype="bool"), shape=tuple(input.shape))


def _fill(op: str, input: Any, mask: Any, identity: float) -> Any:
    """The input with ``identity`` where it is masked out, an infinite one standing for the end of
    an integer dtype's range; without a mask the input itself."""
    if mask is None:
        return input
    dtype: dtypes.dtype = input.dtype
    logarithms = dtype.is_complex and op in ("logaddexp", "logsumexp")
    if math.isinf(identity) and not (dtype.is_floating_point or logarithms):
        if dtype is dtypes.bool or dtype.is_complex:
            raise NotImplementedError(f"masked.{op}: {op} has no identity on {dtype} input")
        limits = np.iinfo(dtype.numpy)
        identity = limits.max if identity > 0 else limits.min
    return select(_selected(op, input, mask), input, identity)


def _input_mask(input: Any, *args: Any, mask: Any = None, **kwargs: Any) -> Any:
    """Which elements of ``input`` take part when it is given with these arguments."""
    if mask is None:
        return ones_like(input, dtype=dtypes.bool)
    return _selected("_input_mask", input, mask)


def _output_mask(op: Callable[..., Any], input: Any, *args: Any, **kwargs: Any) -> Any:
    """Which elements of ``op(input, *args, **kwargs)`` come from any element at all."""
    selected = _input_mask(input, *args, **kwargs)
    if op.__name__ in ("softmax", "log_softmax", "softmin", "normalize", "cumsum", "cumprod"):
        return selected
    call = inspect.signature(op).bind(input, *args, **kwargs)
    call.apply_defaults()
    dims = normalize_dims(call.arguments["dim"], input.ndim)
    return reductions.any(selected, dims, bool(call.arguments["keepdim"]))


def sum(
    input: Any,
    dim: Any = None,
    *,
    keepdim: builtins.bool | None = False,
    dtype: Any = None,
    mask: Any = None,
) -> Any:
    """The sum over ``dim`` of the elements where ``mask`` is true.

    >>> import minitorch_dl as torch
    >>> x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> torch.masked.sum(x, 1, mask=torch.tensor([[True, False], [True, True]]))
    tensor([1., 7.])
    """
    dims = normalize_dims(dim, input.ndim)
    return reductions.sum(_fill("sum", input, mask, 0), dims, bool(keepdim), dtype=dtype)


def prod(
    input: Any,
    dim: Any = None,
    *,
    keepdim: builtins.bool | None = False,
    dtype: Any = None,
    mask: Any = None,
) -> Any:
    """The product over ``dim`` of the elements where ``mask`` is true."""
    if dtype is None and input.array.dtype.kind in "iub":
        dtype = dtypes.int64
    y = in_dtype(_fill("prod", input, mask, 1), dtype)
    if input.ndim or dim is not None:
        y = reductions.prod_p(y, dims=normalize_dims(dim, input.ndim), keepdim=bool(keepdim))
    return in_dtype(y, dtype)


def cumsum(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """The running sums along ``dim`` of the elements where ``mask`` is true."""
    return scans.cumsum(_fill("cumsum", input, mask, 0), dim, dtype=dtype or input.dtype)


def cumprod(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """The running products along ``dim`` of the elements where ``mask`` is true."""
    return scans.cumprod(_fill("cumprod", input, mask, 1), dim, dtype=dtype or input.dtype)


def amax(
    input: Any,
    dim: Any = None,
    *,
    keepdim: builtins.bool | None = False,
    dtype: Any = None,
    mask: Any = None,
) -> Any:
    """The largest element over ``dim`` where ``mask`` is true; the lowest number of the dtype where
    there is none."""
    filled = _fill("amax", input, mask, -math.inf)
    return in_dtype(extrema.amax(filled, () if dim is None else dim, bool(keepdim)), dtype)


def amin(
    input: Any,
    dim: Any = None,
    *,
    keepdim: builtins.bool | None = False,
    dtype: Any = None,
    mask: Any = None,
) -> Any:
    """The smallest element over ``dim`` where ``mask`` is true; the highest number of the dtype
    where there is none."""
    filled = _fill("amin", input, mask, math.inf)
    return in_dtype(extrema.amin(filled, () if dim is None else dim, bool(keepdim)), dtype)


def argmax(
    input: Any,
    dim: int | None = None,
    *,
    keepdim: builtins.bool | None = False,
    dtype: Any = None,
    mask: Any = None,
) -> Any:
    """The index of the largest element where ``mask`` is true, in the input's dtype unless another
    is given."""
    filled = _fill("argmax", input, mask, -math.inf)
    return in_dtype(extrema.argmax(filled, dim, bool(keepdim)), dtype or input.dtype)


def argmin(
    input: Any,
    dim: int | None = None,
    *,
    keepdim: builtins.bool | None = False,
    dtype: Any = None,
    mask: Any = None,
) -> Any:
    """The index of the smallest element where ``mask`` is true, in the input's dtype unless another
    is given."""
    filled = _fill("argmin", input, mask, math.inf)
    return in_dtype(extrema.argmin(filled, dim, bool(keepdim)), dtype or input.dtype)


def logsumexp(
    input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None
) -> Any:
    """``log(sum(exp(input)))`` over ``dim`` of the elements where ``mask`` is true."""
    filled = _fill("logsumexp", input, mask, -math.inf)
    return in_dtype(reductions.logsumexp(filled, dim, keepdim), dtype or input.dtype)


def logaddexp(
    input: Any, other: Any, *, dtype: Any = None, input_mask: Any = None, other_mask: Any = None
) -> Any:
    """``log(exp(input) + exp(other))``, without the operand whose mask is false."""
    a = _fill("logaddexp", input, input_mask, -math.inf)
    b = _fill("logaddexp", other, other_mask, -math.inf)
    return in_dtype(_logaddexp(a, b), dtype or input.dtype)


# -- what divides by a count -----------------------------------------------------------------------


def _count(op: str, input: Any, mask: Any, dim: Any, keepdim: bool) -> Any:
    """How many elements are left along ``dim``."""
    chosen = ones_like(input, dtype=dtypes.bool) if mask is None else _selected(op, input, mask)
    return reductions.sum(chosen, dim, keepdim)


def mean(
    input: Any,
    dim: Any = None,
    *,
    keepdim: builtins.bool | None = False,
    dtype: Any = None,
    mask: Any = None,
) -> Any:
    """The mean over ``dim`` of the elements where ``mask`` is true; NaN where there is none.

    >>> import minitorch_dl as torch
    >>> x = torch.tensor([[1.0, 2.0], [3.0, 5.0]])
    >>> torch.masked.mean(x, 1, mask=torch.tensor([[True, False], [True, True]]))
    tensor([1., 4.])
    """
    wanted = dtypes.as_dtype(dtype or input.dtype)
    if wanted.kind < dtypes.FLOAT:
        raise ValueError(
            f"masked.mean: could not infer output dtype. {'Input' if dtype is None else 'Optional'}"
            f" dtype must be either a floating point or complex dtype. Got: {wanted}"
        )
    total = sum(input, dim, keepdim=keepdim, dtype=wanted, mask=mask)
    return total / _count("mean", input, mask, dim, bool(keepdim))


def median(
    input: Any, dim: int = -1, *, keepdim: bool = False, dtype: Any = None, mask: Any = None
) -> Any:
    """The lower median along ``dim`` of the elements where ``mask`` is true; NaN where there is
    none, which integers refuse."""
    exact = input.dtype.is_floating_point
    filled = _fill("median", input if exact else cast(input, dtype="float32"), mask, math.nan)
    y = sorting.nanmedian(filled, wrap_dim(dim, input.ndim), keepdim).values
    if exact:
        return y
    if not (y.array == y.array).all():
        raise ValueError(
            "masked.median: expects no fully masked out rows if dtype is not floating point, got "
            f"{input.dtype}"
        )
    return in_dtype(y, dtype or input.dtype)


def norm(
    input: Any,
    ord: float | None = 2.0,
    dim: Any = None,
    *,
    keepdim: builtins.bool | None = False,
    dtype: Any = None,
    mask: Any = None,
) -> Any:
    """The vector norm of order ``ord`` over ``dim`` of the elements where ``mask`` is true."""
    order = 2.0 if ord is None else ord
    filled = _fill("norm", input, mask, math.inf if order == -math.inf else 0)
    dims = normalize_dims(dim, input.ndim)
    return norms.vector_norm(filled, order, dims, bool(keepdim), dtype=dtype)


def _variance(
    op: str,
    input: Any,
    dim: Any,
    unbiased: builtins.bool | None,
    correction: float | None,
    keepdim: builtins.bool | None,
    dtype: Any,
    mask: Any,
) -> Any:
    """``sum(|x - mean|^2) / max(0, n - correction)`` over the selected elements."""
    if unbiased is not None and correction is not None:
        raise AssertionError(f"masked.{op}: only one of unbiased and correction may be given")
    if correction is None:
        correction = 1 if unbiased is None or unbiased else 0
    wanted = dtypes.as_dtype(dtype or input.dtype)
    compute = wanted if wanted.kind >= dtypes.FLOAT else dtypes.float32
    wanted = wanted if dtype is not None else compute
    count = _count(op, input, mask, dim, True)
    centred = input - sum(input, dim, keepdim=True, dtype=wanted, mask=mask) / count
    squares = centred * conj(centred) if is_complex(centred) else centred * centred
    total = sum(squares, dim, keepdim=keepdim, dtype=compute, mask=mask)
    freedom = reshape_p(count, shape=tuple(total.shape))
    if correction:
        real = dtypes.float32 if compute.itemsize == 2 else compute.to_real()
        freedom = in_dtype(freedom, real) - correction
        freedom = select(freedom > 0, freedom, 0)
    return in_dtype(total / freedom, wanted)


def var(
    input: Any,
    dim: Any = None,
    unbiased: builtins.bool | None = None,
    *,
    correction: float | None = None,
    keepdim: builtins.bool | None = False,
    dtype: Any = None,
    mask: Any = None,
) -> Any:
    """The variance over ``dim`` of the elements where ``mask`` is true, in float32 for integers:
    ``sum(|x - mean|^2) / max(0, n - correction)``."""
    return _variance("var", input, dim, unbiased, correction, keepdim, dtype, mask)


def std(
    input: Any,
    dim: Any = None,
    unbiased: builtins.bool | None = None,
    *,
    correction: float | None = None,
    keepdim: builtins.bool | None = False,
    dtype: Any = None,
    mask: Any = None,
) -> Any:
    """The standard deviation over ``dim`` of the elements where ``mask`` is true: the root of
    ``var``."""
    return sqrt(_variance("std", input, dim, unbiased, correction, keepdim, dtype, mask))


# -- normalizations --------------------------------------------------------------------------------


def softmax(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """``exp(x) / sum exp(x)`` along ``dim`` over the elements where ``mask`` is true; 0 elsewhere,
    and NaN where a whole row is masked out.

    >>> import minitorch_dl as torch
    >>> torch.masked.softmax(torch.zeros(3), 0, mask=torch.tensor([True, True, False]))
    tensor([0.5000, 0.5000, 0.0000])
    """
    filled = _fill("softmax", input, mask, -math.inf)
    return _softmax(filled, dim, dtype=dtype or input.dtype)


def log_softmax(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """The logarithm of ``softmax``: -inf where ``mask`` is false."""
    filled = _fill("log_softmax", input, mask, -math.inf)
    return _log_softmax(filled, dim, dtype=dtype or input.dtype)


def softmin(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """``softmax(-x)`` along ``dim`` over the elements where ``mask`` is true."""
    filled = _fill("softmin", input, mask, math.inf)
    return _softmin(filled, dim, dtype=dtype or input.dtype)


def normalize(
    input: Any,
    ord: float,
    dim: int,
    *,
    eps: float = 1e-12,
    dtype: Any = None,
    mask: Any = None,
) -> Any:
    """``x / max(norm(x), eps)`` along ``dim`` with the norm of order ``ord`` of the elements where
    ``mask`` is true; 0 elsewhere."""
    length = norm(input, ord, dim, keepdim=True, dtype=dtype, mask=mask)
    return _fill("normalize", input, mask, 0) / maximum(length, full_like(length, eps))
