"""``addmm`` and related ops: a matrix product added to an input."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..autograd.engine_ops import cast, expand_p
from ..autograd.inplace import overwrite
from ..autograd.node_names import as_one
from ..autograd.primitive import write_out
from ..autograd.public_functions import number_first
from ..backend import dtypes
from ..backend.precision import is_half
from .matmul import bmm, mm, mv, outer

__all__ = ["addbmm", "addmm", "addmv", "addr", "baddbmm"]


def _rounded_once(function: Callable[..., Any]) -> Callable[..., Any]:
    """Have half precision computed in float32, so that product and sum are rounded together."""

    @functools.wraps(function)
    def call(input: Any, *factors: Any, out: Any = None, **kwargs: Any) -> Any:
        operands = (input, *factors)
        halves = {getattr(x, "dtype", None) for x in operands}
        if len(halves) > 1 or not is_half(input.array.dtype):
            return function(*operands, out=out, **kwargs)
        y = function(*(cast(x, dtype="float32") for x in operands), **kwargs)
        y = cast(y, dtype=input.dtype.name)
        return y if out is None else write_out(function.__name__, out, y, exact=True)

    return call


def _plus(op: str, input: Any, y: Any, beta: float, alpha: float, out: Any) -> Any:
    """``beta * input + alpha * y``; with ``beta`` 0 the input's values, NaN included, don't
    count."""
    if y.array.dtype.kind in "iu":  # PyTorch takes their whole part
        beta, alpha = int(beta), int(alpha)
    if input.array.dtype != y.array.dtype:
        raise RuntimeError(
            f"{op}(): input and products must have the same dtype, got {input.dtype} and {y.dtype}"
        )
    input = expand_p(input, shape=y.array.shape)
    if alpha != 1:
        y = y * alpha
    if beta != 0:
        y = y + (input if beta == 1 else input * beta)
    elif input.requires_grad:
        y = overwrite(input, y)  # the input's gradient is zero
    return y if out is None else write_out(op, out, y, exact=True)


@number_first("beta", "alpha")
@as_one("AddmmBackward0")
@_rounded_once
def addmm(
    input: Any, mat1: Any, mat2: Any, *, beta: float = 1, alpha: float = 1, out: Any = None
) -> Any:
    """``beta * input + alpha * mat1 @ mat2`` of matrices; ``input`` is broadcast.

    >>> import minitorch_dl as torch
    >>> torch.addmm(torch.ones(2), torch.eye(2), torch.eye(2), alpha=2)
    tensor([[3., 1.],
            [1., 3.]])
    """
    return _plus("addmm", input, mm(mat1, mat2), beta, alpha, out)


@number_first("beta", "alpha")
@as_one("AddmvBackward0")
@_rounded_once
def addmv(
    input: Any, mat: Any, vec: Any, *, beta: float = 1, alpha: float = 1, out: Any = None
) -> Any:
    """``beta * input + alpha * mat @ vec``; ``input`` is broadcast."""
    return _plus("addmv", input, mv(mat, vec), beta, alpha, out)


@number_first("beta", "alpha")
@as_one("AddrBackward0")
def addr(
    input: Any, vec1: Any, vec2: Any, *, beta: float = 1, alpha: float = 1, out: Any = None
) -> Any:
    """``beta * input + alpha * outer(vec1, vec2)``; ``input`` is broadcast."""
    dtype = dtypes.result_type(input.array, vec1.array, vec2.array)
    for name, factor in (("beta", beta), ("alpha", alpha)):
        if dtype.kind < dtypes.FLOAT and isinstance(factor, float):
            raise RuntimeError(
                f"addr(): For integral input tensors, argument {name} must not be a floating point "
                "number."
            )
        if isinstance(factor, complex) and not dtype.is_complex:
            raise RuntimeError(
                f"addr(): For non-complex input tensors, argument {name} must not be a complex "
                "number."
            )
        if isinstance(factor, bool) and dtype is not dtypes.bool:
            raise RuntimeError(f"addr(): Boolean {name} only supported for Boolean results.")
    if dtype is dtypes.bool:
        beta, alpha = bool(beta), bool(alpha)
    input, vec1, vec2 = (
        x if x.dtype is dtype else cast(x, dtype=dtype.name) for x in (input, vec1, vec2)
    )
    y = _plus("addr", input, outer(vec1, vec2), beta, alpha, None)
    return y if out is None else write_out("addr", out, y)


@number_first("beta", "alpha")
@as_one("BaddbmmBackward0")
@_rounded_once
def baddbmm(
    input: Any, batch1: Any, batch2: Any, *, beta: float = 1, alpha: float = 1, out: Any = None
) -> Any:
    """``beta * input + alpha * bmm(batch1, batch2)``; ``input`` is broadcast."""
    return _plus("baddbmm", input, bmm(batch1, batch2), beta, alpha, out)


@number_first("beta", "alpha")
@as_one("AddbmmBackward0")
@_rounded_once
def addbmm(
    input: Any, batch1: Any, batch2: Any, *, beta: float = 1, alpha: float = 1, out: Any = None
) -> Any:
    """``beta * input + alpha * bmm(batch1, batch2).sum(0)``; ``input`` is broadcast."""
    y = bmm(batch1, batch2)
    return _plus("addbmm", input, y.sum(0, dtype=y.dtype), beta, alpha, out)
