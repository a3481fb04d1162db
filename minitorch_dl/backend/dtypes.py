"""Data types and PyTorch's promotion rules.

A ``dtype`` is a small named object (``float32``, ``int64``, ...) that stands for one NumPy dtype.
The promotion rules are PyTorch's, which differ from NumPy's in two ways: an integer never widens a
float (``float32 + int64`` is ``float32``), and a zero-dimensional tensor or a Python number only
counts when its *kind* (bool < integer < float < complex) is higher than that of the tensors that
have dimensions.
"""

from __future__ import annotations

import builtins
import math
import re
from typing import Any

import numpy as np

__all__ = [
    "bfloat16", "bool", "can_cast", "cdouble", "cfloat", "complex64", "complex128", "double",
    "dtype", "float", "float16", "float32", "float64", "get_default_dtype", "half", "int", "int8",
    "int16", "int32", "int64", "long", "promote_types", "set_default_dtype", "short", "uint8",
    "uint16", "uint32", "uint64",
]  # fmt: skip

try:  # bfloat16 is no NumPy type; ml_dtypes registers one
    from ml_dtypes import bfloat16 as _bfloat16
except ImportError:
    _bfloat16 = None

BOOL, INTEGER, FLOAT, COMPLEX = 0, 1, 2, 3
KINDS = {"bool": BOOL, "integer": INTEGER, "float": FLOAT, "complex": COMPLEX}


class dtype:
    """A tensor's element type, such as ``minitorch_dl.float32``.

    Attributes:
        name: the bare name, ``"float32"``.
        numpy: the NumPy dtype of the raw array.
        kind: 0 for bool, 1 for integers, 2 for floats, 3 for complex numbers.

    >>> import minitorch_dl as torch
    >>> torch.float32, torch.float32.is_floating_point, torch.float32.itemsize
    (torch.float32, True, 4)
    """

    __slots__ = (
        "_numpy", "is_complex", "is_floating_point", "is_signed", "itemsize", "kind", "name",
    )  # fmt: skip

    def __init__(self, name: str, numpy: Any, kind: builtins.int, itemsize: builtins.int) -> None:
        self.name = name
        self._numpy = None if numpy is None else np.dtype(numpy)
        self.kind = kind
        self.is_floating_point = kind == FLOAT
        self.is_complex = kind == COMPLEX
        self.is_signed = kind >= FLOAT or name.startswith("int")
        self.itemsize = itemsize

    @property
    def numpy(self) -> np.dtype:
        """The NumPy dtype of the raw array."""
        if self._numpy is None:
            raise RuntimeError(
                f"{self} needs the package ml_dtypes, which is not installed: pip install ml_dtypes"
            )
        return self._numpy

    def to_complex(self) -> dtype:
        """The complex dtype whose parts have this dtype (of bfloat16, ``complex64``).

        Raises:
            RuntimeError: of integers.
        """
        if self.kind == COMPLEX:
            return self
        if self.kind != FLOAT or self.itemsize == 1:
            raise RuntimeError(f"Unknown Complex ScalarType for {self}: expected a floating dtype")
        return {float64: complex128, float16: ONLY_NAMED["complex32"]}.get(self, complex64)

    def to_real(self) -> dtype:
        """The dtype of a complex dtype's parts; of others, the dtype itself."""
        return {4: float16, 8: float32, 16: float64}[self.itemsize] if self.is_complex else self

    @property
    def abbr(self) -> str:
        """A short form of the name.

        >>> import minitorch_dl as torch
        >>> torch.float32.abbr, torch.bfloat16.abbr, torch.int64.abbr, torch.bool.abbr
        ('f32', 'bf16', 'i64', 'b8')
        """
        kind, bits, variant = re.match("([a-z]*)([0-9]*)(.*)", self.name).groups()  # type: ignore[union-attr]
        if self.itemsize * 8 != (builtins.int(bits) if bits else 8):
            return self.name  # of less than a byte
        return _KINDS.get(kind, kind) + (bits or "8") + variant.replace("_", "")

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name  # pickled by name, so that a loaded dtype is the same object


_KINDS = {"bool": "b", "bfloat": "bf", "float": "f", "complex": "c", "uint": "u", "int": "i"}


class NamedDtype(dtype):
    """A dtype of PyTorch's that libraries compare with, and of which there are no tensors here."""

    __slots__ = ()

    @property
    def numpy(self) -> np.dtype:
        instead = {
            FLOAT: "bfloat16 or float16",
            COMPLEX: "float32 or float64 parts, not float16 parts",
        }.get(self.kind, "uint8 or int8")
        raise RuntimeError(f"minitorch_dl has no tensors of {self}; use {instead}")


