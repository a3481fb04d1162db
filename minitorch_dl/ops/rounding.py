"""Rounding, and taking numbers apart: signs, exponents, fractions, common divisors."""

from __future__ import annotations

from typing import Any

from ..autograd.engine_ops import cast, zero
from ..autograd.node_names import as_one
from ..autograd.primitive import primitive, write_out
from ..backend import dtypes
from . import return_types
from .comparison import on_integers
from .elementwise import mul
from .powers import pow_p
from .selection import keep

__all__ = [
    "ceil", "copysign", "fix", "floor", "frac", "frexp", "gcd", "lcm", "ldexp", "nextafter",
    "round", "trunc",
]  # fmt: skip


@primitive(exact=True, min_kind="integer")
def floor(xp: Any, a: Any) -> Any:
    """The largest integer not above each element."""
    return a.copy() if a.dtype.kind in "iu" else xp.floor(a)


floor.defvjp(a=lambda g: zero(g))


@primitive(exact=True, min_kind="integer")
def ceil(xp: Any, a: Any) -> Any:
    """The smallest integer not below each element."""
    return a.copy() if a.dtype.kind in "iu" else xp.ceil(a)


ceil.defvjp(a=lambda g: zero(g))


@primitive(exact=True, min_kind="integer")
def trunc(xp: Any, a: Any) -> Any:
    """Each element rounded towards 0."""
    return a.copy() if a.dtype.kind in "iu" else xp.trunc(a)


trunc.defvjp(a=lambda g: zero(g))


@primitive(exact=True)
def frac(xp: Any, a: Any) -> Any:
    """The part behind the point, with the sign of ``input``: ``input - trunc(input)``."""
    if a.dtype.kind in "iub":
        raise NotImplementedError(f"frac: not implemented for {a.dtype}, which has no fractions")
    return a - xp.trunc(a)


frac.defvjp(a=lambda g: g)


@primitive(min_kind="integer")
def round_p(xp: Any, a: Any, *, decimals: int) -> Any:
    if a.dtype.kind in "iu":
        return a.copy()
    if decimals == 0:
        return xp.rint(a)
    scale = 10.0 ** (decimals if decimals > 0 else -decimals)
    return xp.rint(a * scale) / scale if decimals > 0 else xp.rint(a / scale) * scale


round_p.defvjp(a=lambda g: zero(g))
fix = trunc


def round(input: Any, *, decimals: int = 0, out: Any = None) -> Any:
    """Each element rounded to ``decimals`` places; halves go to the even neighbour.

    >>> import minitorch_dl as torch
    >>> torch.round(torch.tensor([0.5, 1.5, 2.5]))
    tensor([0., 2., 2.])
    """
    if decimals and input.array.dtype.kind in "biu":
        raise NotImplementedError(
            f"round(): decimals={decimals} needs a floating tensor, got {input.array.dtype}"
        )
    y = round_p(input, decimals=decimals)
    return y if out is None else write_out("round", out, y, exact=True)


@primitive(broadcasts=True, promotes="float", tensors=("a",))
def copysign(xp: Any, a: Any, b: Any) -> Any:
    """The size of ``input`` with the sign of ``other``."""
    return xp.copysign(a, b)


copysign.defvjp(a=lambda g, a, y: g * keep(y / a, a != 0), b=lambda g: zero(g))


@primitive(broadcasts=True, promotes="same", tensors=("a", "b"), min_kind="float")
def nextafter(xp: Any, a: Any, b: Any) -> Any:
    """The next representable number from ``input`` towards ``other``."""
    return xp.nextafter(a, b)


nextafter.defvjp(a=lambda g, a, b: keep(g, a != b), b=lambda g: zero(g))


@primitive(outputs=("mantissa", "exponent"), constant=("exponent",))
def frexp_p(xp: Any, a: Any) -> Any:
    return xp.frexp(a)


frexp_p.defvjp(a=lambda g, exponent: times_power_of_two(g, -exponent))


@primitive
def times_power_of_two(xp: Any, a: Any, exponent: Any) -> Any:
    return xp.ldexp(a, exponent)


times_power_of_two.defvjp(a=lambda g, exponent: times_power_of_two(g, exponent))


def frexp(input: Any, *, out: Any = None) -> return_types.frexp:
    """``input`` as ``mantissa * 2**exponent`` with ``0.5 <= |mantissa| < 1``; the exponent is
    int32.

    >>> import minitorch_dl as torch
    >>> torch.frexp(torch.tensor([6.0]))
    torch.return_types.frexp(
    mantissa=tensor([0.7500]),
    exponent=tensor([3], dtype=torch.int32))
    """
    if input.array.dtype.kind in "biu":
        raise RuntimeError(
            f"torch.frexp() only supports floating-point dtypes, got {input.array.dtype}"
        )
    y = frexp_p(input)
    return return_types.frexp(*(y if out is None else write_out("frexp", out, y, exact=True)))


@as_one("LdexpBackward0")
def ldexp(input: Any, other: Any, *, out: Any = None) -> Any:
    """``input * 2**other``."""
    kinds = [dtypes.from_numpy(x.array.dtype).kind for x in (input, other)]
    target = dtypes.get_default_dtype()  # also of integers without a common dtype
    if max(kinds) >= dtypes.FLOAT:
        target = dtypes.result_type(input.array, other.array)
    y = mul(input, pow_p(2.0, cast(other, dtype=target.name)))
    return y if out is None else write_out("ldexp", out, y)


@primitive(broadcasts=True, promotes="same", tensors=("a", "b"))
def gcd(xp: Any, a: Any, b: Any) -> Any:
    """The greatest common divisor of integers."""
    return on_integers("gcd", xp.gcd, a, b)


@primitive(broadcasts=True, promotes="same", tensors=("a", "b"))
def lcm(xp: Any, a: Any, b: Any) -> Any:
    """The least common multiple of integers, never negative."""
    return on_integers("lcm", xp.lcm, a, b)
