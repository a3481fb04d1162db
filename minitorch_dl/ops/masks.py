"""Elements chosen by a mask, and masks' positions: ``masked_*``, ``nonzero``, ``argwhere``,
``one_hot``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.engine_ops import expand_p
from ..autograd.node_names import as_one, named
from ..autograd.primitive import TensorBase, primitive, write_out
from ..backend import anywhere, array_module, check_range
from ..backend.row_major import in_rows
from ..backend.selection import choose
from .dims import common_shape
from .gathering import at_least_1d, fill_value
from .indexing import index_p, index_put_p
from .shape import reshape_p
from .slicing import slice_p

__all__ = ["argwhere", "masked_fill", "masked_scatter", "masked_select", "nonzero"]


@primitive(broadcasts=True, complex=True)
@in_rows
def masked_fill_p(xp: Any, a: Any, value: Any, mask: Any) -> Any:
    return choose(xp, mask, value, a)


masked_fill_p.defvjp(a=lambda g, mask: masked_fill_p(g, 0, mask), value=lambda g, mask: g * mask)


def _check_mask(op: str, mask: Any) -> None:
    if mask.array.dtype != bool:
        raise RuntimeError(
            f"{op} only supports boolean masks, but got mask with dtype {mask.array.dtype}"
        )


def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """``value``, a number or 0-d tensor, where the bool ``mask`` (broadcast) is true, else
    ``input``.

    >>> import minitorch_dl as torch
    >>> x = torch.tensor([1.0, -2.0])
    >>> x.masked_fill(x < 0, 0.0)
    tensor([1., 0.])
    """
    _check_mask("masked_fill", mask)
    y = masked_fill_p(input, fill_value("masked_fill", input, value), mask)
    return y if not isinstance(value, TensorBase) else named(y, "MaskedFillBackward1")


@as_one("MaskedSelectBackward0")
def masked_select(input: Any, mask: Any, *, out: Any = None) -> Any:
    """The elements where the bool ``mask`` is true (both broadcast), as a vector.

    >>> import minitorch_dl as torch
    >>> x = torch.tensor([1, -2, 3])
    >>> torch.masked_select(x, x > 0)
    tensor([1, 3])
    """
    if mask.array.dtype != bool:
        raise RuntimeError(f"masked_select: expected BoolTensor for mask, got {mask.array.dtype}")
    shape = common_shape("masked_select", input.array.shape, mask.array.shape) or (1,)
    y = index_p(expand_p(input, shape=shape), expand_p(mask, shape=shape), dims=(0,))
    return y if out is None else write_out("masked_select", out, y, exact=True, reads=(input, mask))


@as_one("MaskedScatterBackward0")
def masked_scatter(input: Any, mask: Any, source: Any) -> Any:
    """The elements of ``source``, in order, where the bool ``mask`` is true, else ``input``."""
    _check_mask("masked_scatter_", mask)
    if input.array.dtype != source.array.dtype:
        raise RuntimeError(
            "masked_scatter: expected self and source to have same dtypes but got "
            f"{input.array.dtype} and {source.array.dtype}"
        )
    shape = common_shape("masked_scatter", input.array.shape, mask.array.shape)
    mask = expand_p(mask, shape=shape or (1,))
    n = int(mask.array.sum()) if anywhere(mask.array) else 0
    if n > source.array.size:
        raise RuntimeError(
            "masked_scatter: Number of elements of source < number of ones in mask: "
            f"{source.array.size} < {n}"
        )
    values = slice_p(reshape_p(source, shape=(-1,)), index=((0, n, None),))
    y = index_put_p(expand_p(input, shape=shape or (1,)), values, mask, dims=(0,))
    return y if shape else reshape_p(y, shape=())


@primitive(complex=True)
def nonzero_p(xp: Any, a: Any) -> Any:
    return xp.stack(xp.nonzero(a)).T if a.ndim else xp.zeros((int(a != 0), 0), np.int64)


def nonzero(input: Any, *, as_tuple: bool = False, out: Any = None) -> Any:
    """The indices of the elements that are not zero, one per row; with ``as_tuple`` one index
    tensor per axis.

    >>> import minitorch_dl as torch
    >>> torch.nonzero(torch.tensor([0, 3, 0, 4]))
    tensor([[1],
            [3]])
    """
    if not as_tuple:
        y = nonzero_p(input)
        return y if out is None else write_out("nonzero", out, y, exact=True)
    if out is not None and not isinstance(out, TensorBase):
        raise TypeError(f"nonzero(): argument 'out' must be Tensor, not {type(out).__name__}")
    if out is not None:
        raise RuntimeError("nonzero does not support the out kwarg when as_tuple is True")
    rows = nonzero_p(at_least_1d(input))
    return tuple(slice_p(rows, index=((None, None, None), d)) for d in range(rows.array.shape[1]))


def argwhere(input: Any) -> Any:
    """The indices of the elements that are not zero, one per row."""
    return nonzero_p(input)


def one_hot(tensor: Any, num_classes: int = -1) -> Any:
    """``(*)`` class indices to ``(*, num_classes)`` with a 1 at each index; int64.

    >>> import minitorch_dl as torch
    >>> torch.nn.functional.one_hot(torch.tensor([2, 0]), 3)
    tensor([[0, 0, 1],
            [1, 0, 0]])
    """
    index = tensor.array
    if index.dtype != np.int64:
        raise RuntimeError(
            f"one_hot is only applicable to index tensor of type LongTensor, got {index.dtype}."
        )
    if not index.size and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor.")
    if num_classes == -1:
        num_classes = int(index.max()) + 1
    check_range(
        index,
        num_classes,
        text="Class values must be non-negative and smaller than num_classes, got {} of "
        f"{num_classes}.",
    )
    xp = array_module(index)
    return TensorBase.wrap((index[..., None] == xp.arange(num_classes)).astype(np.int64))