float32 = float = dtype("float32", np.float32, FLOAT, 4)
float64 = double = dtype("float64", np.float64, FLOAT, 8)
float16 = half = dtype("float16", np.float16, FLOAT, 2)
bfloat16 = dtype("bfloat16", _bfloat16, FLOAT, 2)
int8 = dtype("int8", np.int8, INTEGER, 1)
int16 = short = dtype("int16", np.int16, INTEGER, 2)
int32 = int = dtype("int32", np.int32, INTEGER, 4)
int64 = long = dtype("int64", np.int64, INTEGER, 8)
uint8 = dtype("uint8", np.uint8, INTEGER, 1)
uint16 = dtype("uint16", np.uint16, INTEGER, 2)
uint32 = dtype("uint32", np.uint32, INTEGER, 4)
uint64 = dtype("uint64", np.uint64, INTEGER, 8)
bool = dtype("bool", np.bool_, BOOL, 1)
complex64 = cfloat = dtype("complex64", np.complex64, COMPLEX, 8)
complex128 = cdouble = dtype("complex128", np.complex128, COMPLEX, 16)

ONLY_NAMED = {
    name: NamedDtype(name, None, kind, itemsize)
    for kind, itemsize, names in (
        (COMPLEX, 4, "complex32"),
        (FLOAT, 1, "float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu"),
        (FLOAT, 1, "float4_e2m1fn_x2"),
        (INTEGER, 1, "int1 int2 int3 int4 int5 int6 int7"),
        (INTEGER, 1, "uint1 uint2 uint3 uint4 uint5 uint6 uint7"),
        (INTEGER, 1, "bits8 bits1x8 bits2x4 bits4x2 qint8 quint8 quint4x2 quint2x4"),
        (INTEGER, 2, "bits16"),
        (INTEGER, 4, "qint32"),
    )
    for name in names.split()
}
globals().update(ONLY_NAMED)

ALL = (
    float16, bfloat16, float32, float64,
    int8, int16, int32, int64, uint8, uint16, uint32, uint64, bool, complex64, complex128,
)  # fmt: skip
LEGACY_NAMES = {
    "float32": "Float",
    "float64": "Double",
    "float16": "Half",
    "bfloat16": "BFloat16",
    "uint8": "Byte",
    "int8": "Char",
    "int16": "Short",
    "int32": "Int",
    "int64": "Long",
    "uint16": "UInt16",
    "uint32": "UInt32",
    "uint64": "UInt64",
    "bool": "Bool",
    "complex64": "ComplexFloat",
    "complex128": "ComplexDouble",
}
"""The names by which PyTorch's old classes and its errors call the dtypes."""
_WIDE_UNSIGNED = frozenset((uint16, uint32, uint64))
"""Those of which only floating-point types hold every other number, too."""

_FROM_NUMPY = {d._numpy: d for d in ALL if d._numpy is not None}
_FROM_PYTHON = {
    builtins.float: float64,
    builtins.int: int64,
    builtins.bool: bool,
    builtins.complex: complex128,
}

_default = float32


def get_default_dtype() -> dtype:
    """The dtype of floats made from Python numbers (``float32`` unless changed)."""
    return _default


def set_default_dtype(d: dtype) -> None:
    """Set the dtype that Python floats become. Only floating dtypes are accepted."""
    global _default
    d = as_dtype(d)
    if not d.is_floating_point:
        raise TypeError(f"only floating-point types are supported as the default type, got {d}")
    _default = d


def from_numpy(numpy_dtype: Any) -> dtype:
    """The ``dtype`` of a NumPy dtype.

    Raises:
        TypeError: there is no such tensor type (strings, objects, ...).
    """
    try:
        return _FROM_NUMPY[numpy_dtype]
    except KeyError:
        pass
    native = np.dtype(numpy_dtype).newbyteorder("=")
    try:
        return _FROM_NUMPY[native]
    except KeyError:
        names = ", ".join(d.name for d in ALL)
        raise TypeError(
            f"can't convert an array of type {numpy_dtype} to a tensor. Supported types: {names}"
        ) from None


