"""Pointwise arithmetic, exponentials and logarithms: each forward with its derivative beside it.

In a formula ``g`` is the gradient of the output, ``y`` the output, ``a`` and ``b`` the inputs.
"""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from ..autograd.engine_ops import cast, conj, is_complex, zero
from ..autograd.errors import require_tensor
from ..autograd.node_names import named
from ..autograd.primitive import TensorBase, primitive, write_out
from ..autograd.public_functions import number_first
from ..backend import array_module, describe, dtypes, expm1_log1p, remainders
from ..backend.selection import choose
from .selection import keep

__all__ = [
    "abs", "absolute", "add", "addcdiv", "addcmul", "div", "divide", "exp", "exp2", "expm1",
    "floor_divide", "fmod", "lerp", "log", "log10", "log1p", "log2", "logaddexp", "logaddexp2",
    "mul", "multiply", "neg", "negative", "positive", "remainder", "rsub", "sgn", "sign", "sub",
    "subtract", "true_divide",
]  # fmt: skip

# -- arithmetic ------------------------------------------------------------------------------------


@primitive(broadcasts=True, promotes="same", numbers=True, complex=True)
def add_p(xp: Any, a: Any, b: Any) -> Any:
    return xp.add(a, b)


add_p.defvjp(a=lambda g: g, b=lambda g: g)


def _refuse_bools(a: Any, b: Any) -> None:
    bools = [isinstance(x, bool) or getattr(x, "dtype", float) == np.bool_ for x in (a, b)]
    if all(bools):
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. "
            "Use the `^` or `logical_xor()` operator instead."
        )
    if any(bools):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying "
            "to invert a mask, use the `~` or `logical_not()` operator instead."
        )


@primitive(broadcasts=True, promotes="same", numbers=True, check=_refuse_bools, complex=True)
def sub_p(xp: Any, a: Any, b: Any) -> Any:
    try:
        return xp.subtract(a, b)
    except TypeError:  # what NumPy says of bools
        _refuse_bools(a, b)
        raise


sub_p.defvjp(a=lambda g: g, b=lambda g: -g)


@primitive(broadcasts=True, promotes="same", numbers=True, complex="holomorphic", wide="numbers")
def mul(xp: Any, a: Any, b: Any) -> Any:
    """The product ``input * other``."""
    return xp.multiply(a, b)


mul.defvjp(a=lambda g, b: g * b, b=lambda g, a: g * a)


@primitive(broadcasts=True, promotes="float", numbers=True, complex="holomorphic")
def div_p(xp: Any, a: Any, b: Any) -> Any:
    return xp.true_divide(a, b)


div_p.defvjp(a=lambda g, b: g / b, b=lambda g, a, b: -g * (a / b) / b)


@primitive(complex="holomorphic")
def div_or_zero(xp: Any, a: Any, b: Any) -> Any:
    """``a / b``, and 0 where ``b`` is 0: the gradient that PyTorch gives a root at 0."""
    zero = b == 0
    return xp.divide(a, b + zero) * ~zero


div_or_zero.defvjp(a=lambda g, b: div_or_zero(g, b), b=lambda g, b, y: -div_or_zero(g * y, b))


def _scaled(op: str, input: Any, other: Any, alpha: Any) -> Any:
    """``alpha * other`` for add and sub, in the dtype of the result; of integers, ``alpha`` must be
    one too."""
    raw = [x.array if isinstance(x, TensorBase) else x for x in (input, other)]
    target = dtypes.result_type(*raw)
    if op == "sub":
        _refuse_bools(*raw)
    if target is dtypes.bool and isinstance(alpha, int):
        return other * bool(alpha)
    own = getattr(raw[1], "dtype", None)
    if own is not None and own != target.numpy:
        other = cast(other, dtype=target.name)
    if alpha.__class__ is not int:
        if target.is_complex or (target.is_floating_point and alpha.__class__ is not complex):
            return other * alpha
        if alpha.__class__ is complex:
            raise RuntimeError(
                f"{op}(): For non-complex input tensors, argument alpha must not be a complex "
                f"number: got alpha={alpha!r} with {describe(raw)}"
            )
        raise RuntimeError(
            f"{op}(): For integral input tensors, argument alpha must not be a floating "
            f"point number, and a bool only for bool tensors: "
            f"got alpha={alpha!r} with {describe(raw)}"
        )
    return other * alpha


@number_first("alpha")
def add(input: Any, other: Any, *, alpha: float = 1, out: Any = None) -> Any:
    """``input + alpha * other``, broadcast and promoted.

    >>> import minitorch_dl as torch
    >>> torch.add(torch.tensor([1, 2]), 0.5)
    tensor([1.5000, 2.5000])
    """
    y = add_p(input, other if alpha == 1 else _scaled("add", input, other, alpha))
    return y if out is None else write_out("add", out, y)


