"""``segment_reduce``: one result for each run of neighbouring rows."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.engine_ops import expand_p
from ..autograd.errors import require_tensor
from ..autograd.node_names import as_one
from ..autograd.primitive import TensorBase
from ..backend import array_module, check_all
from .dims import wrap_dim
from .embedding import add_rows
from .scattering import scatter_extremum, scatter_prod
from .selection import select
from .shape import reshape_p

__all__ = ["segment_reduce"]

_STARTS = {"prod": 1.0, "amax": -math.inf, "amin": math.inf}
"""What these reductions start from, and give for an empty segment; a mean gives NaN there."""


@as_one("SegmentReduceBackward0")
def segment_reduce(
    data: Any,
    reduce: str,
    *,
    lengths: Any = None,
    indices: Any = None,
    offsets: Any = None,
    axis: int = 0,
    unsafe: bool = False,
    initial: float | None = None,
) -> Any:
    """The "sum", "mean", "max", "min" or "prod" of each segment of ``data`` along ``axis``.

    Args:
        lengths: how many rows each segment has, one after the other, (*B, S) where ``data`` is
            (*B, N, *D) and ``axis`` counts the dims of B. The result is (*B, S, *D).
        offsets: where each segment starts, and the last one ends, (*B, S + 1); in place of
            ``lengths``.
        unsafe: don't check that the lengths add up to N.
        initial: what each reduction starts from.

    >>> import minitorch_dl as torch
    >>> x = torch.tensor([1.0, 2.0, 3.0])
    >>> torch.segment_reduce(x, "max", lengths=torch.tensor([2, 1]))
    tensor([2., 3.])
    """
    op = "segment_reduce"
    require_tensor(op, "data", data)
    reduce = {"max": "amax", "min": "amin"}.get(reduce, reduce)
    if reduce not in ("sum", "mean", *_STARTS):
        raise RuntimeError(
            f"{op}(): reduce argument must be either sum, prod, mean, max or min, got {reduce}"
        )
    if indices is not None:
        raise RuntimeError(
            f"{op}(): indices based reduction is not supported yet. torch.index_reduce takes them"
        )
    if lengths is None and offsets is None:
        raise RuntimeError(f"{op}(): Either lengths or offsets must be defined.")
    if not data.dtype.is_floating_point:
        raise NotImplementedError(
            f"{op}(): not implemented for {data.dtype}. Convert the input with .float()"
        )
    axis = wrap_dim(axis, data.ndim)
    starts, ends = _limits(data.array, lengths, offsets, axis, unsafe)
    rest = tuple(data.shape[axis + 1 :])
    rows = reshape_p(data, shape=(math.prod(data.shape[: axis + 1]), *rest))
    xp, dtype = array_module(data.array), data.array.dtype
    count = starts.size
    segment = TensorBase.wrap(_segments(xp, starts, ends, data.shape[axis]))
    if reduce in ("sum", "mean"):
        y = add_rows(rows, segment, rows=count + 1)
    elif not data.array.size:
        y = add_rows(rows, segment, rows=count + 1) + _STARTS[reduce]
    else:
        y = TensorBase.wrap(xp.full((count + 1, *rest), _STARTS[reduce], dtype))
        along = reshape_p(segment, shape=(-1,) + (1,) * len(rest))
        at = expand_p(along, shape=rows.array.shape)
        if reduce == "prod":
            y = scatter_prod(y, rows, at, dim=0)
        else:
            y = scatter_extremum(y, rows, at, dim=0, largest=reduce == "amax", nan_holds=True)
    y = reshape_p(y[:count], shape=(*starts.shape, *rest))
    if initial is not None:
        y = _with_initial(y, reduce, initial)
    if reduce != "mean":
        return y
    sizes = (ends - starts).reshape(*starts.shape, *(1,) * len(rest))
    if initial is not None:
        sizes = xp.maximum(sizes, 1)
    return y / TensorBase.wrap(sizes.astype(dtype))


def _limits(a: Any, lengths: Any, offsets: Any, axis: int, unsafe: bool) -> tuple[Any, Any]:
    """Where each segment starts and ends, (*B, S) both."""
    given = (offsets if lengths is None else lengths).array
    if given.dtype.kind != "i" or given.ndim != axis + 1 or given.shape[:-1] != a.shape[:axis]:
        raise RuntimeError(
            "segment_reduce(): Expected axis to be the last dimension of lengths or offsets, whole "
            f"numbers of shape ({', '.join([*map(str, a.shape[:axis]), 'segments'])}), but got "
            f"{given.dtype} {list(given.shape)} for data {list(a.shape)} and axis {axis}"
        )
    xp = array_module(a)
    if lengths is None:
        return given[..., :-1], given[..., 1:]
    ends = given.cumsum(-1)
    if not unsafe:
        check_all(given >= 0, RuntimeError, "segment_reduce(): lengths contains negative value!")
        text = (
            "segment_reduce(): Expected all rows of lengths along axis to sum to "
            "data.size(lengths.dim()-1) when !unsafe."
        )
        check_all(given.sum(-1) == a.shape[axis], RuntimeError, text)
    return ends - given, xp.minimum(ends, a.shape[axis])


def _segments(xp: Any, starts: Any, ends: Any, n: int) -> Any:
    """The segment of each of the (*B, n) rows: a number that counts through all of B; for rows in
    no segment, the number of segments."""
    count, batch = starts.size, starts[..., 0].size
    shift = xp.arange(batch)[:, None] * (n + 1)  # the rows of all of B in one ascending order
    row = xp.arange(n) + shift
    width = starts.shape[-1]
    first, last = (x.reshape(batch, width) + shift for x in (starts, ends))
    found = xp.searchsorted(last.ravel(), row.ravel(), side="right")
    within = xp.append(first.ravel(), batch * (n + 1))[found] <= row.ravel()
    return xp.where(within, found, count)


def _with_initial(y: Any, reduce: str, initial: float) -> Any:
    """The reduction carried on from ``initial``; an extremum that both hold is the data's."""
    if reduce in ("sum", "mean"):
        return y + initial
    if reduce == "prod":
        return y * initial
    a = y.array
    keeps = ~(a < initial) if reduce == "amax" else ~(a > initial)  # and NaN stays
    return select(TensorBase.wrap(keeps), y, initial)
