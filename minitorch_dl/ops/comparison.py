"""Comparisons, logical and bitwise ops: results without gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.primitive import TensorBase, primitive, write_out
from ..backend import array_module, describe, describe_one, dtypes

__all__ = [
    "allclose", "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or",
    "bitwise_right_shift", "bitwise_xor", "eq", "equal", "ge", "greater", "greater_equal", "gt",
    "is_nonzero", "isclose", "isfinite", "isin", "isinf", "isnan", "isneginf", "isposinf",
    "le", "less", "less_equal", "logical_and", "logical_not", "logical_or", "logical_xor", "lt",
    "ne", "not_equal", "signbit",
]  # fmt: skip

# -- comparisons -----------------------------------------------------------------------------------


@primitive(broadcasts=True, promotes="same", tensors=("a",), complex=True)
def eq(xp: Any, a: Any, b: Any) -> Any:
    """``input == other``, element by element."""
    return xp.equal(a, b)


@primitive(broadcasts=True, promotes="same", tensors=("a",), complex=True)
def ne(xp: Any, a: Any, b: Any) -> Any:
    """``input != other``, element by element."""
    return xp.not_equal(a, b)


@primitive(broadcasts=True, promotes="same", tensors=("a",))
def lt(xp: Any, a: Any, b: Any) -> Any:
    """``input < other``, element by element."""
    return xp.less(a, b)


@primitive(broadcasts=True, promotes="same", tensors=("a",))
def le(xp: Any, a: Any, b: Any) -> Any:
    """``input <= other``, element by element."""
    return xp.less_equal(a, b)


@primitive(broadcasts=True, promotes="same", tensors=("a",))
def gt(xp: Any, a: Any, b: Any) -> Any:
    """``input > other``, element by element."""
    return xp.greater(a, b)


@primitive(broadcasts=True, promotes="same", tensors=("a",))
def ge(xp: Any, a: Any, b: Any) -> Any:
    """``input >= other``, element by element."""
    return xp.greater_equal(a, b)


not_equal, less, less_equal, greater, greater_equal = ne, lt, le, gt, ge


def _require_same_dtype(op: str, a: Any, b: Any) -> None:
    if a.array.dtype != b.array.dtype:
        raise RuntimeError(
            f"{op}: expected both tensors to have the same dtype, "
            f"got {describe_one(a.array)} and {describe_one(b.array)}"
        )


def equal(input: Any, other: Any) -> bool:
    """Whether both tensors have the same shape and the same elements."""
    a, b = input.array, other.array
    return a.shape == b.shape and bool(eq(a, b).all())


def isclose(
    input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """``|input - other| <= atol + rtol * |other|``, element by element; equal infinities are close.

    >>> import minitorch_dl as torch
    >>> torch.isclose(torch.tensor([1.0, 2.0]), torch.tensor([1.0 + 1e-7, 2.1]))
    tensor([ True, False])
    """
    _require_same_dtype("isclose", input, other)
    rtol, atol = float(rtol), float(atol)
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value < 0:
            raise RuntimeError(
                f"isclose: {name} must be greater than or equal to zero, but got {value}"
            )
    a, b = input.array, other.array
    close = a == b
    if equal_nan and a.dtype.kind not in "biu":
        close = close | ((a != a) & (b != b))
    if rtol or atol:
        if a.dtype.kind == "b":
            a, b = a.astype("i1"), b.astype("i1")
        xp = array_module(a)
        # unsigned numbers have no negative difference
        with np.errstate(all="ignore"):
            gap = abs(a - b) if a.dtype.kind != "u" else xp.maximum(a, b) - xp.minimum(a, b)
            if a.dtype.kind in "biu":  # the tolerance is computed in the default float
                b = b.astype(dtypes.get_default_dtype().numpy)
            close = close | ((gap <= atol + abs(rtol * b)) & (gap - gap == 0))
    return TensorBase.wrap(close)


def allclose(
    input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    """Whether ``isclose`` holds everywhere.

    >>> import minitorch_dl as torch
    >>> torch.allclose(torch.tensor([1.0]), torch.tensor([1.0 + 1e-7]))
    True
    """
    return bool(isclose(input, other, rtol, atol, equal_nan).array.all())


def isin(
    elements: Any,
    test_elements: Any,
    *,
    assume_unique: bool = False,
    invert: bool = False,
    out: Any = None,
) -> Any:
    """Whether each of ``elements`` is among ``test_elements``; one of the two may be a number.

    >>> import minitorch_dl as torch
    >>> torch.isin(torch.tensor([1, 2, 3]), torch.tensor([2, 5]))
    tensor([False,  True, False])
    """
    for x in (elements, test_elements):
        if isinstance(x, bool) or getattr(x, "dtype", None) is dtypes.bool:
            raise RuntimeError("Unsupported input type encountered for isin(): Bool")
        if not isinstance(x, (TensorBase, int, float)):
            raise TypeError(f"isin(): expected tensors or numbers, got {type(x).__name__}")
    y = isin_p(elements, test_elements, invert=invert)
    return y if out is None else write_out("isin", out, y, exact=True)


@primitive
def isin_p(xp: Any, a: Any, b: Any, *, invert: bool) -> Any:
    return xp.isin(a, b, invert=invert)


# -- kinds of numbers ------------------------------------------------------------------------------


@primitive(complex=True)
def isnan(xp: Any, a: Any) -> Any:
    """Whether each element is not a number."""
    return xp.not_equal(a, a)


@primitive(complex=True)
def isfinite(xp: Any, a: Any) -> Any:
    """Whether each element is neither infinite nor NaN."""
    return xp.isfinite(a)


@primitive(complex=True)
def isinf(xp: Any, a: Any) -> Any:
    """Whether each element is plus or minus infinity."""
    return xp.isinf(a)


@primitive(exact=True)
def isposinf(xp: Any, a: Any) -> Any:
    """Whether each element is plus infinity."""
    return xp.equal(a, float("inf"))


@primitive(exact=True)
def isneginf(xp: Any, a: Any) -> Any:
    """Whether each element is minus infinity."""
    return xp.equal(a, -float("inf"))


@primitive(exact=True)
def signbit(xp: Any, a: Any) -> Any:
    """Whether the sign bit is set: negative numbers, and -0.0."""
    return xp.less(a, 0) if a.dtype.kind in "biu" else xp.signbit(a)


def is_nonzero(input: Any) -> bool:
    """Whether the one element of ``input`` is not zero."""
    a = input.array
    if a.size != 1:
        few = "no values" if a.size == 0 else "more than one value"
        raise RuntimeError(
            f"Boolean value of Tensor with {few} is ambiguous: shape {tuple(a.shape)}"
        )
    return bool(a.reshape(())[()])


# -- logical ---------------------------------------------------------------------------------------


def _truth(a: Any) -> Any:
    """``a``, complex numbers as bools: not every device's logical functions take them."""
    return a != 0 if a.dtype.kind == "c" else a


