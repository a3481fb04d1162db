"""Reading and writing at indices along one axis: ``gather``, ``index_*``, ``take``.

``gather`` picks one element per entry of its index, ``scatter`` writes one, and the adjoint of
either is of the same family.
In a formula ``g`` is the gradient of the output, ``y`` the output.
"""

from __future__ import annotations

import functools
from math import prod
from typing import Any

import numpy as np

from ..autograd.engine_ops import cast, expand_p
from ..autograd.node_names import as_one, named
from ..autograd.primitive import TensorBase, primitive, write_out
from ..backend import array_module, check_range, dtypes
from ..backend.row_major import in_rows, row_major_copy
from .dims import common_shape, wrap_dim
from .indexing import add_at, add_slices, index_adjoint, index_p, index_put, index_put_p
from .shape import reshape_p
from .slicing import slice_p

__all__ = [
    "gather", "index_add", "index_copy", "index_fill", "index_select", "put", "take",
    "take_along_dim",
]  # fmt: skip

# -- checks ----------------------------------------------------------------------------------------


INTEGERS = np.dtype("int64"), np.dtype("int32")


def _check_kind(op: str, index: Any) -> None:
    if index.array.size and index.array.dtype not in INTEGERS:
        raise RuntimeError(f"{op}(): Expected dtype int32/int64 for index, got {index.array.dtype}")


def index_vector(op: str, index: Any) -> Any:
    """The index of an ``index_*`` function, checked: a vector; a 0-d one counts as one element."""
    _check_kind(op, index)
    if index.array.ndim > 1:
        raise IndexError(
            f"{op}(): Index is supposed to be a vector, got shape {list(index.array.shape)}"
        )
    return index if index.array.ndim else reshape_p(index, shape=(1,))


# -- whole slices ----------------------------------------------------------------------------------


@as_one("IndexSelectBackward0")
def index_select(input: Any, dim: int, index: Any, *, out: Any = None) -> Any:
    """The slices of ``input`` at ``index`` along ``dim``: ``input[index[i]]`` for ``dim`` 0.

    >>> import minitorch_dl as torch
    >>> torch.index_select(torch.tensor([[1, 2, 3]]), 1, torch.tensor([2, 0]))
    tensor([[3, 1]])
    """
    a = input.array
    index = index_vector("index_select", index)
    dim = wrap_dim(dim, a.ndim)
    size = a.shape[dim] if a.ndim else 1
    if not size and index.array.size:
        raise RuntimeError("index_select(): self indexing axis dim should be positive, got size 0")
    check_range(index.array, size, IndexError, "index out of range in self: {}")
    if a.ndim:
        y = index_p(input, index, dims=(dim,))
    else:
        y = reshape_p(index_p(reshape_p(input, shape=(1,)), index, dims=(0,)), shape=())
    return y if out is None else write_out("index_select", out, y, exact=True, reads=(input, index))


@as_one("IndexAddBackward0")
def index_add(
    input: Any, dim: int, index: Any, source: Any, *, alpha: float = 1, out: Any = None
) -> Any:
    """``input`` with ``alpha * source`` added to its slices at ``index`` along ``dim``; indices
    may repeat.

    >>> import minitorch_dl as torch
    >>> torch.zeros(3).index_add(0, torch.tensor([1, 1]), torch.tensor([1.0, 2.0]))
    tensor([0., 3., 0.])
    """
    index = index_vector("index_add", index)
    dim = wrap_dim(dim, input.array.ndim)
    check_slices("index_add", input, dim, index, source)
    check_range(
        index.array,
        _size(input, dim),
        IndexError,
        f"index {{}} is out of bounds for dimension {dim} with size {_size(input, dim)}",
    )
    added = index_adjoint(
        at_least_1d(source), index, dims=(dim,), shape=at_least_1d(input).array.shape
    )
    added = shaped(added, input.array.shape)
    y = input + (added if alpha == 1 else added * alpha)
    return y if out is None else write_out("index_add", out, y, exact=True)


@as_one("IndexCopyBackward0")
def index_copy(input: Any, dim: int, index: Any, source: Any, *, out: Any = None) -> Any:
    """``input`` with its slices at ``index`` along ``dim`` replaced by those of ``source``."""
    index = index_vector("index_copy", index)
    dim = wrap_dim(dim, input.array.ndim)
    if input.array.ndim == 1:
        source = at_least_1d(source)  # a single number is one slice of a vector
    check_slices("index_copy", input, dim, index, source, IndexError)
    n = _size(input, dim)
    check_range(
        index.array,
        n,
        IndexError,
        f"index_copy_(): index {{}} is out of bounds for dimension {dim} with size {n}",
    )
    y = index_put_p(at_least_1d(input), at_least_1d(source), index, dims=(dim,))
    y = shaped(y, input.array.shape)
    return y if out is None else write_out("index_copy", out, y, exact=True)


