"""The ops on sparse tensors, each composed from differentiable ops on their entries."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from .. import ops
from ..autograd.node_names import named
from ..autograd.primitive import TensorBase
from ..backend import array_module, layouts
from ..backend.segments import put_extrema
from ..ops import broadcast_shapes, reshape, unsqueeze
from ..ops.dims import normalize_dims, wrap_dim
from ..ops.embedding import add_rows, take_rows
from ..tensor import Tensor
from ..tensor.wrapper_subclass import members
from .tensor import SparseTensor, implements

wrap = TensorBase.wrap


def is_sparse(x: Any) -> bool:
    return isinstance(x, SparseTensor)


def refuse(op: str, expected: str, *operands: Any) -> RuntimeError:
    kinds = ", ".join(
        f"{list(x.shape)} of layout {x.layout}" if isinstance(x, Tensor) else repr(x)
        for x in operands
    )
    return RuntimeError(f"{op}(): expected {expected}, got {kinds}")


def _dense(x: Any) -> Any:
    return x.to_dense() if is_sparse(x) else x


def _merged_coo(x: Any) -> Any:
    """The coalesced tensor, in coordinates."""
    return x.to_sparse().coalesce()


# -- products --------------------------------------------------------------------------------------


@implements(ops.mm, ops.matmul, ops.mv, ops.bmm, Tensor.__matmul__)
def matmul(input: Any, other: Any) -> Any:
    """The matrix product of two tensors, one or both of them sparse: dense unless both are."""
    if not (isinstance(input, Tensor) and isinstance(other, Tensor)):
        raise refuse("matmul", "two tensors", input, other)
    if is_sparse(input) and is_sparse(other):
        return _product_of_sparse(input, other)
    if not is_sparse(input):  # (S^T d^T)^T
        vector = input.ndim == 1
        y = matmul(other.transpose(-2, -1), input if vector else input.transpose(-2, -1))
        return y if vector else y.transpose(-2, -1)
    if other.ndim == 1:
        return matmul(input, unsqueeze(other, 1)).squeeze(-1)
    if input.ndim not in (2, 3) or input.dense_dim() or other.ndim != input.ndim:
        raise refuse("matmul", "a sparse matrix or batch and as many dims", input, other)
    m, n = input._size[-2:]
    if other.shape[:-1] != (*input._size[:-2], n):
        raise _not_multiplied(input, other)
    rows, columns = (input.keys((*range(input.ndim - 2), d)) for d in (-2, -1))
    flat = reshape(other, (other.shape[0] * n, other.shape[-1])) if other.ndim == 3 else other
    terms = take_rows(flat, wrap(columns)) * unsqueeze(input._entries, 1)
    batch = input._size[:-2]
    y = add_rows(terms, wrap(rows), rows=m * (batch[0] if batch else 1))
    return reshape(y, (*batch, m, other.shape[-1])) if batch else y


def mm(mat1: Any, mat2: Any, reduce: str | None = None) -> Any:
    """``matmul``; of a sparse matrix by rows and a dense one also with the "mean", "amax" or "amin"
    (or "max", "min") of the terms of each row in place of their sum."""
    if reduce in (None, "sum"):
        return matmul(mat1, mat2)
    reduce = {"max": "amax", "min": "amin"}.get(reduce, reduce)
    if reduce not in ("mean", "amax", "amin"):
        raise RuntimeError(
            f"sparse_mm_reduce: reduce argument must be sum, mean, max or min, got {reduce}"
        )
    if mat1.layout != layouts.sparse_csr or is_sparse(mat2) or mat1.ndim != 2 != mat2.ndim:
        raise refuse("mm", "a sparse matrix of layout torch.sparse_csr and a dense one", mat1, mat2)
    rows, columns = (wrap(mat1.keys((d,))) for d in (0, 1))
    terms = take_rows(mat2, columns) * unsqueeze(mat1._entries, 1)
    y = ops.zeros(mat1._size[0], mat2.shape[1], dtype=terms.dtype, device=terms.device)
    places = ops.expand(unsqueeze(rows, 1), terms.shape)
    return ops.scatter_reduce(y, 0, places, terms, reduce, include_self=False)


def _not_multiplied(a: Any, b: Any) -> RuntimeError:
    sizes = " and ".join("x".join(map(str, x.shape)) for x in (a, b))
    return RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({sizes})")


def meetings(xp: Any, wanted: Any, keys: Any, limit: int) -> tuple[Any, Any]:
    """The pairs (i, j) with ``wanted[i] == keys[j]``, whole numbers below ``limit``, as two
    arrays."""
    order = xp.argsort(keys, kind="stable")
    starts = xp.searchsorted(keys[order], xp.arange(limit + 1))
    counts = (starts[1:] - starts[:-1])[wanted]
    first = xp.repeat(xp.arange(len(wanted)), counts)
    ends = counts.cumsum()
    second = xp.arange(len(first)) - (ends - counts)[first] + starts[wanted[first]]
    return first, order[second]


def _product_of_sparse(a: Any, b: Any) -> Any:
    if a.ndim != 2 or b.ndim != 2 or a._size[1] != b._size[0]:
        raise _not_multiplied(a, b)
    like = b if a.layout == layouts.sparse_csc else a
    a, b = _merged_coo(a), _merged_coo(b)
    (rows, inner), (b_rows, b_columns) = a._places.array, b._places.array
    xp = array_module(rows)
    first, second = meetings(xp, inner, b_rows, b._size[0])
    entries = take_rows(a._entries, wrap(first)) * take_rows(b._entries, wrap(second))
    places = wrap(xp.stack([rows[first], b_columns[second]]))
    y = SparseTensor.make(places, entries, (a._size[0], b._size[1]), False).coalesce()
    return y if like.blocksize not in (None, (1, 1)) else y.arranged_as(like)


@implements(ops.addmm)
def addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta input + alpha mat1 @ mat2`` with a sparse ``mat1``."""
    product = mul(matmul(mat1, mat2), alpha)
    if beta == 0:  # whatever the input, NaN too
        return product
    return add(input if beta == 1 else mul(input, beta), product)


