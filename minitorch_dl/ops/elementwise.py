"""Pointwise arithmetic and functions: each forward with its derivative beside it.

In a formula ``g`` is the gradient of the output, ``y`` the output, ``a`` and ``b`` the inputs.
"""

from __future__ import annotations

from typing import Any

from ..autograd.primitive import primitive, write_out

__all__ = [
    "add", "cos", "div", "divide", "exp", "log", "mul", "multiply", "neg", "negative", "pow", "reciprocal",
    "sin", "sqrt", "square", "sub", "subtract", "tanh", "true_divide",
]  # fmt: skip

# -- arithmetic --------------------------------------------------------------------------------------------------------


@primitive(name="add", broadcasts=True, promotes="same")
def _add(xp: Any, a: Any, b: Any) -> Any:
    return xp.add(a, b)


_add.defvjp(a=lambda g: g, b=lambda g: g)


@primitive(name="sub", broadcasts=True, promotes="same")
def _sub(xp: Any, a: Any, b: Any) -> Any:
    return xp.subtract(a, b)


_sub.defvjp(a=lambda g: g, b=lambda g: -g)


@primitive(broadcasts=True, promotes="same")
def mul(xp: Any, a: Any, b: Any) -> Any:
    """The product ``input * other``."""
    return xp.multiply(a, b)


mul.defvjp(a=lambda g, b: g * b, b=lambda g, a: g * a)


@primitive(name="div", broadcasts=True, promotes="float")
def _div(xp: Any, a: Any, b: Any) -> Any:
    return xp.true_divide(a, b)


_div.defvjp(a=lambda g, b: g / b, b=lambda g, b, y: -g * y / b)


def add(input: Any, other: Any, *, alpha: float = 1, out: Any = None) -> Any:
    """``input + alpha * other``, broadcast and promoted.

    >>> import minitorch_dl as torch
    >>> torch.add(torch.tensor([1, 2]), 0.5)
    tensor([1.5000, 2.5000])
    """
    y = _add(input, other if alpha == 1 else other * alpha)
    return y if out is None else write_out("add", out, y)


def sub(input: Any, other: Any, *, alpha: float = 1, out: Any = None) -> Any:
    """``input - alpha * other``, broadcast and promoted."""
    y = _sub(input, other if alpha == 1 else other * alpha)
    return y if out is None else write_out("sub", out, y)


def div(input: Any, other: Any, *, rounding_mode: str | None = None, out: Any = None) -> Any:
    """``input / other``; integers give floats unless ``rounding_mode`` is "trunc" or "floor"."""
    y = _div(input, other)
    return y if out is None else write_out("div", out, y)


multiply, subtract, divide, true_divide = mul, sub, div, div


@primitive
def neg(xp: Any, a: Any) -> Any:
    """``-input``."""
    return xp.negative(a)


neg.defvjp(a=lambda g: -g)
negative = neg


@primitive(name="pow", broadcasts=True, promotes="same")
def pow(xp: Any, a: Any, b: Any) -> Any:
    """``input ** exponent``."""
    return xp.power(a, b)


pow.defvjp(a=lambda g, a, b: g * b * a ** (b - 1), b=lambda g, a, y: g * y * log(a))


@primitive(promotes="float")
def reciprocal(xp: Any, a: Any) -> Any:
    """``1 / input``."""
    return xp.reciprocal(a)


reciprocal.defvjp(a=lambda g, y: -g * y * y)


@primitive
def square(xp: Any, a: Any) -> Any:
    """``input ** 2``."""
    return xp.square(a)


square.defvjp(a=lambda g, a: 2 * g * a)


@primitive(promotes="float", domain=(0, None))
def sqrt(xp: Any, a: Any) -> Any:
    """The square root."""
    return xp.sqrt(a)


sqrt.defvjp(a=lambda g, y: g / (2 * y))

# -- exponentials and logarithms ----------------------------------------------------------------------------------------


@primitive(promotes="float")
def exp(xp: Any, a: Any) -> Any:
    """e to the power of ``input``."""
    return xp.exp(a)


exp.defvjp(a=lambda g, y: g * y)


@primitive(promotes="float", domain=(0, None))
def log(xp: Any, a: Any) -> Any:
    """The natural logarithm."""
    return xp.log(a)


log.defvjp(a=lambda g, a: g / a)

# -- trigonometric and hyperbolic ---------------------------------------------------------------------------------------


@primitive(promotes="float")
def sin(xp: Any, a: Any) -> Any:
    """The sine; radians."""
    return xp.sin(a)


sin.defvjp(a=lambda g, a: g * cos(a))


@primitive(promotes="float")
def cos(xp: Any, a: Any) -> Any:
    """The cosine; radians."""
    return xp.cos(a)


cos.defvjp(a=lambda g, a: -g * sin(a))


@primitive(promotes="float")
def tanh(xp: Any, a: Any) -> Any:
    """The hyperbolic tangent."""
    return xp.tanh(a)


tanh.defvjp(a=lambda g, y: g * (1 - y * y))
