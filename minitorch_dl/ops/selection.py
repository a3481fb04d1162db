"""Choosing between values by a mask or by size: ``where``, ``clamp``, ``maximum`` and their kin.

Masks carry no gradient. A formula picks entries of a gradient with ``keep``, which is linear in its
first input and its own derivative, so double backward through a kink is right and an infinite
gradient outside the mask does not become NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.engine_ops import cast
from ..autograd.errors import require_kind
from ..autograd.no_derivative import no_derivative
from ..autograd.node_names import named
from ..autograd.primitive import TensorBase, primitive, write_out
from ..backend import array_module, dtypes
from ..backend.activations import where_not_zero
from ..backend.selection import choose, clip as limited
from ..backend.warning import warn_once
from .inspection import finfo

__all__ = [
    "clamp", "clamp_max", "clamp_min", "clip", "fmax", "fmin", "heaviside", "maximum", "minimum",
    "nan_to_num", "where",
]  # fmt: skip

_BITS = {2: "i2", 4: "i4", 8: "i8"}


@primitive(complex=True)
def keep(xp: Any, a: Any, mask: Any) -> Any:
    """``a`` where ``mask`` holds and 0 elsewhere, also where ``a`` is infinite or NaN."""
    if a.dtype.kind in "iub":
        return xp.multiply(a, mask)
    if a.dtype.kind == "c":
        return xp.where(mask, a, a.dtype.type(0))
    # An integer product of the bit patterns: 0 * inf would be NaN, and where() is ten times slower.
    return xp.multiply(a.view(_BITS[a.dtype.itemsize]), mask).view(a.dtype)


keep.defvjp(a=lambda g, mask: keep(g, mask))


@primitive
def keep_nonzero(xp: Any, a: Any, b: Any) -> Any:
    """``keep(a, b != 0)`` without a mask."""
    return where_not_zero(xp, a, b)


keep_nonzero.defvjp(a=lambda g, b: keep_nonzero(g, b))


# -- where -----------------------------------------------------------------------------------------


@primitive(name="where", broadcasts=True, complex=True)
def select(xp: Any, condition: Any, a: Any, b: Any) -> Any:
    return choose(xp, condition, a, b)


select.defvjp(
    a=lambda g, condition: keep(g, condition),
    b=lambda g, condition: keep(g, ~condition),
)


def where(condition: Any, input: Any = None, other: Any = None, *, out: Any = None) -> Any:
    """``input`` where ``condition`` is true, ``other`` elsewhere, all broadcast together.

    With ``condition`` alone: the indices of its true entries, a tuple with one index tensor per
    dimension.

    >>> import minitorch_dl as torch
    >>> x = torch.tensor([-1.0, 2.0])
    >>> torch.where(x > 0, x, 0)
    tensor([0., 2.])
    """
    if input is None and other is None:
        where = array_module(condition.array).atleast_1d(condition.array).nonzero()
        return tuple(TensorBase.wrap(index) for index in where)
    if input is None or other is None:
        raise TypeError(
            "where(): takes condition alone, or condition, input and other; one of them is missing"
        )
    if condition.array.dtype.kind != "b":
        if condition.array.dtype != "uint8":
            raise RuntimeError(
                f"where expected condition to be a boolean tensor, but got a tensor with dtype "
                f"{dtypes.from_numpy(condition.array.dtype)}. Compare first, as in x != 0"
            )
        warn_once(
            "where received a uint8 condition tensor. This behavior is deprecated and will be "
            "removed in a future version of PyTorch. Use a boolean condition instead."
        )
        condition = cast(condition, dtype="bool")
    input, other = _promoted(condition, input, other)
    y = select(condition, input, other)
    return y if out is None else write_out("where", out, y, exact=True)


def _promoted(like: Any, *values: Any) -> list[Any]:
    """The values in their common dtype; one that is a number becomes a 0-d Tensor on the device of
    ``like``.
    """
    values = tuple([x.item() if isinstance(x, np.generic) else x for x in values])
    raw = [x.array if isinstance(x, TensorBase) else x for x in values]
    target = dtypes.result_type(*raw)
    result = []
    for x, a in zip(values, raw, strict=True):
        if not hasattr(a, "dtype"):
            x = TensorBase.wrap(
                array_module(like.array).full((), dtypes.element(a, target.numpy), target.numpy)
            )
        elif a.dtype != target.numpy:
            x = cast(x, dtype=target.name)
        result.append(x)
    return result


# -- the larger and the smaller --------------------------------------------------------------------


@primitive(broadcasts=True, promotes="same", tensors=("a", "b"))
def maximum(xp: Any, a: Any, b: Any) -> Any:
    """The larger of each pair, NaN if either is; at a tie each gets half the gradient."""
    return xp.maximum(a, b)


maximum.defvjp(
    a=lambda g, a, b: _share(g, ~(a <= b), a == b),
    b=lambda g, a, b: _share(g, ~(b <= a), a == b),
)


@primitive(broadcasts=True, promotes="same", tensors=("a", "b"))
def minimum(xp: Any, a: Any, b: Any) -> Any:
    """The smaller of each pair, NaN if either is; at a tie each gets half the gradient."""
    return xp.minimum(a, b)


def _share(g: Any, wins: Any, ties: Any) -> Any:
    return keep(g, wins) + keep(g * 0.5, ties)


minimum.defvjp(
    a=lambda g, a, b: _share(g, ~(a >= b), a == b),
    b=lambda g, a, b: _share(g, ~(b >= a), a == b),
)


@primitive(broadcasts=True, promotes="same", tensors=("a", "b"))
def fmax(xp: Any, a: Any, b: Any) -> Any:
    """The larger of each pair; of a NaN and a number, the number. The first gets the gradient of a
    tie.
    """
    return xp.fmax(a, b)


fmax.defvjp(
    a=lambda g, a, b: keep(g, (a >= b) | (b != b)),
    b=lambda g, a, b: keep(g, ~((a >= b) | (b != b))),
)


@primitive(broadcasts=True, promotes="same", tensors=("a", "b"))
def fmin(xp: Any, a: Any, b: Any) -> Any:
    """The smaller of each pair; of a NaN and a number, the number. The first gets the gradient of a
    tie.
    """
    return xp.fmin(a, b)


fmin.defvjp(
    a=lambda g, a, b: keep(g, (a <= b) | (b != b)),
    b=lambda g, a, b: keep(g, ~((a <= b) | (b != b))),
)


# -- clamp -----------------------------------------------------------------------------------------


@primitive(broadcasts=True, promotes="same", tensors=("a",))
def clamp_p(xp: Any, a: Any, low: Any, high: Any) -> Any:
    return limited(xp, a, low, high)


def _clamp_low(g: Any, a: Any, low: Any, high: Any) -> Any:
    return keep(g, a < low if high is None else (a < low) & (low < high))


def _clamp_high(g: Any, a: Any, low: Any, high: Any) -> Any:
    return keep(g, a > high if low is None else (a > high) | (high < low))


def _clamp_inside(g: Any, a: Any, low: Any, high: Any) -> Any:
    if low is None:
        return keep(g, a <= high)
    return keep(g, a >= low if high is None else (a >= low) & (a <= high))


clamp_p.defvjp(a=_clamp_inside, low=_clamp_low, high=_clamp_high)


def clamp(input: Any, min: Any = None, max: Any = None, *, out: Any = None) -> Any:
    """``input`` limited to ``[min, max]``: ``minimum(maximum(input, min), max)``; numbers, tensors,
    or None for no limit.

    >>> import minitorch_dl as torch
    >>> torch.clamp(torch.tensor([-2.0, 0.5, 2.0]), min=-1, max=1)
    tensor([-1.0000,  0.5000,  1.0000])
    """
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if min.__class__ is bool or max.__class__ is bool:
        require_kind("clamp", "integer", input)
    y = clamp_p(input, min, max)
    if not isinstance(min, TensorBase) and not isinstance(max, TensorBase):
        named(y, "ClampBackward1")
    return y if out is None else write_out("clamp", out, y)


def clamp_min(input: Any, min: Any, *, out: Any = None) -> Any:
    """``input``, but at least ``min``."""
    y = named(clamp(input, min), f"ClampMinBackward{int(isinstance(min, TensorBase))}")
    return y if out is None else write_out("clamp_min", out, y)


def clamp_max(input: Any, max: Any, *, out: Any = None) -> Any:
    """``input``, but at most ``max``."""
    y = named(clamp(input, max=max), f"ClampMaxBackward{int(isinstance(max, TensorBase))}")
    return y if out is None else write_out("clamp_max", out, y)


clip = clamp


# -- steps and repairs -----------------------------------------------------------------------------


@primitive(broadcasts=True, tensors=("a", "values"), exact=True)
def heaviside_p(xp: Any, a: Any, values: Any) -> Any:
    return xp.where(a == 0, values, (a > 0).astype(values.dtype))


heaviside_p.defvjp(a=no_derivative("heaviside"), values=no_derivative("heaviside"))


def heaviside(input: Any, values: Any, *, out: Any = None) -> Any:
    """The step function: 0 for negative ``input``, 1 for positive, ``values`` at 0. Not
    differentiable.
    """
    a, b = input.dtype, values.dtype
    if a is not b or a.is_complex:
        kind = (
            "complex tensors" if a.is_complex or b.is_complex else "tensors with different dtypes"
        )
        raise RuntimeError(f"heaviside is not yet implemented for {kind}. Got {a} and {b}")
    return heaviside_p(input, values, out=out)


@primitive(complex=True)
def nan_to_num_p(xp: Any, a: Any, *, nan: float, posinf: float | None, neginf: float | None) -> Any:
    if xp is np and np.isfinite(a).all():
        return a.copy()
    if a.dtype.kind == "V":  # bfloat16, which NumPy takes for no number
        largest = finfo(dtypes.bfloat16).max
        high = largest if posinf is None else posinf
        low = -largest if neginf is None else neginf
        y = xp.where(a != a, nan, xp.where(xp.isinf(a), xp.where(a > 0, high, low), a))
        return y.astype(a.dtype)
    return xp.nan_to_num(a, copy=True, nan=nan, posinf=posinf, neginf=neginf)


nan_to_num_p.defvjp(a=lambda g, a: keep(g, a - a == 0))


def nan_to_num(
    input: Any,
    nan: float | None = 0.0,
    posinf: float | None = None,
    neginf: float | None = None,
    *,
    out: Any = None,
) -> Any:
    """Replace NaN and infinities; None means the largest (smallest) finite number of the dtype."""
    y = nan_to_num_p(input, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf)
    return y if out is None else write_out("nan_to_num", out, y, exact=True)
