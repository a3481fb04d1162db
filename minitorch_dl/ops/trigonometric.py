"""Trigonometric and hyperbolic functions: each forward with its derivative beside it.

In a formula ``g`` is the gradient of the output, ``y`` the output, ``a`` and ``b`` the inputs.
"""

from __future__ import annotations

import math
from typing import Any

from ..autograd.errors import refuse_complex
from ..autograd.node_names import as_one
from ..autograd.primitive import primitive, write_out
from .elementwise import div_or_zero
from .powers import rsqrt

__all__ = [
    "acos", "acosh", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh",
    "asin", "asinh", "atan", "atan2", "atanh", "cos", "cosh", "deg2rad", "rad2deg", "sin", "sinh",
    "tan", "tanh",
]  # fmt: skip


@primitive(promotes="float", complex="holomorphic")
def sin(xp: Any, a: Any) -> Any:
    """The sine; radians."""
    return xp.sin(a)


sin.defvjp(a=lambda g, a: g * cos(a))


@primitive(promotes="float", complex="holomorphic")
def cos(xp: Any, a: Any) -> Any:
    """The cosine; radians."""
    return xp.cos(a)


cos.defvjp(a=lambda g, a: -g * sin(a))


@primitive(promotes="float", complex="holomorphic")
def tan(xp: Any, a: Any) -> Any:
    """The tangent; radians."""
    return xp.tan(a)


tan.defvjp(a=lambda g, y: g * (1 + y * y))


@primitive(promotes="float", complex="holomorphic")
def asin(xp: Any, a: Any) -> Any:
    """The inverse sine, in ``[-pi/2, pi/2]``."""
    return xp.arcsin(a)


asin.defvjp(a=lambda g, a: g * rsqrt(1 - a * a))


@primitive(promotes="float", complex="holomorphic")
def acos(xp: Any, a: Any) -> Any:
    """The inverse cosine, in ``[0, pi]``."""
    return xp.arccos(a)


acos.defvjp(a=lambda g, a: -g * rsqrt(1 - a * a))


@primitive(promotes="float", complex="holomorphic")
def atan(xp: Any, a: Any) -> Any:
    """The inverse tangent, in ``(-pi/2, pi/2)``."""
    return xp.arctan(a)


atan.defvjp(a=lambda g, a: g / (1 + a * a))


@primitive(promotes="float", complex="holomorphic")
def sinh(xp: Any, a: Any) -> Any:
    """The hyperbolic sine."""
    return xp.sinh(a)


sinh.defvjp(a=lambda g, a: g * cosh(a))


@primitive(promotes="float", complex="holomorphic")
def cosh(xp: Any, a: Any) -> Any:
    """The hyperbolic cosine."""
    return xp.cosh(a)


cosh.defvjp(a=lambda g, a: g * sinh(a))


@primitive(promotes="float", complex="holomorphic")
def tanh(xp: Any, a: Any) -> Any:
    """The hyperbolic tangent."""
    return xp.tanh(a)


tanh.defvjp(a=lambda g, y: g * (1 - y * y))


@primitive(promotes="float", complex="holomorphic")
def asinh(xp: Any, a: Any) -> Any:
    """The inverse hyperbolic sine."""
    return xp.arcsinh(a)


asinh.defvjp(a=lambda g, a: g * rsqrt(a * a + 1))


@primitive(promotes="float", complex="holomorphic")
def acosh(xp: Any, a: Any) -> Any:
    """The inverse hyperbolic cosine."""
    return xp.arccosh(a)


acosh.defvjp(a=lambda g, a: g * rsqrt(a * a - 1))


@primitive(promotes="float", complex="holomorphic")
def atanh(xp: Any, a: Any) -> Any:
    """The inverse hyperbolic tangent."""
    return xp.arctanh(a)


atanh.defvjp(a=lambda g, a: g / (1 - a * a))


@primitive(broadcasts=True, promotes="float", tensors=("a", "b"))
def atan2(xp: Any, a: Any, b: Any) -> Any:
    """The angle of the point ``(x, y) = (other, input)``, in ``[-pi, pi]``."""
    return xp.arctan2(a, b)


atan2.defvjp(
    a=lambda g, a, b: div_or_zero(g * b, a * a + b * b),
    b=lambda g, a, b: div_or_zero(-g * a, a * a + b * b),
)

arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2
arcsinh, arccosh, arctanh = asinh, acosh, atanh


@as_one("Deg2RadBackward0")
def deg2rad(input: Any, *, out: Any = None) -> Any:
    """Degrees to radians."""
    refuse_complex("deg2rad", input)
    y = input * (math.pi / 180)
    return y if out is None else write_out("deg2rad", out, y)


@as_one("Rad2DegBackward0")
def rad2deg(input: Any, *, out: Any = None) -> Any:
    """Radians to degrees."""
    refuse_complex("rad2deg", input)
    y = input * (180 / math.pi)
    return y if out is None else write_out("rad2deg", out, y)
