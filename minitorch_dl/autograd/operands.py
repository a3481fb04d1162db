"""A primitive's operands before it runs and its results after: numbers beside tensors, dtypes.

A Python number is weak: it takes the tensors' dtype, and decides it only where it is of a higher
kind (a float beside integers). What NumPy's own rules leave over is done here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend import describe, dtypes
from .base import TensorBase, late_bound
from .fast_paths import BFLOAT16, COMPLEX, DIFFERENTIABLE, HALVES

NUMBERS = frozenset((bool, int, float, complex))
"""The classes of Python's numbers."""


def any_complex(operands: Sequence[Any]) -> bool:
    """Whether one of them is an array of complex numbers, or one such number."""
    return any(getattr(x, "dtype", None) in COMPLEX or x.__class__ is complex for x in operands)


def any_half(operands: Sequence[Any]) -> bool:
    """Whether one of them is an array of 16-bit floats."""
    return any(getattr(x, "dtype", None) in HALVES for x in operands)


def as_tensor(x: Any) -> Any:
    """A Python number as a 0-d tensor."""
    return TensorBase.wrap(np.array(x, dtypes.of_number(x).numpy))


def weak(x: Any) -> Any:
    """A scalar of NumPy as Python's number: neither decides the dtype of a result."""
    return x.item() if isinstance(x, np.generic) else x


def promote(
    op: str, kind: str, args: Sequence[Any], arrays: Sequence[Any], wide: bool | str
) -> tuple[Any, Any]:
    """The operands, and their arrays, in their common dtype.

    Args:
        op: the op's name, for errors.
        kind: "same", or "float", where integers become the default floating-point type.
        wide: 16-bit floats are computed in float32, where numbers keep their digits; else they are
            rounded to bfloat16 beside it, as NumPy rounds them to its own types.
    """
    operands = [x for x in arrays if x is not None]
    try:
        target = dtypes.result_type(*operands)
        if kind == "float" and target.kind < dtypes.FLOAT:
            target = dtypes.get_default_dtype()
        wanted = target.numpy
    except (TypeError, RuntimeError) as error:
        raise type(error)(f"{op}(): {error}. Got {describe(arrays)}") from None
    args = [
        late_bound.cast(x, dtype=target.name) if hasattr(a, "dtype") and a.dtype != wanted else x
        for x, a in zip(args, arrays, strict=True)
    ]
    if wanted == BFLOAT16 and not wide:
        args = [wanted.type(x) if x.__class__ in NUMBERS else x for x in args]
    if target.kind == dtypes.INTEGER and len(args) == 2:  # of more, PyTorch refuses, as NumPy does
        args = [_wrapped(x, wanted) if x.__class__ is int else x for x in args]
    return args, [x.array if isinstance(x, TensorBase) else x for x in args]


def _wrapped(number: int, dtype: np.dtype) -> Any:
    """A Python int as an operand of this integer type: one that doesn't fit wraps around."""
    limits = np.iinfo(dtype)
    if limits.min <= number <= limits.max or number.bit_length() > 63:
        return number
    return np.array(number).astype(dtype)[()]


def keep_bfloat16(operands: Sequence[Any], results: tuple[Any, ...]) -> tuple[Any, ...]:
    """The results in bfloat16 where all floating operands are: ml_dtypes lets a Python float widen
    them to float32."""
    floats = {x.dtype for x in operands if hasattr(x, "dtype") and x.dtype in DIFFERENTIABLE}
    if floats != {BFLOAT16}:
        return results
    return tuple([y.astype(BFLOAT16) if y.dtype == np.float32 else y for y in results])
