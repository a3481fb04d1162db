"""The dims of sparse tensors in another order, and parts of sparse tensors."""

from __future__ import annotations

import builtins
from typing import Any

from .. import ops
from ..autograd.primitive import TensorBase
from ..backend import array_module, check_range
from ..ops import stack, unsqueeze
from ..ops.dims import wrap_dim
from ..ops.embedding import take_rows
from ..tensor import Tensor
from .compressed import TRANSPOSED
from .functions import is_sparse, meetings, refuse
from .tensor import SparseTensor, implements

wrap = TensorBase.wrap


@implements(ops.transpose, ops.swapaxes)
def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """Two dims swapped, both sparse ones."""
    order = list(range(input.ndim))
    a, b = wrap_dim(dim0, input.ndim), wrap_dim(dim1, input.ndim)
    order[a], order[b] = order[b], order[a]
    return permute(input, order)


@implements(ops.t, ops.adjoint)
def t(input: Any) -> Any:
    """The transposed matrix."""
    if input.ndim > 2:
        raise refuse("t", "at most 2 dims", input)
    return transpose(input, 0, 1) if input.ndim == 2 else input


@implements(ops.permute)
def permute(input: Any, *several: Any, dims: Any = None) -> Any:
    """The sparse dims in another order."""
    if dims is None:
        dims = several[0] if len(several) == 1 and hasattr(several[0], "__len__") else several
    if len(dims) != input.ndim:
        raise RuntimeError(
            f"permute(): number of dimensions in the tensor input does not match the length of the "
            f"desired ordering of dimensions: input.dim() = {input.ndim} is not equal to len(dims) "
            f"= {len(dims)}"
        )
    order = [wrap_dim(d, input.ndim) for d in dims]
    split = input.sparse_dim()
    if sorted(order) != list(range(input.ndim)) or order[split:] != list(range(split, input.ndim)):
        raise refuse("permute", f"an order of the {split} sparse dims", dims, input)
    places = input._places[order[:split]]
    same = order == list(range(input.ndim))
    size = [input._size[d] for d in order]
    y = SparseTensor.make(places, input._entries, size, same and input._ascending())
    if input.blocksize is None:
        return y
    rows = split - 2
    if order[rows:split] == [rows, rows + 1]:
        return y.arranged_as(input)
    if order[rows:split] != [rows + 1, rows]:
        raise refuse("permute", "an order that keeps rows and columns in place", dims, input)
    return y.to_sparse(layout=TRANSPOSED[input.layout], blocksize=input.blocksize[::-1])


@implements(ops.unsqueeze)
def add_dim(input: Any, dim: int) -> Any:
    """A sparse dim of size 1."""
    input = input.to_sparse()
    dim = wrap_dim(dim, input.ndim + 1)
    if dim > input.sparse_dim():
        entries = unsqueeze(input._entries, dim - input.sparse_dim() + 1)
        size = (*input._size[:dim], 1, *input._size[dim:])
        return SparseTensor.make(input._places, entries, size, input._merged)
    zeros = input._places.new_zeros(1, input._nnz())
    places = ops.cat([input._places[:dim], zeros, input._places[dim:]])
    size = (*input._size[:dim], 1, *input._size[dim:])
    return SparseTensor.make(places, input._entries, size, input._merged)


@implements(ops.cat)
def cat(tensors: Any, dim: int = 0) -> Any:
    """Sparse tensors one after the other along a sparse dim."""
    first, start, places = tensors[0], 0, []
    dim = wrap_dim(dim, first.ndim)
    for x in tensors:
        if not is_sparse(x) or dim >= x.sparse_dim() or x.sparse_dim() != first.sparse_dim():
            raise refuse("cat", "sparse tensors and one of their sparse dims", *tensors)
        others = [m for d, m in enumerate(x._size) if d != dim]
        if others != [m for d, m in enumerate(first._size) if d != dim]:
            raise RuntimeError(
                f"cat(): All tensors must have the same shape: {list(first._size)} (except in the "
                f"concatenating dimension {dim}), but found shape: {list(x._size)}"
            )
        rows = [x._places[d] + start if d == dim else x._places[d] for d in range(x.sparse_dim())]
        places.append(stack(rows))
        start += x._size[dim]
    size = [start if d == dim else n for d, n in enumerate(first._size)]
    entries = ops.cat([x._entries for x in tensors])
    return SparseTensor.make(ops.cat(places, 1), entries, size, False)