def as_dtype(d: Any) -> dtype:
    """Accept a ``dtype``, a NumPy dtype, a Python type or a name; return the ``dtype``."""
    if isinstance(d, dtype):
        return d
    if d in _FROM_PYTHON:
        return _FROM_PYTHON[d]
    if isinstance(d, str):
        d = d.removeprefix("torch.")
        for known in ALL:
            if known.name == d:
                return known
    try:
        return from_numpy(np.dtype(d))
    except TypeError:
        raise TypeError(
            f"dtype must be a dtype such as float32 or int64, got {d!r} ({type(d).__name__})"
        ) from None


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest dtype of PyTorch's table that holds both.

    >>> import minitorch_dl as torch
    >>> (
    ...     torch.promote_types(torch.float16, torch.int64),
    ...     torch.promote_types(torch.uint8, torch.int8),
    ... )
    (torch.float16, torch.int16)
    """
    a, b = type1, type2
    if a is b:
        return a
    if not (isinstance(a, dtype) and isinstance(b, dtype)):
        raise TypeError(f"promote_types(): expected two dtypes, got {a!r} and {b!r}")
    for d in (a, b):
        if isinstance(d, NamedDtype) and not d.is_complex:
            kind = "Float8" if d.is_floating_point else d.name
            raise RuntimeError(
                f"Promotion for {kind} Types is not supported, attempted to promote {a} and {b}"
            )
    others = {a, b} - _WIDE_UNSIGNED
    if len(others) < 2 and not all(d.is_floating_point for d in others or {bool}):
        raise RuntimeError(
            "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote "
            f"{a} and {b}: convert one of them with .to()"
        )
    if a.kind != b.kind:
        high, low = (a, b) if a.kind > b.kind else (b, a)
        if high.kind < COMPLEX or low.kind < FLOAT:
            return high
        a, b = high, low.to_complex()
    if a.kind == FLOAT and {a, b} == {float16, bfloat16}:
        return float32
    if a.kind >= FLOAT:
        return a if a.itemsize >= b.itemsize else b
    return from_numpy(np.promote_types(a.numpy, b.numpy))


def _combine(higher: dtype | None, lower: dtype | None) -> dtype | None:
    """Let operands of lower priority count only when their kind is higher."""
    if higher is None or lower is None:
        return higher or lower
    if lower.kind == COMPLEX and higher.kind == FLOAT:
        return higher.to_complex()
    return promote_types(higher, lower) if lower.kind > higher.kind else higher


def of_number(value: Any) -> dtype:
    """The dtype that a Python number asks for.

    Raises:
        TypeError: ``value`` is no number.
    """
    if isinstance(value, builtins.bool):
        return bool
    if isinstance(value, builtins.int):
        return int64
    if isinstance(value, builtins.float):
        return _default
    if isinstance(value, builtins.complex):
        return _default.to_complex()
    raise TypeError(f"expected a tensor or a number, got {type(value).__name__}")


def element(number: Any, numpy_dtype: Any) -> Any:
    """A Python number as PyTorch stores it in an array of this dtype: truncated for integers, and
    wrapped around where a negative one goes into an unsigned type.

    Raises:
        RuntimeError: the type can't hold it.
    """
    wanted = from_numpy(numpy_dtype)
    if wanted.kind == BOOL:
        return builtins.bool(number)
    if isinstance(number, complex) and not wanted.is_complex and not number.imag:
        number = number.real
    if isinstance(number, complex):
        if wanted.is_complex:
            return number
    elif wanted.kind == INTEGER:
        limits = np.iinfo(wanted.numpy)
        low = limits.min if wanted.is_signed else -limits.max
        if low <= number <= limits.max:  # NaN is not
            whole = builtins.int(number)
            return whole if wanted.is_signed else whole % (limits.max + 1)
    elif wanted.is_complex:
        return number
    else:
        large = 6e4 <= abs(number) < math.inf  # float16 holds what is smaller
        if not large or math.isfinite(wanted.numpy.type(number)):
            return number
    raise RuntimeError(
        f"value cannot be converted to type {wanted.name} without overflow: {number}"
    )


def result_type(*operands: Any) -> dtype:
    """The dtype of an operation on these raw arrays and Python numbers."""
    dimensioned = zero_dim = number = None
    for x in operands:
        if not hasattr(x, "dtype"):
            d = of_number(x)
            number = d if number is None else promote_types(number, d)
        elif x.ndim:
            d = from_numpy(x.dtype)
            dimensioned = d if dimensioned is None else promote_types(dimensioned, d)
        else:
            d = from_numpy(x.dtype)
            zero_dim = d if zero_dim is None else promote_types(zero_dim, d)
    result = _combine(_combine(dimensioned, zero_dim), number)
    assert result is not None, "result_type needs at least one operand"
    return result


def can_cast(from_: dtype, to: dtype) -> builtins.bool:
    """Whether PyTorch writes ``from_`` values into a ``to`` tensor without being asked: never to a
    lower kind."""
    return from_.kind <= to.kind