@number_first("alpha")
def sub(input: Any, other: Any, *, alpha: float = 1, out: Any = None) -> Any:
    """``input - alpha * other``, broadcast and promoted."""
    y = sub_p(input, other if alpha == 1 else _scaled("sub", input, other, alpha))
    return y if out is None else write_out("sub", out, y)


def rsub(input: Any, other: Any, *, alpha: float = 1) -> Any:
    """``other - alpha * input``."""
    require_tensor("rsub", "input", input)
    return named(
        sub(other, input, alpha=alpha), f"RsubBackward{int(not isinstance(other, TensorBase))}"
    )


def div(input: Any, other: Any, *, rounding_mode: str | None = None, out: Any = None) -> Any:
    """``input / other``; integers give floats unless ``rounding_mode`` is "trunc" (towards 0) or
    "floor".

    >>> import minitorch_dl as torch
    >>> torch.div(torch.tensor([-7, 7]), 2, rounding_mode="trunc")
    tensor([-3,  3])
    """
    if rounding_mode is None:
        y = div_p(input, other)
    elif rounding_mode == "trunc":
        y = named(div_trunc(input, other), "DivBackward2")
    elif rounding_mode == "floor":
        y = named(div_floor(input, other), "DivBackward2")
    else:
        raise RuntimeError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' "
            f"but found '{rounding_mode}'"
        )
    return y if out is None else write_out("div", out, y)


multiply, subtract, divide, true_divide = mul, sub, div, div


def _are_integers(a: Any, b: Any) -> bool:
    """Whether the operands, one of which may be a number, are integers; those must not be divided
    by zero.
    """
    kind = (a if hasattr(a, "dtype") else b).dtype.kind
    if kind not in "biu":
        return False
    if kind == "b":
        raise NotImplementedError(
            "integer division and remainders are not defined for bool tensors"
        )
    # As PyTorch, no error for a divisor on a GPU, where asking would make the host wait.
    zeros = array_module(b) is np and ((b == 0).any() if hasattr(b, "dtype") else b == 0)
    if zeros and getattr(a, "size", 1):
        raise ValueError("ZeroDivisionError: integer division by zero")
    return True


@primitive(broadcasts=True, promotes="same", numbers=True, blocks=True)
def div_floor(xp: Any, a: Any, b: Any) -> Any:
    """The floor of ``a / b`` in their common dtype."""
    _are_integers(a, b)
    return remainders.floor_divide(xp, a, b)


div_floor.defvjp(a=lambda g: zero(g), b=lambda g: zero(g))


@primitive(broadcasts=True, promotes="same", numbers=True)
def div_trunc(xp: Any, a: Any, b: Any) -> Any:
    """``a / b`` rounded towards zero, in their common dtype."""
    if not _are_integers(a, b):
        return xp.trunc(xp.true_divide(a, b))
    q = xp.floor_divide(a, b)
    return q + ((q < 0) & (q * b != a))


div_trunc.defvjp(a=lambda g: zero(g), b=lambda g: zero(g))


def floor_divide(input: Any, other: Any, *, out: Any = None) -> Any:
    """``input // other``: the floor of the quotient, in the common dtype."""
    y = div_floor(input, other)
    return y if out is None else write_out("floor_divide", out, y)


@primitive(broadcasts=True, promotes="same", blocks=True)
def remainder(xp: Any, a: Any, b: Any) -> Any:
    """``input % other``: ``input - other * floor(input / other)``, with the sign of ``other``."""
    _are_integers(a, b)
    return remainders.remainder(xp, a, b)


remainder.defvjp(a=lambda g: g, b=lambda g, a, b: -g * div_floor(a, b))


@primitive(broadcasts=True, promotes="same", tensors=("a",), blocks=True)
def fmod(xp: Any, a: Any, b: Any) -> Any:
    """``input - other * trunc(input / other)``, with the sign of ``input``."""
    _are_integers(a, b)
    return remainders.fmod(xp, a, b)


fmod.defvjp(a=lambda g: g, b=lambda g, a, b: -g * div_trunc(a, b))


@primitive(complex=True, exact=True)
def neg(xp: Any, a: Any) -> Any:
    """``-input``."""
    try:
        return xp.negative(a)
    except TypeError:
        raise RuntimeError(
            "neg(): Negation, the `-` operator, on a bool tensor is not supported. If you are "
            "trying to invert a mask, use the `~` or `logical_not()` operator instead."
        ) from None


