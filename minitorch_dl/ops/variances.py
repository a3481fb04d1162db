"""Variances and standard deviations.

``correction`` is subtracted from the number of elements: the variance is
``sum(|x - mean|^2) / max(0, n - correction)``.
"""

from __future__ import annotations

import math
from typing import Any

from ..autograd.node_names import as_one
from ..autograd.primitive import primitive, write_out
from ..backend import dtypes
from ..backend.warning import warn
from .dims import normalize_dims
from .elementwise import div_or_zero
from .reductions import ACCUMULATOR, mean_p, reduced_count, spread, wide_sum

__all__ = ["std", "std_mean", "var", "var_mean"]


@primitive(complex=True)
def var_p(
    xp: Any, a: Any, *, dims: tuple[int, ...] | None, correction: float, keepdim: bool
) -> Any:
    wide = ACCUMULATOR[a.dtype]
    d = (a if a.dtype == wide else a.astype(wide)) - wide_sum(xp, a, dims, True) / reduced_count(
        a.shape, dims
    )
    if d.dtype.kind == "c":
        d = d.real**2 + d.imag**2
    else:
        d *= d
    y = wide_sum(xp, d, dims, keepdim) * _per_freedom(a.shape, dims, correction)
    return y if y.dtype is (dtype := a.real.dtype) else y.astype(dtype)


@primitive(complex=True)
def std_p(
    xp: Any, a: Any, *, dims: tuple[int, ...] | None, correction: float, keepdim: bool
) -> Any:
    return xp.sqrt(var_p.primitive.kernel(xp, a, dims=dims, correction=correction, keepdim=keepdim))


def _per_freedom(shape: tuple[int, ...], dims: tuple[int, ...] | None, correction: float) -> float:
    """1 / degrees of freedom; infinite when there are none left, so that a sum of 0 gives NaN."""
    freedom = reduced_count(shape, dims) - correction
    return math.inf if freedom <= 0 else 1 / freedom


def _d_var(g: Any, a: Any, dims: Any, correction: float, keepdim: bool) -> Any:
    centred = a - mean_p(a, dims=dims, keepdim=True)
    scale = 2 * _per_freedom(a.shape, dims, correction)
    return spread(g * scale, dims=dims, keepdim=keepdim, shape=a.shape) * centred


def _d_std(g: Any, a: Any, y: Any, dims: Any, correction: float, keepdim: bool) -> Any:
    return _d_var(div_or_zero(g, 2 * y), a, dims, correction, keepdim)


var_p.defvjp(a=_d_var)
std_p.defvjp(a=_d_std)


def _spread_arguments(
    op: str, input: Any, dim: Any, unbiased: bool | None, correction: float | None
) -> tuple[tuple[int, ...] | None, float]:
    """The dims and the correction meant by the several ways to call a variance."""
    if dim.__class__ is bool:  # var(x, unbiased)
        dim, unbiased = None, dim
    if input.dtype.kind < dtypes.FLOAT:
        raise RuntimeError(
            f"{op}(): std and var only support floating point and complex dtypes, got {input.dtype}"
        )
    if unbiased is not None and correction is not None:
        raise TypeError(f"{op}(): takes unbiased or correction, not both")
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    dims = None if dim is None else normalize_dims(dim, input.ndim) or None
    if not reduced_count(input.shape, dims) - correction > 0:
        warn(
            f"{op}(): degrees of freedom is <= 0. Correction should be strictly less than the "
            "reduction factor (input numel divided by output numel).",
        )
    return dims, correction


def var(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    out: Any = None,
) -> Any:
    """The variance over ``dim``: ``sum(|x - mean|^2) / max(0, n - correction)``; correction 1
    unless given, 0 if ``unbiased=False``.

    >>> import minitorch_dl as torch
    >>> torch.var(torch.tensor([1.0, 2.0, 3.0, 6.0]), correction=0)
    tensor(3.5000)
    """
    dims, correction = _spread_arguments("var", input, dim, unbiased, correction)
    y = var_p(input, dims=dims, correction=correction, keepdim=keepdim)
    return y if out is None else write_out("var", out, y)


def std(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    out: Any = None,
) -> Any:
    """The standard deviation over ``dim``: the root of ``var``."""
    dims, correction = _spread_arguments("std", input, dim, unbiased, correction)
    y = std_p(input, dims=dims, correction=correction, keepdim=keepdim)
    return y if out is None else write_out("std", out, y)


@as_one("VarMeanBackward0")
def var_mean(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Any, Any]:
    """``(var, mean)`` over ``dim``."""
    dims, correction = _spread_arguments("var_mean", input, dim, unbiased, correction)
    y = var_p(input, dims=dims, correction=correction, keepdim=keepdim)
    return y, mean_p(input, dims=dims, keepdim=keepdim)


@as_one("StdMeanBackward0")
def std_mean(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Any, Any]:
    """``(std, mean)`` over ``dim``."""
    dims, correction = _spread_arguments("std_mean", input, dim, unbiased, correction)
    y = std_p(input, dims=dims, correction=correction, keepdim=keepdim)
    return y, mean_p(input, dims=dims, keepdim=keepdim)
