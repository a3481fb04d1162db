"""Triangles and diagonals of matrices."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..autograd.node_names import as_one, named
from ..autograd.primitive import primitive, write_out
from ..backend.row_major import in_rows
from .dims import wrap_dim
from .indexing import setitem
from .movement import clone_p
from .shape import reshape_p

__all__ = ["diag", "diag_embed", "diagflat", "diagonal", "tril", "triu"]


@primitive(complex=True)
@in_rows
def tril_p(xp: Any, a: Any, *, diagonal: int) -> Any:
    return xp.tril(a, diagonal)


tril_p.defvjp(a=lambda g, diagonal: tril_p(g, diagonal=diagonal))


@primitive(complex=True)
@in_rows
def triu_p(xp: Any, a: Any, *, diagonal: int) -> Any:
    return xp.triu(a, diagonal)


triu_p.defvjp(a=lambda g, diagonal: triu_p(g, diagonal=diagonal))


def tril(input: Any, diagonal: int = 0, *, out: Any = None) -> Any:
    """The matrices with zeros above the given diagonal (0 the main one, positive above it).

    >>> import minitorch_dl as torch
    >>> torch.tril(torch.ones(3, 3))
    tensor([[1., 0., 0.],
            [1., 1., 0.],
            [1., 1., 1.]])
    """
    if input.array.ndim < 2:
        raise RuntimeError("tril: input tensor must have at least 2 dimensions")
    y = tril_p(input, diagonal=operator.index(diagonal))
    return y if out is None else write_out("tril", out, y, exact=True)


def triu(input: Any, diagonal: int = 0, *, out: Any = None) -> Any:
    """The matrices with zeros below the given diagonal (0 the main one, positive above it).

    >>> import minitorch_dl as torch
    >>> torch.triu(torch.ones(3, 3), diagonal=1)
    tensor([[0., 1., 1.],
            [0., 0., 1.],
            [0., 0., 0.]])
    """
    if input.array.ndim < 2:
        raise RuntimeError("triu: input tensor must have at least 2 dimensions")
    y = triu_p(input, diagonal=operator.index(diagonal))
    return y if out is None else write_out("triu", out, y, exact=True)


@primitive(view=True)
def diagonal_p(xp: Any, a: Any, *, offset: int, dim1: int, dim2: int) -> Any:
    y = a.diagonal(offset, dim1, dim2)
    if xp is np:
        y.flags.writeable = a.flags.writeable
    return y


diagonal_p.defvjp(
    a=lambda g, a_shape, offset, dim1, dim2: diagonal_adjoint(
        g, offset=offset, dim1=dim1, dim2=dim2, shape=a_shape
    )
)


@primitive(grad_fn="DiagEmbedBackward0", complex=True)
def diagonal_adjoint(
    xp: Any, a: Any, *, offset: int, dim1: int, dim2: int, shape: tuple[int, ...]
) -> Any:
    """Zeros of ``shape`` with ``a`` on a diagonal: the reverse of ``diagonal``."""
    out = xp.zeros(shape, a.dtype)
    diagonal_p.primitive.kernel(xp, out, offset=offset, dim1=dim1, dim2=dim2)[...] = a
    return out


diagonal_adjoint.defvjp(
    a=lambda g, offset, dim1, dim2: diagonal_p(g, offset=offset, dim1=dim1, dim2=dim2)
)


def two_dims(dim1: int, dim2: int, ndim: int) -> tuple[int, int]:
    first, second = wrap_dim(dim1, ndim), wrap_dim(dim2, ndim)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return first, second


def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """The elements on a diagonal of the planes of two axes, along a new last axis; a view.

    >>> import minitorch_dl as torch
    >>> torch.diagonal(torch.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    first, second = two_dims(dim1, dim2, input.array.ndim)
    return diagonal_p(input, offset=offset, dim1=first, dim2=second)


@as_one("DiagEmbedBackward0")
def diag_embed(input: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """The last axis on a diagonal of the planes of two new axes, zeros elsewhere.

    >>> import minitorch_dl as torch
    >>> torch.diag_embed(torch.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    have = input.array.shape
    first, second = two_dims(dim1, dim2, len(have) + 1)
    shape = list(have[:-1])
    for d in sorted((first, second)):
        shape.insert(d, have[-1] + abs(offset))
    return diagonal_adjoint(input, offset=offset, dim1=first, dim2=second, shape=tuple(shape))


def diag(input: Any, diagonal: int = 0, *, out: Any = None) -> Any:
    """A vector as the diagonal of a matrix, or the diagonal of a matrix as a vector; a copy.

    >>> import minitorch_dl as torch
    >>> torch.diag(torch.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    if input.array.ndim == 1:
        y = diag_embed(input, diagonal)
    elif input.array.ndim == 2:
        y = clone_p(diagonal_p(input, offset=diagonal, dim1=0, dim2=1))
        y = named(y, "DiagonalBackward0_copy")
    else:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input.array.ndim}D")
    return y if out is None else write_out("diag", out, y, exact=True)


def diagflat(input: Any, offset: int = 0) -> Any:
    """The flattened elements as the diagonal of a matrix."""
    return diag_embed(reshape_p(input, shape=(-1,)), offset)


def fill_diagonal_(input: Any, fill_value: float, wrap: bool = False) -> Any:
    """Write ``fill_value`` on the main diagonal; ``wrap`` starts a tall matrix's again below."""
    shape = input.array.shape
    if len(shape) < 2:
        raise RuntimeError("dimensions must larger than 1")
    if len(shape) > 2 and len(set(shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    rows = np.arange(shape[0] if wrap and len(shape) == 2 else min(shape))
    columns = rows % (shape[1] + 1)
    inside = columns < shape[1]
    setitem(input, (rows[inside],) + (columns[inside],) * (len(shape) - 1), fill_value)
    return input
