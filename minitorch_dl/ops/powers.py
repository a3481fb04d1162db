"""Powers and roots: each forward with its derivative beside it.

In a formula ``g`` is the gradient of the output, ``y`` the output, ``a`` and ``b`` the inputs.
"""

from __future__ import annotations

import cmath
import math
from typing import Any

from ..autograd.engine_ops import cast, is_complex, zero
from ..autograd.inplace import write
from ..autograd.node_names import named
from ..autograd.primitive import TensorBase, primitive, write_out
from ..backend import dtypes
from .elementwise import log
from .selection import keep

__all__ = ["float_power", "hypot", "pow", "reciprocal", "rsqrt", "sqrt", "square"]


def _square(xp: Any, a: Any) -> Any:
    return xp.multiply(a, a)


_POWERS = {
    2: _square,
    3: lambda xp, a: a * a * a,
    4: lambda xp, a: _square(xp, a * a),
    1: lambda xp, a: a * 1,
    0: lambda xp, a: xp.ones_like(a),
    -1: lambda xp, a: xp.reciprocal(a),
    -2: lambda xp, a: xp.reciprocal(a * a),
    0.5: lambda xp, a: xp.sqrt(a),
    -0.5: lambda xp, a: xp.reciprocal(xp.sqrt(a)),
}
"""Exponents with something far quicker than the general power."""

_IN_STEPS = (3, 4, -2, -0.5)
"""Those of several roundings, which are too many for float16."""


@primitive(broadcasts=True, promotes="same", complex="holomorphic")
def pow_p(xp: Any, a: Any, b: Any) -> Any:
    if b is True:
        return xp.positive(a) if a.dtype.kind != "b" else xp.copy(a)
    if not hasattr(b, "dtype"):
        special = None if a.dtype.char == "e" and b in _IN_STEPS else _POWERS.get(b)
        if special is not None and (b >= 0 or a.dtype.kind not in "biu"):
            return special(xp, a)
    elif b.dtype.kind == "b":
        raise NotImplementedError("pow: not defined for a bool exponent of bools")
    elif b.dtype.kind in "iu" and hasattr(a, "dtype"):
        # NumPy refuses negative exponents; here they round towards 0, which only 1 and -1 survive.
        inverse = (a == 1) + (a == -1) * (1 - 2 * (b & 1))
        return xp.where(b < 0, inverse.astype(a.dtype), xp.power(a, xp.maximum(b, 0)))
    return xp.power(a, b)


def _pow_base(g: Any, a: Any, b: Any) -> Any:
    if not hasattr(b, "dtype"):
        return zero(g) if b == 0 else g * (b * pow_p(a, b - 1))
    return keep(g * (b * pow_p(a, b - 1)), b != 0)


@primitive(complex=True)
def shrinks(xp: Any, b: Any) -> Any:
    """Whether 0 to the power of ``b`` is 0 or 1: real exponents of at least 0."""
    return (b.imag == 0) & (b.real >= 0) if is_complex(b) else b >= 0


def _pow_exponent(g: Any, a: Any, b: Any, y: Any) -> Any:
    if hasattr(a, "dtype"):
        return keep(g * y * log(a), ~((a == 0) & shrinks(b)))
    if not a:
        return -g * keep(y, ~shrinks(b))
    if a.__class__ is complex or is_complex(b):
        return g * y * cmath.log(a)
    return g * y * (math.log(a) if a > 0 else math.nan)


pow_p.defvjp(a=_pow_base, b=_pow_exponent)


def power(input: Any, exponent: Any) -> Any:
    """``input ** exponent`` (the operator)."""
    y = pow_p(input, exponent)
    if not isinstance(exponent, TensorBase):
        return y
    return named(y, "PowBackward1" if isinstance(input, TensorBase) else "PowBackward2")


def pow(input: Any, exponent: Any, *, out: Any = None) -> Any:
    """``input ** exponent``; either may be a number.

    >>> import minitorch_dl as torch
    >>> torch.pow(2, torch.tensor([1.0, 3.0]))
    tensor([2., 8.])
    """
    y = power(input, exponent)
    return y if out is None else write_out("pow", out, y)


def _wide(*operands: Any) -> str:
    raw = [x.array if isinstance(x, TensorBase) else x for x in operands]
    return "complex128" if dtypes.result_type(*raw).is_complex else "float64"


def float_power(input: Any, exponent: Any, *, out: Any = None) -> Any:
    """``input ** exponent`` computed in float64, of complex numbers in complex128."""
    wide = _wide(input, exponent)
    input, exponent = (
        cast(x, dtype=wide) if isinstance(x, TensorBase) else x for x in (input, exponent)
    )
    y = power(input, exponent)
    return y if out is None else write_out("float_power", out, y, exact=True)


def float_power_(input: Any, exponent: Any) -> Any:
    """``float_power`` in place, of float64 or complex128."""
    wide = _wide(input, exponent)
    if input.array.dtype != wide:
        raise RuntimeError(
            f"the base given to float_power_ has dtype {input.array.dtype} but the operation's "
            f"result requires dtype {wide}"
        )
    return write("float_power_", input, lambda: float_power(input, exponent))


@primitive(promotes="float", complex="holomorphic")
def reciprocal(xp: Any, a: Any) -> Any:
    """``1 / input``."""
    return xp.reciprocal(a)


reciprocal.defvjp(a=lambda g, y: -g * y * y)


@primitive(grad_fn="PowBackward0", complex="holomorphic")
def square(xp: Any, a: Any) -> Any:
    """``input ** 2``."""
    return xp.multiply(a, a, dtype="int64" if a.dtype.kind == "b" else None)


square.defvjp(a=lambda g, a: 2 * g * a)


@primitive(promotes="float", complex="holomorphic")
def sqrt(xp: Any, a: Any) -> Any:
    """The square root; NaN below 0."""
    return xp.sqrt(a)


sqrt.defvjp(a=lambda g, y: g / (2 * y))


@primitive(promotes="float", complex="holomorphic")
def rsqrt(xp: Any, a: Any) -> Any:
    """``1 / sqrt(input)``."""
    return xp.reciprocal(xp.sqrt(a))


rsqrt.defvjp(a=lambda g, y: -0.5 * g * pow_p(y, 3))


@primitive(broadcasts=True, promotes="float", tensors=("a", "b"), min_kind="float")
def hypot(xp: Any, a: Any, b: Any) -> Any:
    """``sqrt(input**2 + other**2)`` without overflow."""
    return xp.hypot(a, b)


hypot.defvjp(a=lambda g, a, y: g * (a / y), b=lambda g, b, y: g * (b / y))