@implements(ops.addmv)
def addmv(input: Any, mat: Any, vec: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta input + alpha mat @ vec`` with a sparse ``mat``."""
    return addmm(input, mat, vec, beta=beta, alpha=alpha)


def sampled_addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta input + alpha mat1 @ mat2`` at the places of the sparse ``input`` only."""
    if not is_sparse(input) or is_sparse(mat1) or is_sparse(mat2) or input.ndim < 2:
        raise refuse("sampled_addmm", "a sparse matrix and two dense ones", input, mat1, mat2)
    *batch, k = mat1.shape[:-2] + mat1.shape[-1:]
    if tuple(mat1.shape[:-1]) + mat2.shape[-1:] != input._size or mat2.shape[:-1] != (*batch, k):
        raise refuse("sampled_addmm", "matrices that fit", input, mat1, mat2)
    at = (wrap(input.keys((*range(len(batch)), d))) for d in (-2, -1))
    rows = (reshape(m, (m.shape[:-1].numel(), k)) for m in (mat1, mat2.transpose(-2, -1)))
    left, right = (take_rows(m, index) for m, index in zip(rows, at))
    return input.with_entries(beta * input._entries + alpha * (left * right).sum(1))


@implements(ops.linear.linear)
def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """``input @ weight^T + bias``."""
    y = matmul(input, weight.transpose(-2, -1))
    return y if bias is None else y + bias


# -- arithmetic ------------------------------------------------------------------------------------


@implements(ops.add)
def add(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """``input + alpha other``: sparse of two sparse tensors, dense of a dense and a sparse one."""
    if is_sparse(input) and is_sparse(other):
        if input._size != other._size:
            raise refuse("add", "tensors of the same size", input, other)
        if input.sparse_dim() != other.sparse_dim():
            if not input._nnz():
                return _scaled(other, alpha).clone()
            if not other._nnz():
                return input.clone()
            raise refuse("add", "tensors of as many sparse dims", input, other)
        places = ops.cat([input._places, other._places], 1)
        common = ops.result_type(input._entries, other._entries)
        entries = ops.cat([input._entries, _scaled(other._entries.to(common), alpha)])
        y = SparseTensor.make(places, entries, input._size, False)
        if input._merged and other._merged:
            y = y.coalesce()
        return y.arranged_as(input)
    if not is_sparse(input):
        return ops.add(input, _dense(other), alpha=alpha)
    if input.layout == layouts.sparse_coo:
        raise RuntimeError("add(sparse, dense) is not supported. Use add(dense, sparse) instead.")
    return ops.add(other, _dense(input), alpha=alpha)  # alpha is the sparse one's, as in PyTorch


def _scaled(x: Any, alpha: Any) -> Any:
    return x if alpha == 1 else x * alpha


@implements(ops.sub)
def sub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """``input - alpha other``."""
    return add(input, other, alpha=-alpha)


@implements(ops.mul)
def mul(input: Any, other: Any) -> Any:
    """The product: of a sparse tensor and a number, a dense tensor (which is broadcast to it) or a
    sparse one."""
    if not is_sparse(input):
        return mul(other, input) if is_sparse(other) else input * other
    if is_sparse(other):
        return _common(input, other)
    if not isinstance(other, Tensor) or not other.ndim:
        return input.with_entries(input._entries * other)
    input = broadcast_to(input, broadcast_shapes(input.shape, other.shape))
    return input.with_entries(input._entries * _at(other, input))


def _at(dense: Any, places: Any) -> Any:
    """The elements of a dense tensor at the places of a sparse one, to whose size it is
    broadcast."""
    full = dense.expand(places._size)
    return full[tuple(places._places[d] for d in range(places.sparse_dim()))]


def broadcast_to(input: Any, size: Sequence[int]) -> Any:
    """The tensor repeated along new dims in front and dims of size 1, to this size."""
    if input._size == tuple(size):
        return input
    new, split, at = len(size) - input.ndim, input.sparse_dim(), input._places.array
    xp, n = array_module(at), at.shape[1]
    have = (1,) * new + input._size
    repeated = [d for d in range(new + split) if have[d] != size[d]]
    counts = [size[d] for d in repeated]
    grid = xp.indices(counts).reshape(len(counts), math.prod(counts))
    places = xp.zeros((new + split, n, grid.shape[1]), at.dtype)
    places[new:] = at[:, :, None]
    for d, row in zip(repeated, grid):
        places[d] = row
    each = wrap(xp.repeat(xp.arange(n), grid.shape[1]))
    entries = take_rows(input._entries, each)
    entries = entries.expand(len(each), *size[new + split :])
    places = wrap(places.reshape(new + split, n * grid.shape[1]))
    return SparseTensor.make(places, entries, size, False)


def _common(a: Any, b: Any) -> Any:
    """The product of two sparse tensors, at the places that both have."""
    size = broadcast_shapes(a.shape, b.shape)
    a, b = broadcast_to(a, size), broadcast_to(b, size)
    if a.sparse_dim() != b.sparse_dim():
        return mul(a, b.to_dense())
    like, a, b = a, _merged_coo(a), _merged_coo(b)
    keys, others = a.keys(), b.keys()
    xp = array_module(keys)
    found = xp.searchsorted(others, keys)
    inside = xp.flatnonzero(xp.append(others, -1)[found] == keys)
    entries = take_rows(a._entries, wrap(inside)) * take_rows(b._entries, wrap(found[inside]))
    y = SparseTensor.make(wrap(a._places.array[:, inside]), entries, a._size, True)
    return y.arranged_as(like)


@implements(ops.div)
def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """A sparse tensor over a number or a dense tensor."""
    if not is_sparse(input) or is_sparse(other):
        raise refuse("div", "a sparse tensor over a number or a dense tensor", input, other)
    if rounding_mode is not None:
        input = input.coalesce()
    at = isinstance(other, Tensor) and other.ndim
    divisor = _at(other, input) if at else other
    return input.with_entries(ops.div(input._entries, divisor, rounding_mode=rounding_mode))


@implements(ops.floor_divide, ops.elementwise.div_floor)
def floor_divide(input: Any, other: Any) -> Any:
    """``div`` rounded down."""
    return div(input, other, rounding_mode="floor")


@implements(ops.pow)
def pow(input: Any, exponent: Any) -> Any:
    """Each entry to a power above 0."""
    if not is_sparse(input) or isinstance(exponent, Tensor) or exponent <= 0:
        raise refuse("pow", "a sparse tensor and a positive number", input, exponent)
    merged = input.coalesce()
    return merged.with_entries(merged._entries**exponent)


def _pointwise(function: Callable[..., Any]) -> Callable[..., Any]:
    def apply(input: Any, *args: Any, **kwargs: Any) -> Any:
        merged = input.coalesce()
        return merged.with_entries(function(merged._entries, *args, **kwargs))

    return apply


_ZERO_AT_ZERO = """
    abs neg positive sign sgn sin tan sinh tanh asin atan asinh atanh expm1 log1p sqrt square floor
    ceil trunc round frac erf erfinv relu deg2rad rad2deg angle isnan isinf nan_to_num signbit
    isposinf isneginf conj conj_physical
"""
for _function in members(ops, _ZERO_AT_ZERO):
    implements(_function)(_pointwise(_function))


def _like(function: Callable[..., Any], on_sparse: Callable[..., Any]) -> Callable[..., Any]:
    """``function``, whose result is sparse as its input or in another ``layout``."""

    def apply(
        input: Any, *args: Any, layout: Any = None, requires_grad: bool = False, **kwargs: Any
    ) -> Any:
        if layout in (None, input.layout):
            y = on_sparse(input, *args, **kwargs)
        elif layout == layouts.strided:
            y = function(input.to_dense(), *args, **kwargs)
        else:
            y = on_sparse(input.to_sparse(layout=layout), *args, **kwargs)
        return y.requires_grad_() if requires_grad else y

    return apply


def _without_entries(input: Any, *, dtype: Any = None, device: Any = None, **options: Any) -> Any:
    entries = ops.zeros_like(input._entries[:0], dtype=dtype, device=device)
    y = SparseTensor.make(input._places[:, :0], entries, input._size, True)
    return y.arranged_as(input)


for _function in (ops.rand_like, ops.randn_like, ops.ones_like, ops.full_like):
    implements(_function)(_like(_function, _pointwise(_function)))
for _function in (ops.zeros_like, ops.empty_like):
    implements(_function)(_like(_function, _without_entries))


@implements(ops.dropout)
def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Dropout of the entries."""
    merged = input.coalesce()
    return merged.with_entries(ops.dropout(merged._entries, p, training))


# -- reductions ------------------------------------------------------------------------------------


@implements(ops.sum)
def sum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The sum over all elements (dense), or over ``dim``: sparse, unless no sparse dim is left."""
    if not is_sparse(input):
        raise refuse("sparse.sum", "a sparse tensor", input)
    if dtype is not None:
        input = input.to(dtype)
    if dim is None:
        return input._entries.sum()
    dims, split = normalize_dims(dim, input.ndim), input.sparse_dim()
    entries = input._entries
    inner = [d - split + 1 for d in dims if d >= split]
    if inner:
        entries = entries.sum(inner, keepdim)
    kept = [d for d in range(split) if d not in dims]
    sizes = [1 if d in dims else n for d, n in enumerate(input._size) if keepdim or d not in dims]
    if not kept:
        return reshape(entries.sum(0), sizes)
    places = input._places[kept]
    if keepdim:
        zeros = input._places[:1] * 0
        places = ops.cat([zeros if d in dims else input._places[d : d + 1] for d in range(split)])
    y = SparseTensor.make(places, entries, sizes, False)
    y = y.coalesce() if len(kept) < split or input._merged else y
    return y.arranged_as(input) if keepdim and input.blocksize == (1, 1) else y


@implements(ops.any)
def any(input: Any) -> Any:
    """Whether any element is not 0."""
    return input.coalesce()._entries.any()


@implements(ops.softmax)
def softmax(input: Any, dim: int, *, dtype: Any = None) -> Any:
    """``exp(x) / sum exp(x)`` along ``dim`` over the entries that there are: what is not there
    counts as -inf."""
    return _softmax(input, dim, dtype, logarithm=False)


@implements(ops.log_softmax)
def log_softmax(input: Any, dim: int, *, dtype: Any = None) -> Any:
    """The logarithm of ``softmax``, at the places of the entries."""
    return _softmax(input, dim, dtype, logarithm=True)


def _softmax(input: Any, dim: int, dtype: Any, logarithm: bool) -> Any:
    if not is_sparse(input):
        raise refuse("sparse.softmax", "a sparse tensor", input)
    merged = (input if dtype is None else input.to(dtype)).coalesce()
    dim, entries = wrap_dim(dim, merged.ndim), merged._entries
    if dim >= merged.sparse_dim():
        function = ops.log_softmax if logarithm else ops.softmax
        return merged.with_entries(function(entries, dim - merged.sparse_dim() + 1))
    key = merged.keys([d for d in range(merged.sparse_dim()) if d != dim])
    xp = array_module(key)
    distinct, group = xp.unique(key, return_inverse=True)
    largest = xp.full((len(distinct), *entries.shape[1:]), float("-inf"), entries.array.dtype)
    put_extrema(xp, largest, group, entries.array, True)
    shifted = entries - wrap(largest[group])
    powers, where = shifted.exp(), wrap(group)
    total = add_rows(powers, where, rows=len(distinct))
    if logarithm:
        y = named(shifted - take_rows(total.log(), where), "SparseLogSoftmaxBackward0")
    else:
        y = named(powers / take_rows(total, where), "SparseSoftmaxBackward0")
    return merged.with_entries(y)


@implements(ops.norm, Tensor.norm)
def norm(input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False) -> Any:
    """The norm of all elements."""
    if dim is not None:
        raise refuse("norm", "no dim for a sparse tensor", dim)
    return ops.norm(input.coalesce()._entries, p)


# -- between sparse and dense ----------------------------------------------------------------------


@implements(Tensor.sparse_mask)
def sparse_mask(input: Any, mask: Any) -> Any:
    """The elements of a tensor at the places of a sparse one."""
    if not is_sparse(mask) or input.shape != mask.shape:
        raise refuse("sparse_mask", "a tensor and a sparse one of its size", input, mask)
    merged = mask.coalesce()
    if not is_sparse(input):
        return merged.with_entries(_at(input, merged))
    a = input.coalesce()
    keys, wanted = a.keys(), merged.keys()
    xp = array_module(keys)
    at = xp.searchsorted(keys, wanted)
    at = xp.where(xp.append(keys, -1)[at] == wanted, at, len(keys))  # the last: a row of zeros
    padded = ops.cat([a._entries, a._entries.new_zeros(1, *a._entries.shape[1:])])
    return merged.with_entries(take_rows(padded, wrap(at)))


@implements(ops.result_type)
def result_type(tensor1: Any, tensor2: Any) -> Any:
    """The dtype of a sum of the two."""
    return ops.result_type(*(x._entries if is_sparse(x) else x for x in (tensor1, tensor2)))


@implements(ops.is_same_size)
def is_same_size(input: Any, other: Any) -> bool:
    """Whether both are of the same size."""
    return tuple(input.shape) == tuple(other.shape)


@implements(ops.allclose, ops.equal, ops.isclose)
def _compared(*args: Any, **kwargs: Any) -> Any:
    raise NotImplementedError("sparse tensors can't be compared. Compare what .to_dense() gives")


implements(ops.is_nonzero)(SparseTensor.__bool__)
SparseTensor.smm = matmul  # type: ignore[attr-defined]