@primitive(broadcasts=True, tensors=("a", "b"), complex=True)
def logical_and(xp: Any, a: Any, b: Any) -> Any:
    """Whether both are nonzero."""
    return xp.logical_and(_truth(a), _truth(b))


@primitive(broadcasts=True, tensors=("a", "b"), complex=True)
def logical_or(xp: Any, a: Any, b: Any) -> Any:
    """Whether at least one is nonzero."""
    return xp.logical_or(_truth(a), _truth(b))


@primitive(broadcasts=True, tensors=("a", "b"), complex=True)
def logical_xor(xp: Any, a: Any, b: Any) -> Any:
    """Whether exactly one is nonzero."""
    return xp.logical_xor(_truth(a), _truth(b))


@primitive(complex=True)
def logical_not(xp: Any, a: Any) -> Any:
    """Whether each element is zero."""
    return xp.logical_not(_truth(a))


# -- bitwise: integers and bools; on bools the same as logical -------------------------------------


def on_integers(op: str, function: Any, *operands: Any) -> Any:
    try:
        return function(*operands)
    except TypeError:
        raise NotImplementedError(
            f"{op}(): defined for integers and bools, got {describe(operands)}"
        ) from None


@primitive(broadcasts=True, promotes="same")
def bitwise_and(xp: Any, a: Any, b: Any) -> Any:
    """``input & other`` of integers or bools."""
    return on_integers("bitwise_and", xp.bitwise_and, a, b)


@primitive(broadcasts=True, promotes="same")
def bitwise_or(xp: Any, a: Any, b: Any) -> Any:
    """``input | other`` of integers or bools."""
    return on_integers("bitwise_or", xp.bitwise_or, a, b)


@primitive(broadcasts=True, promotes="same")
def bitwise_xor(xp: Any, a: Any, b: Any) -> Any:
    """``input ^ other`` of integers or bools."""
    return on_integers("bitwise_xor", xp.bitwise_xor, a, b)


@primitive(exact=True)
def bitwise_not(xp: Any, a: Any) -> Any:
    """``~input`` of integers or bools."""
    return on_integers("bitwise_not", xp.invert, a)


@primitive(broadcasts=True, promotes="same", min_kind="integer")
def bitwise_left_shift(xp: Any, a: Any, b: Any) -> Any:
    """``input << other``: ``input * 2**other`` of integers."""
    return on_integers("bitwise_left_shift", xp.left_shift, a, b)


@primitive(broadcasts=True, promotes="same", min_kind="integer")
def bitwise_right_shift(xp: Any, a: Any, b: Any) -> Any:
    """``input >> other``: the floor of ``input / 2**other`` of integers."""
    return on_integers("bitwise_right_shift", xp.right_shift, a, b)