@implements(ops.stack)
def stack_sparse(tensors: Any, dim: int = 0) -> Any:
    """Sparse tensors along a new sparse dim."""
    return cat([add_dim(x, dim) for x in tensors], dim)


@implements(ops.index_select)
def index_select(input: Any, dim: int, index: Any) -> Any:
    """The slices ``index`` along ``dim``, which is a sparse one."""
    input = input.to_sparse()
    dim = wrap_dim(dim, input.ndim)
    if dim >= input.sparse_dim():
        entries = ops.index_select(input._entries, dim - input.sparse_dim() + 1, index)
        size = [len(index) if d == dim else n for d, n in enumerate(input._size)]
        return SparseTensor.make(input._places, entries, size, input._merged)
    at, n = input._places.array, input._size[dim]
    check_range(
        index.array,
        n,
        IndexError,
        f"index_select(): index {{}} is out of range for dim {dim} of size {n}",
    )
    xp = array_module(at)
    position, chosen = meetings(xp, index.array, at[dim], n)
    places = at[:, chosen]
    places[dim] = position
    entries = take_rows(input._entries, wrap(chosen))
    size = [len(index) if d == dim else m for d, m in enumerate(input._size)]
    return SparseTensor.make(wrap(places), entries, size, False)


@implements(ops.select, ops.select_copy)
def select(input: Any, dim: int, index: int) -> Any:
    """One slice along ``dim``: sparse, or dense where no sparse dim is left."""
    dim = wrap_dim(dim, input.ndim)
    n, split = input._size[dim], input.sparse_dim()
    if not -n <= index < n:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {n} at dim {dim}"
        )
    size = [m for d, m in enumerate(input._size) if d != dim]
    if input.blocksize and not split - 2 <= dim < split:
        return select(input.to_sparse(), dim, index).arranged_as(input)
    input = input.to_sparse()
    if dim >= split:
        entries = input._entries.select(dim - split + 1, index)
        return SparseTensor.make(input._places, entries, size, input._merged)
    at = array_module(input._places.array).flatnonzero(input._places.array[dim] == index % n)
    entries = take_rows(input._entries, wrap(at))
    kept = [d for d in range(split) if d != dim]
    if not kept:
        return entries.sum(0, dtype=entries.dtype)
    places = wrap(input._places.array[kept][:, at])
    return SparseTensor.make(places, entries, size, input._merged)


@implements(ops.narrow_copy)
def narrow_copy(input: Any, dim: int, start: int, length: int) -> Any:
    """The slices from ``start`` on, ``length`` of them."""
    input = input.to_sparse()
    dim = wrap_dim(dim, input.ndim)
    n, split = input._size[dim], input.sparse_dim()
    start = start + n if start < 0 else start
    if length < 0 or not 0 <= start <= n - length:
        raise RuntimeError(
            f"narrow_copy(): start ({start}) + length ({length}) exceeds dimension size ({n})"
        )
    size = [length if d == dim else m for d, m in enumerate(input._size)]
    if dim >= split:
        entries = input._entries.narrow_copy(dim - split + 1, start, length)
        return SparseTensor.make(input._places, entries, size, input._merged)
    at = input._places.array
    xp = array_module(at)
    inside = xp.flatnonzero((at[dim] >= start) & (at[dim] < start + length))
    shift = xp.zeros((split, 1), at.dtype)
    shift[dim] = start
    entries = take_rows(input._entries, wrap(inside))
    return SparseTensor.make(wrap(at[:, inside] - shift), entries, size, input._merged)


@implements(ops.unbind)
def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """All slices along ``dim``."""
    dim = wrap_dim(dim, input.ndim)
    return tuple([select(input, dim, i) for i in range(input._size[dim])])


@implements(Tensor.__getitem__)
def getitem(input: Any, index: Any) -> Any:
    """Slices by whole numbers, of their entries by anything, and rows by a list of numbers."""
    if isinstance(index, Tensor) and index.ndim == 1 and index.dtype.name == "int64":
        return index_select(input, 0, index)
    y, items, dim = input, index if isinstance(index, tuple) else (index,), 0
    for done, i in enumerate(items):
        if not is_sparse(y):
            return y[items[done:]]
        if isinstance(i, slice) and i == slice(None):
            dim += 1
        elif isinstance(i, builtins.bool) or not hasattr(i, "__index__"):
            raise refuse("getitem", "whole numbers, whole dims, or a tensor of numbers", index)
        else:
            y = select(y, dim, int(i))
    return y
