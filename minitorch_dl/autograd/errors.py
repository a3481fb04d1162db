"""The exceptions for arguments that are not tensors, and for failures of kernels."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backend import describe, describe_mismatch, describe_one, dtypes
from .base import TensorBase

if TYPE_CHECKING:
    from .primitive import Primitive

KERNEL_ERRORS = (
    ValueError, TypeError, IndexError, OverflowError, AttributeError, MemoryError, RuntimeWarning,
)  # fmt: skip
"""What array functions raise for operands that don't fit, and for infinite and undefined results
where a program makes errors of warnings."""

_DTYPE_REFUSED = re.compile("(?!.*<U).*(ufunc|numpy boolean|unsupported in linalg)", re.DOTALL)
"""What NumPy says in a TypeError about dtypes that a function of its own doesn't take; ``<U`` is
a text, no number at all."""

_PUBLIC_NAMES = {"a": "input", "b": "other", "low": "min", "high": "max"}


def no_tensor(op: str, name: str, value: Any, position: int = 1) -> TypeError:
    """The exception to raise for an argument that is no tensor."""
    return TypeError(
        f"{op}(): argument {_PUBLIC_NAMES.get(name, name)!r} (position {position}) must be Tensor, "
        f"not {type(value).__name__}"
    )


def require_tensor(op: str, name: str, value: Any) -> None:
    """Refuse an argument that is no tensor."""
    if not isinstance(value, TensorBase):
        raise no_tensor(op, name, value)


def builtin_kind(error: Exception) -> type[Exception]:
    """The type of exception that PyTorch raises where Python or an array library raises this."""
    kind = type(error)
    if isinstance(error, TypeError) and _DTYPE_REFUSED.match(str(error)):
        return NotImplementedError
    if kind.__module__.partition(".")[0] in ("numpy", "cupy", "cupy_backends"):
        for base in (IndexError, TypeError):
            if isinstance(error, base):
                return base
        return RuntimeError
    if isinstance(error, (ArithmeticError, MemoryError)):
        return RuntimeError
    if kind is ValueError and str(error).startswith("operands could not be broadcast"):
        return RuntimeError
    return ValueError if kind is KeyError else kind


def complex_refused(op: str, arrays: Sequence[Any]) -> Exception:
    """The exception to raise for complex numbers that the op can't take."""
    kinds = [a.dtype for a in arrays if hasattr(a, "dtype") and a.dtype.kind == "c"]
    legacy = dtypes.LEGACY_NAMES[str(kinds[0])]
    return NotImplementedError(
        f"\"{op}\" not implemented for '{legacy}': the op is not defined for complex numbers, or "
        f"has no derivative for them here. Got {describe(arrays)}"
    )


def not_implemented(op: str, arrays: Sequence[Any]) -> Exception:
    """The exception to raise for a kind of numbers that the op isn't made for."""
    legacy = dtypes.LEGACY_NAMES[next(str(a.dtype) for a in arrays if hasattr(a, "dtype"))]
    return NotImplementedError(
        f"{op}(): not implemented for '{legacy}': convert the input, such as with .float(). "
        f"Got {describe(arrays)}"
    )


def require_kind(op: str, least: str, *operands: Any) -> None:
    """Refuse tensors that are all of a lower kind of numbers than "integer" or "float"."""
    arrays = [x.array for x in operands if isinstance(x, TensorBase)]
    if arrays and all(dtypes.from_numpy(a.dtype).kind < dtypes.KINDS[least] for a in arrays):
        raise not_implemented(op, arrays)


def require_one_dtype(op: str, *arrays: Any) -> None:
    """Refuse arrays of several dtypes. Those that are None don't count."""
    first, *others = [a for a in arrays if a is not None]
    for a in others:
        if a.dtype != first.dtype:
            raise RuntimeError(
                f"{op}: all tensors must have the same dtype, but got {first.dtype} and {a.dtype}: "
                "convert one of them with .to()"
            )


def refuse_complex(op: str, *operands: Any) -> None:
    """Refuse complex tensors, for composites whose own ops would accept them."""
    arrays = [x.array for x in operands if isinstance(x, TensorBase)]
    if any(a.dtype.kind == "c" for a in arrays):
        raise complex_refused(op, arrays)


def handle_kernel_error(
    error: Exception,
    primitive: Primitive,
    arrays: Sequence[Any],
    params: dict[str, Any],
    kernel: Callable[..., Any] | None = None,
    xp: Any = np,
) -> Any:
    """Raise what a kernel raised, explained. A warning of NumPy's is no error, though a program has
    made one of it: infinities and NaN are results, and are returned."""
    if not isinstance(error, RuntimeWarning):
        raise explain(primitive, error, arrays, params) from error
    with np.errstate(all="ignore"):
        return (kernel or primitive.kernel)(xp, *arrays, **params)


def explain(
    primitive: Primitive, error: Exception, arrays: Sequence[Any], params: dict[str, Any]
) -> Exception:
    """The exception to raise for one of a kernel: it names the op, the operands and the reason. Bad
    shapes are RuntimeErrors, as in PyTorch."""
    given = ", ".join(
        [
            *(f"{n}={describe_one(a)}" for n, a in zip(primitive.inputs, arrays, strict=False)),
            *(f"{k}={v!r}" for k, v in params.items()),
        ]
    )
    if primitive.variadic:
        given = describe(arrays)
    reason: Any = error
    if primitive.broadcasts or "broadcast" in str(error):
        reason = describe_mismatch([getattr(a, "shape", ()) for a in arrays]) or error
    kind = builtin_kind(error)
    if kind is NotImplementedError and any(
        getattr(getattr(a, "dtype", None), "kind", "f") in "biu" for a in arrays
    ):
        return not_implemented(primitive.name, arrays)
    if kind is ValueError:
        kind = RuntimeError
    elif kind is AttributeError:
        kind = TypeError
    return kind(f"{primitive.name}({given}): {reason}")
