"""How programs state conditions, and compute with sizes, so that PyTorch's compiler can read them.
Here sizes are ints, and conditions are checked at once.

>>> import minitorch_dl as torch
>>> torch._check(2 + 2 == 4, lambda: "never said")
>>> torch.sym_max(2, 3)
3
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..autograd.torch_function import call_override, overriding
from ..ops import tensor
from ..tensor import Tensor

__all__ = [
    "SymBool", "SymFloat", "SymInt", "_assert", "_assert_async", "_check", "_check_index",
    "_check_is_size", "_check_not_implemented", "_check_tensor_all", "_check_tensor_all_with",
    "_check_type", "_check_value", "_check_with", "_shape_as_tensor", "sym_float", "sym_int",
    "sym_ite", "sym_max", "sym_min", "sym_not", "sym_sqrt", "sym_sum",
]  # fmt: skip

_NO_MESSAGE = "Expected cond to be True, but got False."
Message = Callable[[], Any] | None


class SymInt:
    """A whole number that the compiler leaves open: there is none here."""


class SymFloat:
    """A number that the compiler leaves open: there is none here."""


class SymBool:
    """A truth that the compiler leaves open: there is none here."""


def _check_with(error_type: type[Exception], cond: bool, message: Message) -> None:
    """Raise ``error_type(message())`` unless ``cond``."""
    if not isinstance(cond, bool):
        hint = "; torch._check_tensor_all takes tensors" if isinstance(cond, Tensor) else ""
        raise TypeError(f"cond must be a bool, but got {type(cond).__name__}{hint}")
    if cond:
        return
    if message is not None and not callable(message):
        raise TypeError("message must be a callable")
    raise error_type(_NO_MESSAGE if message is None else str(message()))


def _checks(name: str, error_type: type[Exception]) -> Callable[..., None]:
    def check(cond: bool, message: Message = None) -> None:
        _check_with(error_type, cond, message)

    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"Raise a {error_type.__name__} with ``message()`` unless ``cond``."
    return check


_check = _checks("_check", RuntimeError)
_check_index = _checks("_check_index", IndexError)
_check_value = _checks("_check_value", ValueError)
_check_type = _checks("_check_type", TypeError)
_check_not_implemented = _checks("_check_not_implemented", NotImplementedError)


def _check_is_size(i: int, message: Message = None, *, max: int | None = None) -> None:
    """Raise a RuntimeError unless ``0 <= i``, and ``i <= max`` where that is given."""
    _check(i >= 0 and (max is None or i <= max), message)


def _check_tensor_all_with(
    error_type: type[Exception], cond: Tensor, message: Message = None
) -> None:
    """Raise ``error_type(message())`` unless all elements of a bool tensor are True."""
    if not isinstance(cond, Tensor):
        raise TypeError(f"cond must be a tensor, but got {type(cond).__name__}")
    if cond.array.dtype != bool:
        raise TypeError(f"cond tensor must have dtype torch.bool, but got {cond.dtype}")
    _check_with(error_type, bool(cond.all()), message)


def _check_tensor_all(cond: Tensor, message: Message = None) -> None:
    """Raise a RuntimeError unless all elements of a bool tensor are True."""
    _check_tensor_all_with(RuntimeError, cond, message)


def _assert(condition: Any, message: str) -> None:
    """``assert condition, message``, with ``python -O``, too."""
    if (relevant := overriding((condition,))) is not None and not isinstance(condition, Tensor):
        call_override(_assert, relevant, (condition, message), {})
    elif not condition:
        raise AssertionError(message)


def _assert_async(input: Tensor, assert_msg: str | None = None) -> None:
    """Raise a RuntimeError unless the one element of ``input`` is nonzero."""
    if not input:
        raise RuntimeError(assert_msg or "Expected Tensor with single nonzero value, but got zero")


def _shape_as_tensor(self: Tensor) -> Tensor:
    """The shape as an int64 tensor."""
    return tensor(list(self.shape), dtype="int64")


def sym_int(a: Any) -> int:
    """``a`` without its fraction."""
    return math.trunc(a)


def sym_float(a: Any) -> float:
    """``a`` as a float."""
    return float(a)


def sym_not(a: Any) -> bool:
    """Whether ``a`` is false."""
    return not a


def sym_max(a: Any, b: Any) -> Any:
    """The larger number, a float if one of them is."""
    return _as_both(max(a, b), a, b)


def sym_min(a: Any, b: Any) -> Any:
    """The smaller number, a float if one of them is."""
    return _as_both(min(a, b), a, b)


def _as_both(value: Any, a: Any, b: Any) -> Any:
    return float(value) if isinstance(a, float) or isinstance(b, float) else value


def sym_ite(b: bool, t: Any, f: Any) -> Any:
    """``t`` if ``b`` else ``f``."""
    return t if b else f


def sym_sum(args: Any) -> Any:
    """The sum of the numbers."""
    return sum(args)


def sym_sqrt(a: Any) -> float:
    """The square root."""
    return math.sqrt(a)
