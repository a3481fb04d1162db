"""One op on each tensor of a list: ``torch._foreach_add`` and its siblings, by which optimizers
step all parameters at once.

What comes after the first list is a list of as many tensors or numbers, or one for all. Without an
underscore at the end of the name the results come as a tuple; with one, the tensors are written to
and the list is returned.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .ops import pow
from .ops.linalg.norms import vector_norm
from .tensor import Tensor

_BOTH = (
    "abs acos add asin atan ceil clamp_max clamp_min cos cosh div erf erfc exp expm1 floor frac "
    "lerp lgamma log log10 log1p log2 mul neg pow reciprocal round rsqrt sigmoid sign sin sinh "
    "sqrt sub tan tanh trunc"
).split()
"""Methods of tensors whose counterparts here come in both forms."""


_OPTIONS = ("alpha", "dtype", "non_blocking")
"""Keywords of the ops themselves; others name arguments, of which each tensor gets its own."""


def _each(name: str, op: Callable[..., Any], packed: bool = False) -> Callable[..., Any]:
    """``op`` on each tensor of a list; ``packed``: a tensor in third place holds a number for
    each."""
    in_place = name.endswith("_")

    def call(self: Any, *args: Any, **options: Any) -> Any:
        args = (*args, *[options.pop(k) for k in list(options) if k not in _OPTIONS])
        lists = [x for x in (self, *args) if isinstance(x, (list, tuple))]
        if not lists or not lists[0]:
            raise RuntimeError(f"{name}: Tensor list must have at least one tensor.")
        if packed and len(args) == 3 and isinstance(args[2], Tensor):
            args = (*args[:2], _unpacked(args[2], len(lists[0])))
        columns = [_column(name, x, len(lists[0])) for x in (self, *args)]
        results = [op(*row, **options) for row in zip(*columns)]
        return self if in_place else tuple(results)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"``{op.__name__}`` of each tensor of a list."
    return call


def _unpacked(scalars: Tensor, count: int) -> list[Any]:
    if scalars.dim() != 1:
        raise RuntimeError(
            f"Expected packed scalar Tensor to be of dimension 1. Got {scalars.dim()} instead."
        )
    if len(scalars) != count:
        raise RuntimeError(
            f"Expected length of scalars to match input of length {count} but got {len(scalars)} "
            "instead."
        )
    return scalars.tolist()


def _column(name: str, values: Any, count: int) -> Sequence[Any]:
    """One argument for each of ``count`` tensors."""
    if not isinstance(values, (list, tuple)):
        if isinstance(values, Tensor) and values.dim():
            raise RuntimeError(
                f"{name}: scalar tensor expected to be 0 dim but it has {values.dim()} dimensions "
                f"and {values.numel()} elements."
            )
        return [values] * count
    if len(values) == count:
        return values
    if not values or not isinstance(values[0], Tensor):
        raise RuntimeError(
            f"{name}: Tensor list must have same number of elements as scalar list. Got {count} "
            f"and {len(values)}"
        )
    raise RuntimeError(
        f"{name}: Tensor lists must have the same number of tensors, got {count} and {len(values)}"
    )


def _weighted(method: Callable[..., Any]) -> Callable[..., Any]:
    """``addcmul`` or ``addcdiv``, whose factor may come by position here."""

    def op(x: Any, tensor1: Any, tensor2: Any, value: Any = 1) -> Any:
        return method(x, tensor1, tensor2, value=value)

    op.__name__ = method.__name__
    return op


def _powsum(x: Any, ord: float = 2, dtype: Any = None) -> Any:
    return x.abs().pow(ord).sum(dtype=dtype)


_METHODS = {
    **{name: name for name in _BOTH},
    "maximum": "clamp_min",  # which takes numbers, too
    "minimum": "clamp_max",
}
_OPS: dict[str, Callable[..., Any]] = {
    **{name + end: getattr(Tensor, method + end) for name, method in _METHODS.items()
       for end in ("", "_")},
    **{name + end: _weighted(getattr(Tensor, name + end)) for name in ("addcmul", "addcdiv")
       for end in ("", "_")},
    "clone": Tensor.clone, "max": Tensor.amax, "mm": Tensor.mm, "norm": vector_norm,
    "pow": pow,  # whose base may be one number
    "powsum": _powsum, "copy_": Tensor.copy_, "zero_": Tensor.zero_,
}  # fmt: skip
globals().update(
    {
        f"_foreach_{name}": _each(f"_foreach_{name}", op, name.startswith("addc"))
        for name, op in _OPS.items()
    }
)
__all__ = [f"_foreach_{name}" for name in _OPS]
