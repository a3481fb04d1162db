"""Writing at indices along one axis, and combining what goes to the same place: ``scatter``,
``scatter_add``, ``scatter_reduce``, ``index_reduce``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.engine_ops import cast, expand_p
from ..autograd.errors import require_kind
from ..autograd.node_names import as_one, named
from ..autograd.primitive import TensorBase, fused, primitive, write_out
from ..backend import array_module, dtypes
from ..backend.segments import multiply_at, put_extrema
from .dims import wrap_dim
from .gathering import (
    at_least_1d,
    check_index,
    check_slices,
    flat_places,
    gather_adjoint,
    gather_p,
    index_vector,
    scatter_p,
    shaped,
    source_part,
)
from .movement import clone_p
from .reductions import prod_p
from .shape import reshape_p

__all__ = ["index_reduce", "scatter", "scatter_add", "scatter_reduce"]


def scatter(
    input: Any,
    dim: int,
    index: Any,
    src: Any = None,
    *,
    value: Any = None,
    reduce: str | None = None,
    out: Any = None,
) -> Any:
    """``input`` with one element written per entry of ``index``:
    ``out[i][index[i][j]] = src[i][j]`` for ``dim`` 1.

    Args:
        src: a tensor at least as large as ``index``, or a number (also as ``value``).
        reduce: "add" or "multiply" instead of overwriting.

    >>> import minitorch_dl as torch
    >>> torch.zeros(2, 3).scatter(1, torch.tensor([[2], [0]]), 1.0)
    tensor([[0., 0., 1.],
            [1., 0., 0.]])
    """
    src = value if src is None else src
    if reduce is not None:
        if reduce not in ("add", "multiply"):
            raise RuntimeError("reduce argument must be either add or multiply.")
        if not isinstance(src, TensorBase):
            full = array_module(input.array).full(index.array.shape, src, input.array.dtype)
            src = TensorBase.wrap(full)
        y = scatter_reduce(input, dim, index, src, "sum" if reduce == "add" else "prod")
    else:
        a, at, dim = check_index("scatter", input, dim, index, src)
        if at.array.size:
            y = shaped(
                scatter_p(a, source_part("scatter", a, dim, at, src), at, dim=dim),
                input.array.shape,
            )
        else:
            y = clone_p(input)
        named(y, f"ScatterBackward{int(not isinstance(src, TensorBase))}")
    return y if out is None else write_out("scatter", out, y, exact=True)


@as_one("ScatterAddBackward0")
def scatter_add(input: Any, dim: int, index: Any, src: Any, *, out: Any = None) -> Any:
    """``input`` with ``src`` added at ``index``: ``out[i][index[i][j]] += src[i][j]`` for
    ``dim`` 1.
    """
    y = _scatter_reduce("scatter_add", input, dim, index, src, "sum", True)
    return y if out is None else write_out("scatter_add", out, y, exact=True)


def _prod_of_stacked(a: Any, source: Any, index: Any, *, dim: int) -> Any:
    """The sources for each place of ``a`` stacked, the first of all places, the second and so on,
    and multiplied."""
    at, shape = index.array, a.array.shape
    xp, size = array_module(at), a.array.size
    place = flat_places(xp, at, dim, shape).reshape(-1)
    order = xp.argsort(place, kind="stable")
    ranked = place[order]
    rank = xp.empty_like(place)
    rank[order] = xp.arange(len(place)) - xp.searchsorted(ranked, ranked)  # among its place's
    n = int(rank.max()) + 1
    ones = TensorBase.wrap(xp.ones(n * size, a.array.dtype))
    where = TensorBase.wrap(rank * size + place)
    stacked = scatter_p(ones, reshape_p(source, shape=(len(place),)), where, dim=0)
    return a * prod_p(reshape_p(stacked, shape=(n, *shape)), dims=(0,), keepdim=False)


@fused(composite=_prod_of_stacked, complex=True)
def scatter_prod(xp: Any, a: Any, source: Any, index: Any, *, dim: int) -> Any:
    out = a.copy()
    at = flat_places(xp, index, dim, a.shape)  # quick in one dimension only
    multiply_at(xp, out.reshape(-1), (at.reshape(-1),), source.reshape(-1))
    return out


@primitive
def scatter_extremum(
    xp: Any, a: Any, source: Any, index: Any, *, dim: int, largest: bool, nan_holds: bool
) -> Any:
    out = a.copy()
    at = flat_places(xp, index, dim, a.shape)
    put_extrema(xp, out.reshape(-1), at.reshape(-1), source.reshape(-1), largest)
    return out


@scatter_prod.defbackward
def _scatter_prod_gradients(g: Any, xp: Any, a: Any, source: Any, index: Any, dim: int) -> Any:
    """The product of all the other factors; a division by zero, or of NaN by NaN, is avoided by
    leaving a single one out.
    """
    zero = ((source == 0) | (source != source)).astype(a.dtype)
    zeros = gather_p(gather_adjoint(zero, index, dim=dim, shape=a.shape), index, dim=dim)
    # Where a source is the only zero, the other factors' product is the one without it.
    single = zero * (zeros == 1)
    rest = gather_p(
        g * scatter_prod(a, xp.where(single, 1, source), index, dim=dim), index, dim=dim
    )
    full = gather_p(g * scatter_prod(a, source, index, dim=dim), index, dim=dim)
    d_source = xp.where(zero, rest, full / source)  # with several zeros the rest is 0
    return g * scatter_prod(xp.ones_like(a), source, index, dim=dim), d_source, None


@scatter_extremum.defvjp_joint
def _scatter_extremum_gradients(
    g: Any, a: Any, source: Any, index: Any, y: Any, dim: int, nan_holds: bool, a_dtype: Any
) -> Any:
    """The gradient goes in equal parts to all who hold the extremum."""

    def holds(x: Any, y: Any) -> Any:
        held = (x == y) | ((x != x) & (y != y)) if nan_holds else x == y
        return cast(held, dtype=dtypes.from_numpy(a_dtype).name)

    from_a, from_source = holds(a, y), holds(source, gather_p(y, index, dim=dim))
    share = g / (from_a + gather_adjoint(from_source, index, dim=dim, shape=a.shape))
    return share * from_a, gather_p(share, index, dim=dim) * from_source, None


@as_one("ScatterReduceBackward0")
def scatter_reduce(
    input: Any,
    dim: int,
    index: Any,
    src: Any,
    reduce: str,
    *,
    include_self: bool = True,
    out: Any = None,
) -> Any:
    """``input`` combined with ``src`` at ``index`` along ``dim`` by "sum", "prod", "mean", "amax"
    or "amin".

    Args:
        include_self: whether the input's own element takes part; False replaces it where the index
            points.

    >>> import minitorch_dl as torch
    >>> x, index = torch.tensor([1.0, 2.0]), torch.tensor([0, 0, 1])
    >>> x.scatter_reduce(0, index, torch.tensor([3.0, 5.0, 7.0]), "mean", include_self=False)
    tensor([4., 7.])
    """
    y = _scatter_reduce("scatter_reduce", input, dim, index, src, reduce, include_self)
    return y if out is None else write_out("scatter_reduce", out, y, exact=True)


def _scatter_reduce(
    op: str, input: Any, dim: int, index: Any, src: Any, reduce: str, include_self: bool
) -> Any:
    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise RuntimeError(
            f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}"
        )
    a, at, dim = check_index(op, input, dim, index, src)
    if not at.array.size:
        return clone_p(input)
    source = source_part(op, a, dim, at, src)
    start = a if include_self else scatter_p(a, _neutral(reduce, a.array.dtype), at, dim=dim)
    y = _combine(start, source, at, dim, reduce)
    if reduce == "mean":
        require_kind(f"{op} (mean)", "integer", input)
        xp = array_module(a.array)
        ones = xp.ones(at.array.shape, a.array.dtype)
        counts = gather_adjoint(ones, at.array, dim=dim, shape=a.array.shape)
        counts = counts + 1 if include_self else xp.maximum(counts, 1)
        y = _mean(y, counts)
    return shaped(y, input.array.shape)


def _combine(start: Any, source: Any, at: Any, dim: int, reduce: str) -> Any:
    if reduce in ("sum", "mean"):
        return start + gather_adjoint(source, at, dim=dim, shape=start.array.shape)
    if reduce == "prod":
        return scatter_prod(start, source, at, dim=dim)
    largest = reduce == "amax"
    return scatter_extremum(start, source, at, dim=dim, largest=largest, nan_holds=False)


def _mean(total: Any, counts: Any) -> Any:
    if total.array.dtype.kind in "iub":
        return TensorBase.wrap(total.array // counts)
    return total / TensorBase.wrap(counts)


def _neutral(reduce: str, dtype: Any) -> Any:
    """The neutral element of a reduction, which it may start from."""
    if reduce in ("sum", "mean"):
        return 0
    if reduce == "prod":
        return 1
    low, high = (False, True) if dtype.kind == "b" else (-np.inf, np.inf)
    if dtype.kind in "iu":
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    return low if reduce == "amax" else high


@as_one("IndexReduceBackward0")
def index_reduce(
    input: Any,
    dim: int,
    index: Any,
    source: Any,
    reduce: str,
    *,
    include_self: bool = True,
    out: Any = None,
) -> Any:
    """``input`` combined with the slices of ``source`` at ``index`` along ``dim`` by "prod",
    "mean", "amax" or "amin".
    """
    require_kind("index_reduce", "integer", input)
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(
            "index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got "
            f"{reduce}."
        )
    index = index_vector("index_reduce", index)
    dim = wrap_dim(dim, input.array.ndim)
    check_slices("index_reduce", input, dim, index, source)
    shape = at_least_1d(source).array.shape
    along = reshape_p(index, shape=(-1,) + (1,) * (len(shape) - dim - 1))
    y = _scatter_reduce(
        "index_reduce", input, dim, expand_p(along, shape=shape), source, reduce, include_self
    )
    return y if out is None else write_out("index_reduce", out, y, exact=True)
