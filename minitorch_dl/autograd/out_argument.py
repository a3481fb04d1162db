"""The argument ``out=`` of ops: the tensor that a result is written to."""

from __future__ import annotations

from typing import Any

from ..backend import array_module, dtypes, layouts
from ..backend.warning import warn
from .base import TensorBase
from .modes import GRAD, state
from .versions import mark_written


def write_out(
    op: str,
    out: Any,
    result: Any,
    exact: bool = False,
    refusal: type[Exception] = RuntimeError,
    resizes: bool = False,
    reads: tuple[Any, ...] = (),
) -> Any:
    """Store a result in the tensor given as ``out=``, which takes the result's shape; returns
    ``out``.

    Args:
        exact: ``out`` must have the result's dtype; otherwise one that can hold it will do.
        refusal: what is raised for a dtype that can't.
        resizes: an ``out`` of another shape is resized without a warning, even if it has elements.
        reads: the tensors whose memory ``out`` must not lie in.

    Raises:
        RuntimeError: ``out`` requires a gradient, or its dtype can't hold the result.
    """
    if isinstance(result, tuple):
        return tuple(
            write_out(op, o, r, exact, refusal, resizes, reads)
            for o, r in zip(out, result, strict=True)
        )
    if not isinstance(out, TensorBase):
        raise TypeError(f"{op}(): argument 'out' must be Tensor, not {type(out).__name__}")
    if out.layout in layouts.SPARSE:
        return out.take_over(op, result)
    _check(op, out, result, exact, refusal, reads)
    target = out.array
    if target.shape == result.array.shape:
        target[...] = result.array
    else:
        if target.size and not resizes:
            warn(
                "An output with one or more elements was resized since it had shape "
                f"{list(target.shape)}, which does not match the required output shape "
                f"{list(result.array.shape)}. Give {op}() an out of that shape, or an empty one"
            )
        out.array = result.array.astype(target.dtype, order="C")
    mark_written(out.array, f"{op}(out=...)")
    return out


def _check(
    op: str,
    out: Any,
    result: Any,
    exact: bool,
    refusal: type[Exception],
    reads: tuple[Any, ...],
) -> None:
    """Refuse an ``out`` that the result can't be written to."""
    if state.flags & GRAD and (out._node is not None or result._node is not None):
        raise RuntimeError(
            f"{op}(): functions with out=... arguments don't support automatic differentiation, "
            "but one of the arguments requires grad."
        )
    have, want = dtypes.from_numpy(result.array.dtype), dtypes.from_numpy(out.array.dtype)
    if exact and have is not want:
        raise RuntimeError(
            f"{op}(): Expected out tensor to have dtype {have.name}, but got {want.name} instead"
        )
    if not dtypes.can_cast(have, want):
        raise refusal(
            f"{op}(): result type {have.name} can't be cast to the desired output type {want.name}"
        )
    target = out.array
    if not getattr(target.flags, "writeable", True) or _repeats(target):
        raise RuntimeError(
            f"{op}(): unsupported operation: more than one element of the written-to tensor refers "
            "to a single memory location. Please clone() the tensor before performing the "
            "operation."
        )
    if reads and any(array_module(target).may_share_memory(target, x.array) for x in reads):
        raise RuntimeError(
            f"{op}(): unsupported operation: some elements of the input tensor and the written-to "
            "tensor refer to a single memory location. Please clone() the tensor before performing "
            "the operation."
        )


def _repeats(array: Any) -> bool:
    """Whether an expanded array shows one element at several places."""
    return bool(array.size) and any(
        n > 1 and not step for n, step in zip(array.shape, array.strides)
    )
