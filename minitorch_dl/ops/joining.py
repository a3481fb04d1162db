"""Tensors put together, and one taken apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..autograd.primitive import TensorBase, primitive, write_out
from ..autograd.structural import cast
from ..backend import dtypes
from .dims import wrap_dim
from .indexing import _range
from .shape import unsqueeze

__all__ = ["cat", "concat", "concatenate", "stack"]  # fmt: skip

# -- joining ------------------------------------------------------------------------------------------------------------


@primitive(name="cat")
def _cat(xp: Any, *inputs: Any, dim: int) -> Any:
    return xp.concatenate(inputs, dim)


@_cat.defvjp_joint
def _(g: Any, shapes: Any, dim: int) -> list[Any]:
    grads, start = [], 0
    for shape in shapes:
        grads.append(_range(g, dim, start, start + shape[dim]))
        start += shape[dim]
    return grads


def _tensors(op: str, tensors: Any) -> list[Any]:
    """The tensors of a list, checked and brought to one dtype."""
    if isinstance(tensors, TensorBase) or not isinstance(tensors, Sequence):
        raise TypeError(
            f"{op}(): argument 'tensors' (position 1) must be tuple of Tensors, not {type(tensors).__name__}"
        )
    for i, x in enumerate(tensors):
        if not isinstance(x, TensorBase):
            raise TypeError(
                f"expected Tensor as element {i} in argument 0, but got {type(x).__name__}"
            )
    first = tensors[0].array.dtype if tensors else None
    if any(x.array.dtype != first for x in tensors):
        dtype = dtypes.result_type(*[x.array for x in tensors])
        return [x if x.array.dtype == dtype.numpy else cast(x, dtype=dtype.name) for x in tensors]
    return list(tensors)


def cat(tensors: Any, dim: int = 0, *, out: Any = None, axis: int | None = None) -> Any:
    """The tensors one after the other along ``dim``; their other sizes agree. Empty 1-d tensors are skipped.

    >>> import minitorch_dl as torch
    >>> torch.cat([torch.zeros(2, 1), torch.ones(2, 2)], dim=1)
    tensor([[0., 1., 1.],
            [0., 1., 1.]])
    """
    if axis is not None:
        dim = axis
    if not len(tensors):
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    given = _tensors("cat", tensors)
    joined = [x for x in given if x.array.shape != (0,)] or given[:1]
    if any(not x.array.ndim for x in joined):
        position = next(i for i, x in enumerate(given) if not x.array.ndim)
        raise RuntimeError(
            f"zero-dimensional tensor (at position {position}) cannot be concatenated"
        )
    dim = wrap_dim(dim, joined[0].array.ndim)
    try:
        y = _cat(*joined, dim=dim)
    except RuntimeError as error:
        raise _explain_cat(given, dim) or error from None
    return y if out is None else write_out("cat", out, y)


def _explain_cat(given: list[Any], dim: int) -> RuntimeError | None:
    shapes = [(i, x.array.shape) for i, x in enumerate(given) if x.array.shape != (0,)]
    first = shapes[0][1]
    for i, shape in shapes:
        if len(shape) != len(first):
            return RuntimeError(
                f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}"
            )
        for d, (n, m) in enumerate(zip(first, shape)):
            if n != m and d != dim:
                return RuntimeError(
                    f"Sizes of tensors must match except in dimension {dim}. Expected size {n} but got size {m} for tensor "
                    f"number {i} in the list."
                )
    return None


concat = concatenate = cat


def stack(tensors: Any, dim: int = 0, *, out: Any = None) -> Any:
    """The tensors, all of one shape, along a new axis ``dim``."""
    if not len(tensors):
        raise RuntimeError("stack expects a non-empty TensorList")
    given = _tensors("stack", tensors)
    first = given[0].array.shape
    for i, x in enumerate(given):
        if x.array.shape != first:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 and {list(x.array.shape)} at entry {i}"
            )
    dim = wrap_dim(dim, len(first) + 1)
    y = _cat(*[unsqueeze(x, dim) for x in given], dim=dim)
    return y if out is None else write_out("stack", out, y)