def index_fill(input: Any, dim: int, index: Any, value: Any) -> Any:
    """``input`` with its slices at ``index`` along ``dim`` set to a number or 0-d tensor."""
    index = index_vector("index_fill", index)
    dim = wrap_dim(dim, input.array.ndim)
    if isinstance(value, complex) and input.array.dtype.kind != "c":
        raise RuntimeError(
            "index_fill_(): Converting complex Scalar to non-complex type is not supported"
        )
    value = fill_value("index_fill_", input, value)
    n = _size(input, dim)
    check_range(
        index.array,
        n,
        IndexError,
        f"index {{}} is out of bounds for dimension {dim} with size {n}",
        low=-n,
    )
    y = shaped(index_put_p(at_least_1d(input), value, index, dims=(dim,)), input.array.shape)
    return named(y, f"IndexFillBackward{int(isinstance(value, TensorBase))}")


def _size(input: Any, dim: int) -> int:
    return input.array.shape[dim] if input.array.ndim else 1


def at_least_1d(x: Any) -> Any:
    return x if x.array.ndim else reshape_p(x, shape=(1,))


def shaped(x: Any, shape: tuple[int, ...]) -> Any:
    return x if x.array.shape == shape else reshape_p(x, shape=shape)


def fill_value(op: str, input: Any, value: Any) -> Any:
    """A fill value as a number or a 0-d tensor of the input's dtype."""
    if not isinstance(value, TensorBase):
        return dtypes.element(value, input.array.dtype)
    if value.array.ndim:
        raise RuntimeError(
            f"{op} only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.array.ndim} dimension(s)."
        )
    if value.array.dtype.kind == "c" and input.array.dtype.kind != "c":
        raise RuntimeError(
            f"{op}: value cannot be converted to type {input.dtype} without overflow: it is complex"
        )
    return (
        value
        if value.array.dtype == input.array.dtype
        else cast(value, dtype=dtypes.from_numpy(input.array.dtype).name)
    )


def check_slices(
    op: str, input: Any, dim: int, index: Any, source: Any, error: type[Exception] = RuntimeError
) -> None:
    """Whether ``source`` has the input's shape and dtype, but one slice per index along ``dim``."""
    have, given, n = input.array.shape, source.array.shape, index.array.shape[0]
    if input.array.dtype != source.array.dtype:
        raise RuntimeError(
            f"{op}_(): self ({input.array.dtype}) and source ({source.array.dtype}) must have the "
            "same scalar type"
        )
    if (given[dim] if given else 1) != n:
        raise error(
            f"{op}_(): Number of indices ({n}) should be equal to source.size(dim): "
            f"({given[dim] if given else 1}), for dim: {dim}"
        )
    if len(have) == len(given) and have[:dim] + have[dim + 1 :] == given[:dim] + given[dim + 1 :]:
        return
    if prod(have) == prod(given) == 1 and len(have) < 2 > len(given):
        return
    raise RuntimeError(
        "source tensor shape must match self tensor shape, excluding the specified dimension. "
        f"Got self.shape = {list(have)} source.shape = {list(given)}"
    )


# -- single elements -------------------------------------------------------------------------------


def index_grid(xp: Any, index: Any, dim: int) -> tuple[Any, ...]:
    """The NumPy index of ``array[i, ..., index[i, ..., k], ..., k]``: ``index`` at ``dim``, its
    own position elsewhere.
    """
    n = index.ndim
    return tuple(
        [
            index if d == dim else xp.arange(size).reshape((1,) * d + (-1,) + (1,) * (n - d - 1))
            for d, size in enumerate(index.shape)
        ]
    )


def flat_places(xp: Any, index: Any, dim: int, shape: tuple[int, ...]) -> Any:
    """``index_grid`` as positions in a flattened array of ``shape``."""
    step = prod(shape[dim + 1 :])
    flat = index if step == 1 else xp.multiply(index, step, dtype="i8")
    if xp is np and index.size <= _KEPT:
        begins = _kept_begins(index.shape, dim, shape)
    else:
        begins = _begins(xp, index.shape, dim, shape)
    return flat if begins is None else flat + begins


_KEPT = 1 << 12
"""Elements of an index up to which the places of its axes' elements are kept."""