neg.defvjp(a=lambda g: -g)
negative = neg


def positive(input: Any) -> Any:
    """``input`` itself."""
    if input.array.dtype.kind == "b":
        raise RuntimeError("positive(): the + operator on a bool tensor is not supported")
    return input


@primitive(complex=True, exact=True, min_kind="integer")
def abs(xp: Any, a: Any) -> Any:
    """``|input|``; the derivative at 0 is 0."""
    return xp.absolute(a)


abs.defvjp(a=lambda g, a: g * sgn(a))


@primitive(exact=True)
def sign(xp: Any, a: Any) -> Any:
    """-1, 0 or 1: the sign of each element; 0 for NaN."""
    return a.copy() if a.dtype.kind == "b" else xp.subtract(a > 0, a < 0, dtype=a.dtype)


sign.defvjp(a=lambda g: zero(g))


@primitive(complex=True, exact=True)
def sgn(xp: Any, a: Any) -> Any:
    """``sign`` for complex numbers too: ``input / |input|``, and 0 at 0."""
    if a.dtype.kind != "c":
        return sign.primitive.kernel(xp, a)
    size = xp.absolute(a)
    return xp.where(size == 0, 0, a / (size + (size == 0))).astype(a.dtype)


def _d_sgn(g: Any, a: Any, y: Any) -> Any:
    """The part of ``g`` across ``a``, over ``|a|``."""
    if not is_complex(a):
        return zero(g)
    along = (conj(y) * g + y * conj(g)) * 0.5
    return div_or_zero(g - y * along, cast(abs(a), dtype=dtypes.as_dtype(y.dtype).name))


sgn.defvjp(a=_d_sgn)
absolute = abs


_THREE = {"broadcasts": True, "tensors": ("a", "b", "c"), "complex": "holomorphic", "wide": True}


@primitive(promotes="same", min_kind="integer", **_THREE)
def addcmul_p(xp: Any, a: Any, b: Any, c: Any, *, value: float) -> Any:
    return a + (b * c if value == 1 else b * value * c)


addcmul_p.defvjp(
    a=lambda g: g,
    b=lambda g, c, value: g * c * value,
    c=lambda g, b, value: g * b * value,
)


@number_first("value")
def addcmul(input: Any, tensor1: Any, tensor2: Any, *, value: float = 1, out: Any = None) -> Any:
    """``input + value * tensor1 * tensor2``."""
    dtype = dtypes.result_type(input.array, tensor1.array, tensor2.array).numpy
    y = addcmul_p(input, tensor1, tensor2, value=dtypes.element(value, dtype))
    return y if out is None else write_out("addcmul", out, y)


@primitive(promotes="float", **_THREE)
def addcdiv_p(xp: Any, a: Any, b: Any, c: Any, *, value: float) -> Any:
    return a + (b / c if value == 1 else b * value / c)


addcdiv_p.defvjp(
    a=lambda g: g,
    b=lambda g, c, value: g * value / c,
    c=lambda g, b, c, value: -g * value * b / (c * c),
)


@number_first("value")
def addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: float = 1, out: Any = None) -> Any:
    """``input + value * tensor1 / tensor2``, of floats."""
    if tensor1.array.dtype.kind in "biu" and tensor2.array.dtype.kind in "biu":
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported; use input + value * "
            f"trunc(tensor1 / tensor2), got {describe([tensor1.array, tensor2.array])}"
        )
    y = addcdiv_p(input, tensor1, tensor2, value=value)
    return y if out is None else write_out("addcdiv", out, y)


@primitive(
    broadcasts=True,
    tensors=("a", "b"),
    complex="holomorphic",
    min_kind="float",
    wide=True,
)
def lerp_p(xp: Any, a: Any, b: Any, weight: Any) -> Any:
    way = b - a  # is counted from the nearer end, so that an infinite one is kept
    if not hasattr(weight, "dtype"):
        return a + weight * way if builtins.abs(weight) < 0.5 else b - (1 - weight) * way
    near = xp.abs(weight) < 0.5
    return choose(xp, near, a, b) + (weight - ~near) * way


lerp_p.defvjp(
    a=lambda g, weight: g * (1 - weight),
    b=lambda g, weight: g * weight,
    weight=lambda g, a, b: g * (b - a),
)


