"""The exceptions to raise: for an argument that is no tensor, and for a kernel's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..backend import describe, describe_mismatch, describe_one
from .base import TensorBase

if TYPE_CHECKING:
    from .primitive import Primitive

KERNEL_ERRORS = (ValueError, TypeError, IndexError, OverflowError)
"""What array functions raise for operands that don't fit."""


def no_tensor(op: str, name: str, value: Any) -> TypeError:
    """The exception to raise for an argument that is no tensor."""
    return TypeError(f"{op}(): argument {name!r} must be Tensor, not {type(value).__name__}")


def require_tensor(op: str, name: str, value: Any) -> None:
    """Refuse an argument that is no tensor."""
    if not isinstance(value, TensorBase):
        raise no_tensor(op, name, value)


def explain(
    primitive: Primitive, error: Exception, arrays: Sequence[Any], params: dict[str, Any]
) -> Exception:
    """The exception to raise for a kernel's: op, operands and reason. Bad shapes are
    RuntimeErrors, as in PyTorch."""
    given = ", ".join(
        [
            *(f"{n}={describe_one(a)}" for n, a in zip(primitive.inputs, arrays, strict=False)),
            *(f"{k}={v!r}" for k, v in params.items()),
        ]
    )
    if primitive.variadic:
        given = describe(arrays)
    reason: Any = error
    if primitive.broadcasts:
        reason = describe_mismatch([getattr(a, "shape", ()) for a in arrays]) or error
    kind = RuntimeError if isinstance(error, (ValueError, OverflowError)) else type(error)
    try:
        return kind(f"{primitive.name}({given}): {reason}")
    except TypeError:  # an exception class with a constructor of its own (NumPy's AxisError)
        return IndexError(f"{primitive.name}({given}): {reason}")