def _begins(xp: Any, size: tuple[int, ...], dim: int, shape: tuple[int, ...]) -> Any:
    """What the axes but ``dim`` of an index of ``size`` add to places in an array of ``shape``;
    None where that is nothing."""
    total: Any = None
    for d, n in enumerate(size):
        if d != dim and n > 1:
            step = prod(shape[d + 1 :])
            places = (xp.arange(n) * step).reshape((-1,) + (1,) * (len(size) - d - 1))
            total = places if total is None else total + places
    return total


@functools.lru_cache(128)
def _kept_begins(size: tuple[int, ...], dim: int, shape: tuple[int, ...]) -> Any:
    return _begins(np, size, dim, shape)


def whole_slices(index: Any, dim: int, shape: tuple[int, ...]) -> Any:
    """The vector that ``index`` repeats over the other axes of ``shape``, as an expanded one does:
    it is of whole slices. None for another index."""
    if not index.size or index.ndim != len(shape):
        return None
    for d, (size, stride) in enumerate(zip(index.shape, index.strides)):
        if d != dim and (size != shape[d] or (stride and size > 1)):
            return None
    return index[tuple([slice(None) if d == dim else 0 for d in range(index.ndim)])]


@primitive(complex=True)
@in_rows
def gather_p(xp: Any, a: Any, index: Any, *, dim: int) -> Any:
    if (vector := whole_slices(index, dim, a.shape)) is not None:
        return a.take(vector, dim)
    if not a.flags.c_contiguous:
        return a[index_grid(xp, index, dim)]
    return a.reshape(-1).take(flat_places(xp, index, dim, a.shape)) if a.ndim else a[index]


gather_p.defvjp(a=lambda g, index, dim, a_shape: gather_adjoint(g, index, dim=dim, shape=a_shape))


@primitive(complex=True)
def gather_adjoint(xp: Any, a: Any, index: Any, *, dim: int, shape: tuple[int, ...]) -> Any:
    """Zeros of ``shape`` with ``a`` added at the index along ``dim``: the reverse of ``gather``."""
    if (vector := whole_slices(index, dim, shape)) is not None:
        return add_slices(xp, a, vector, dim, shape)
    return add_at(xp, flat_places(xp, index, dim, shape), a, shape)


gather_adjoint.defvjp(a=lambda g, index, dim: gather_p(g, index, dim=dim))


@primitive(complex=True)
def scatter_p(xp: Any, a: Any, source: Any, index: Any, *, dim: int) -> Any:
    out = row_major_copy(a)
    out.reshape(-1)[flat_places(xp, index, dim, a.shape)] = source
    return out


scatter_p.defvjp(
    a=lambda g, index, dim: scatter_p(g, 0, index, dim=dim),
    source=lambda g, index, dim: gather_p(g, index, dim=dim),
)


def check_index(
    op: str, input: Any, dim: int, index: Any, source: Any = None
) -> tuple[Any, Any, int]:
    """The input and the index, 0-d ones as one element, and the axis; checked for gather and
    scatter.
    """
    _check_kind(op, index)
    name = "input" if op == "gather" else "self"
    dim = wrap_dim(dim, input.array.ndim)
    input, index = at_least_1d(input), at_least_1d(index)
    have, wanted = input.array.shape, index.array.shape
    if not index.array.size:
        return input, index, dim
    if len(have) != len(wanted):
        raise RuntimeError(f"Index tensor must have the same number of dimensions as {name} tensor")
    if isinstance(source, TensorBase) and max(source.array.ndim, 1) != len(wanted):
        raise RuntimeError("Index tensor must have the same number of dimensions as src tensor")
    for d, (n, m) in enumerate(zip(wanted, have)):
        if n <= m or d == dim:
            continue
        raise RuntimeError(
            f"{op}(): Size does not match at dimension {d}, expected index {list(wanted)} to be no "
            f"larger than {name} {list(have)} apart from dimension {dim}"
        )
    check_range(
        index.array,
        have[dim],
        text=lambda: f"index {{}} is out of bounds for dimension {dim} with size {have[dim]}",
    )
    return input, index, dim


@as_one("GatherBackward0")
def gather(input: Any, dim: int, index: Any, *, sparse_grad: bool = False, out: Any = None) -> Any:
    """One element per entry of ``index``: ``out[i][j] = input[i][index[i][j]]`` for ``dim`` 1.

    >>> import minitorch_dl as torch
    >>> torch.gather(torch.tensor([[1, 2], [3, 4]]), 1, torch.tensor([[0], [1]]))
    tensor([[1],
            [4]])
    """
    shape = index.array.shape if isinstance(index, TensorBase) else ()
    a, at, dim = check_index("gather", input, dim, index)
    if at.array.size:
        y = shaped(gather_p(a, at, dim=dim), shape)
    else:
        y = reshape_p(
            index_p(reshape_p(input, shape=(-1,)), reshape_p(index, shape=(0,)), dims=(0,)),
            shape=shape,
        )
    return y if out is None else write_out("gather", out, y, exact=True, reads=(input, index))