def lerp(input: Any, end: Any, weight: Any, *, out: Any = None) -> Any:
    """``input + weight * (end - input)``: from ``input`` at weight 0 to ``end`` at weight 1.

    >>> import minitorch_dl as torch
    >>> torch.lerp(torch.tensor([0.0, 10.0]), torch.tensor([1.0, 20.0]), 0.5)
    tensor([ 0.5000, 15.0000])
    """
    for name, x in (("end", end), ("weight", weight)):
        if isinstance(x, TensorBase) and x.array.dtype != input.array.dtype:
            raise RuntimeError(
                f"lerp(): expected dtype {input.array.dtype} for `{name}` "
                f"but got dtype {x.array.dtype}"
            )
    y = lerp_p(input, end, weight)
    if isinstance(weight, TensorBase):
        named(y, "LerpBackward1")
    return y if out is None else write_out("lerp", out, y, exact=isinstance(weight, TensorBase))


# -- exponentials and logarithms -------------------------------------------------------------------


@primitive(promotes="float", complex="holomorphic")
def exp(xp: Any, a: Any) -> Any:
    """e to the power of ``input``."""
    return xp.exp(a)


exp.defvjp(a=lambda g, y: g * y)


@primitive(promotes="float", complex="holomorphic")
def exp2(xp: Any, a: Any) -> Any:
    """2 to the power of ``input``."""
    return xp.exp2(a)


exp2.defvjp(a=lambda g, y: g * y * math.log(2))


@primitive(promotes="float", complex="holomorphic", blocks=True)
def expm1(xp: Any, a: Any) -> Any:
    """``exp(input) - 1``, accurate near 0."""
    return expm1_log1p.expm1(xp, a)


expm1.defvjp(a=lambda g, y: g * (y + 1))


@primitive(promotes="float", complex="holomorphic")
def log(xp: Any, a: Any) -> Any:
    """The natural logarithm."""
    return xp.log(a)


log.defvjp(a=lambda g, a: g / a)


@primitive(promotes="float", complex="holomorphic")
def log2(xp: Any, a: Any) -> Any:
    """The logarithm to base 2."""
    return xp.log2(a)


log2.defvjp(a=lambda g, a: g / (a * math.log(2)))


@primitive(promotes="float", complex="holomorphic")
def log10(xp: Any, a: Any) -> Any:
    """The logarithm to base 10."""
    return xp.log10(a)


log10.defvjp(a=lambda g, a: g / (a * math.log(10)))


@primitive(
    promotes="float",
    grad_fn="Log1PBackward0",
    complex="holomorphic",
    blocks=True,
)
def log1p(xp: Any, a: Any) -> Any:
    """``log(1 + input)``, accurate near 0."""
    if a.dtype.kind == "c":
        x, y = a.real, a.imag
        # log |1 + a|, whose square is 1 + x (2 + x) + y^2; NumPy's loses what is small beside 1
        near = (abs(x) < 0.5) & (abs(y) < 0.5)
        real = xp.log1p(xp.where(near, x * (2 + x) + y * y, 0)) / 2
        far = xp.log1p(xp.where(near, 0, a))
        return xp.where(near, real + 1j * xp.arctan2(y, 1 + x), far).astype(a.dtype)
    return expm1_log1p.log1p(xp, a)


log1p.defvjp(a=lambda g, a: g / (a + 1))


@primitive(
    broadcasts=True, promotes="float", tensors=("a", "b"), min_kind="float", complex="holomorphic",
    blocks=True,
)  # fmt: skip
def logaddexp(xp: Any, a: Any, b: Any) -> Any:
    """``log(exp(input) + exp(other))`` without overflow."""
    if a.dtype.kind == "c":
        return complex_logaddexp(a, b)
    low, high = xp.minimum(a, b), xp.maximum(a, b)
    apart = keep(low - high, low != high)  # of infinities of one sign the difference is NaN
    return high + expm1_log1p.log1p(xp, xp.exp(apart))


def complex_logaddexp(a: Any, b: Any) -> Any:
    """``logaddexp`` of complex arrays, with the phase of the larger one of a and b."""
    xp = array_module(a)
    larger = a.real >= b.real
    top, low = xp.where(larger, a, b), xp.where(larger, b, a)
    equal = (top.real == low.real) & xp.isinf(top.real)  # infinities have no difference
    return top + xp.log1p(xp.exp(xp.where(equal, -xp.inf, low - top)))


logaddexp.defvjp(a=lambda g, a, b: g / (1 + exp(b - a)), b=lambda g, a, b: g / (1 + exp(a - b)))


@primitive(broadcasts=True, promotes="float", tensors=("a", "b"), min_kind="float")
def logaddexp2(xp: Any, a: Any, b: Any) -> Any:
    """``log2(2**input + 2**other)`` without overflow."""
    return xp.logaddexp2(a, b)


logaddexp2.defvjp(a=lambda g, a, b: g / (1 + exp2(b - a)), b=lambda g, a, b: g / (1 + exp2(a - b)))