def source_part(op: str, input: Any, dim: int, index: Any, source: Any) -> Any:
    """The part of ``source`` that the index reads, checked."""
    if not isinstance(source, TensorBase):
        return fill_value(op, input, source)
    if source.array.dtype != input.array.dtype:
        raise RuntimeError(f"{op}(): Expected self.dtype to be equal to src.dtype")
    source = at_least_1d(source)
    have, wanted = source.array.shape, index.array.shape
    if any(n > m for n, m in zip(wanted, have)):
        raise RuntimeError(
            f"Expected index {list(wanted)} to be no larger than self {list(input.array.shape)} "
            f"apart from dimension {dim} and to be no larger size than src {list(have)}"
        )
    return source if have == wanted else slice_p(source, index=tuple((0, n, None) for n in wanted))


def take_along_dim(input: Any, indices: Any, dim: int | None = None, *, out: Any = None) -> Any:
    """``gather`` whose operands are broadcast along the other axes; without ``dim``, of the
    flattened input.
    """
    if isinstance(indices, TensorBase) and indices.array.dtype != np.int64:
        raise RuntimeError(
            f"torch.take_along_dim(): dtype of indices should be Long but got {indices.array.dtype}"
        )
    _check_kind("take_along_dim", indices)
    if dim is None:
        y = gather(reshape_p(input, shape=(-1,)), 0, reshape_p(indices, shape=(-1,)))
        return y if out is None else write_out("take_along_dim", out, y, exact=True)
    if input.array.ndim != indices.array.ndim:
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of "
            f"dimensions, but got {input.array.ndim} "
            f"dimensions for input, and {indices.array.ndim} dimensions for indices"
        )
    dim = wrap_dim(dim, input.array.ndim)
    have, wanted = list(input.array.shape), list(indices.array.shape)
    both = common_shape(
        "take_along_dim", (*have[:dim], 1, *have[dim + 1 :]), (*wanted[:dim], 1, *wanted[dim + 1 :])
    )
    a = expand_p(input, shape=(*both[:dim], have[dim], *both[dim + 1 :]))
    at = expand_p(indices, shape=(*both[:dim], wanted[dim], *both[dim + 1 :]))
    n = have[dim]
    text = f"index {{}} is out of bounds for dimension {dim} with size {n}"
    check_range(at.array, n, text=text, low=-n)
    xp = array_module(at.array)
    y = gather_p(a, xp.where(at.array < 0, at.array + n, at.array), dim=dim)
    return y if out is None else write_out("take_along_dim", out, y, exact=True)


# -- of the flattened tensor -----------------------------------------------------------------------


def _check_take(op: str, input: Any, index: Any) -> None:
    n = input.array.size
    if index.array.dtype != np.int64:
        raise RuntimeError(f"{op}(): Expected a long tensor for index, but got {index.array.dtype}")
    check_range(
        index.array,
        n,
        IndexError,
        f"out of range: tried to access index {{}} on a tensor of {n} elements.",
        low=-n,
    )


@as_one("TakeBackward0")
def take(input: Any, index: Any, *, out: Any = None) -> Any:
    """The elements of the flattened ``input`` at ``index``; the result has the shape of
    ``index``.

    >>> import minitorch_dl as torch
    >>> torch.take(torch.tensor([[1, 2], [3, 4]]), torch.tensor([0, 3]))
    tensor([1, 4])
    """
    _check_take("take", input, index)
    y = index_p(reshape_p(input, shape=(-1,)), index, dims=(0,))
    return y if out is None else write_out("take", out, y, exact=True, reads=(input, index))


@as_one("PutBackward0")
def put(input: Any, index: Any, source: Any, accumulate: bool = False) -> Any:
    """``input`` with the elements of ``source`` written at (or added to) positions of the
    flattened tensor.
    """
    _check_take("put_", input, index)
    if index.array.size != source.array.size:
        raise IndexError(
            "put_(): Expected source and index to have the same number of elements, but got "
            f"source.numel() = {source.array.size}, index.numel() = {index.array.size}"
        )
    flat = index_put(
        reshape_p(input, shape=(-1,)),
        (reshape_p(index, shape=(-1,)),),
        reshape_p(source, shape=(-1,)),
        accumulate,
    )
    return reshape_p(flat, shape=input.array.shape)
