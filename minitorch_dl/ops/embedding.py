"""Looking up rows of a table: embeddings, and bags of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.errors import require_kind
from ..autograd.function import Function
from ..autograd.node_names import as_one
from ..autograd.primitive import TensorBase, primitive
from ..autograd.versions import mark_written
from ..backend import array_module, check_range
from ..backend.segments import add_rows as add_rows_kernel, first_maxima, occurrences
from .gathering import INTEGERS, gather_p
from .reductions import sum_p
from .selection import keep, where
from .shape import reshape_p, unsqueeze

__all__: list[str] = []

# -- a closed pair ---------------------------------------------------------------------------------


@primitive(complex=True)
def take_rows(xp: Any, a: Any, index: Any) -> Any:
    """``a[index]``: (rows, *D) and any shape of indices give (*I, *D)."""
    return a.take(index, axis=0)


take_rows.defvjp(a=lambda g, index, a_shape: add_rows(g, index, rows=a_shape[0]))


@primitive(complex=True)
def add_rows(xp: Any, a: Any, index: Any, *, rows: int) -> Any:
    """Zeros (rows, *D) with ``a`` (*I, *D) added at the rows ``index``."""
    return add_rows_kernel(xp, a.reshape(index.size, *a.shape[index.ndim :]), index.ravel(), rows)


add_rows.defvjp(a=lambda g, index: take_rows(g, index))


@primitive(view=True)
def scale_gradient(xp: Any, a: Any, factor: Any) -> Any:
    """``a`` itself; its gradient is multiplied by ``factor``, which broadcasts to it."""
    return a.view()


# Where the factor is 0 the gradient is too, even if what comes is NaN or infinite.
scale_gradient.defvjp(a=lambda g, factor: keep(g * factor, factor != 0))


class _SparseLookup(Function):
    """``take_rows`` whose gradient is a sparse tensor: the looked-up rows' at their places."""

    @staticmethod
    def forward(ctx: Any, weight: Any, index: Any, skip: int | None, by_freq: bool) -> Any:
        ctx.save_for_backward(index)
        ctx.skip, ctx.size, ctx.by_freq = skip, weight.shape, by_freq
        return take_rows(weight, index)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        if ctx.by_freq:
            raise RuntimeError(
                "embedding_backward: scale_grad_by_freq not supported with sparse gradients"
            )
        (index,) = ctx.saved_tensors
        index = reshape_p(index, shape=(index.array.size,))
        rows = reshape_p(g, shape=(index.array.size, *ctx.size[1:]))
        if ctx.skip is not None:
            kept = TensorBase.wrap(array_module(index.array).flatnonzero(index.array != ctx.skip))
            rows, index = take_rows(rows, kept), take_rows(index, kept)
        return rows.as_rows_of(ctx.size, index), None, None, None


def _look_up(weight: Any, index: Any, padding_idx: int | None, by_freq: bool, sparse: bool) -> Any:
    """The rows of ``weight`` at ``index``, with their gradient as the options say."""
    if sparse:
        return _SparseLookup.apply(weight, index, padding_idx, by_freq)
    y = take_rows(weight, index)
    factor = _gradient_factor(index.array, weight.array, padding_idx, by_freq)
    return y if factor is None else scale_gradient(y, TensorBase.wrap(factor))


# -- the public functions -------------------------------------------------------------------------


@as_one("EmbeddingBackward0")
def embedding(
    input: Any,
    weight: Any,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Any:
    """The rows of ``weight`` (V, D) at the indices ``input`` (*): (*, D).

    Args:
        padding_idx: a row that gets no gradient; may count from the end.
        max_norm: rows looked up whose norm is larger are first scaled down to it, in place.
        norm_type: the p of that norm.
        scale_grad_by_freq: divide each row's gradient by how often the row was looked up.
        sparse: the gradient of ``weight``, if that is a leaf, is a sparse tensor, which has the
            looked-up rows only; for SGD, Adagrad and SparseAdam.

    Raises:
        IndexError: an index outside [0, V).

    >>> import minitorch_dl as torch
    >>> table = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> torch.nn.functional.embedding(torch.tensor([1, 0, 1]), table)
    tensor([[3., 4.],
            [1., 2.],
            [3., 4.]])
    """
    _check_table("embedding", input, weight)
    rows = len(weight.array)
    if padding_idx is not None:
        if not -rows <= padding_idx < rows:
            raise AssertionError(
                "embedding: Padding_idx must be within num_embeddings, got "
                f"{padding_idx} for {rows} rows"
            )
        padding_idx %= rows
    check_range(
        input.array,
        rows,
        IndexError,
        lambda: (
            f"embedding: index out of range in self: {{}} is not in [0, {rows - 1}], the rows "
            f"of a weight of size {list(weight.array.shape)}"
        ),
    )
    if max_norm is not None:
        _limit_norms(weight, input.array, max_norm, norm_type)
    if sparse or padding_idx is not None or scale_grad_by_freq:
        return _look_up(weight, input, padding_idx, scale_grad_by_freq, sparse)
    return take_rows(weight, input)


def _gradient_factor(index: Any, table: Any, padding_idx: int | None, by_freq: bool) -> Any:
    """What each looked-up row's gradient is multiplied by, (*, 1); None for 1."""
    if padding_idx is None and not by_freq:
        return None
    xp = array_module(index)
    factor = xp.ones(index.shape, table.dtype)
    if by_freq:
        factor /= occurrences(xp, index.ravel(), len(table))[index]
    if padding_idx is not None:
        factor *= index != padding_idx
    return factor[..., None]


def _check_table(op: str, input: Any, weight: Any) -> None:
    index, table = input.array, weight.array
    if table.ndim != 2:
        raise RuntimeError(f"{op}: 'weight' must be 2-D, got size {list(table.shape)}")
    if index.dtype not in INTEGERS:
        raise RuntimeError(
            f"{op}: Expected tensor for argument #1 'indices' to have one of the following scalar "
            f"types: Long, Int; but got {index.dtype} instead"
        )


def _limit_norms(weight: Any, index: Any, max_norm: float, norm_type: float) -> None:
    table = weight.array
    xp = array_module(table)
    # Elsewhere than on the CPU finding them would wait: a row that is used twice is written twice.
    used = xp.unique(index) if xp is np else index.reshape(-1)
    rows = table[used]
    norms = (xp.abs(rows) ** norm_type).sum(axis=1) ** (1 / norm_type)
    factor = xp.where(norms > max_norm, max_norm / (norms + 1e-7), 1).astype(table.dtype)
    table[used] = rows * factor[:, None]
    mark_written(table, "embedding(max_norm=...)")


@as_one("EmbeddingBagBackward0")
def embedding_bag(
    input: Any,
    weight: Any,
    offsets: Any = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Any = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Any:
    """Sums, means or maxima of bags of rows of ``weight`` (V, D): (B, D).

    Args:
        input: indices, (B, N), or (N) with the bags one after the other.
        offsets: where each bag starts, (B), for indices (N).
        mode: "sum", "mean" or "max"; an empty bag gives zeros.
        per_sample_weights: a factor for each index ("sum" only).
        include_last_offset: ``offsets`` ends with the last bag's end.
        padding_idx: an index that counts for nothing.
        max_norm, norm_type, scale_grad_by_freq, sparse: as in ``embedding``.
    """
    op = "embedding_bag"
    _check_options(op, input, weight, mode, per_sample_weights)
    _check_table(op, input, weight)
    index, table = input.array, weight.array
    if padding_idx is not None:
        if not -len(table) <= padding_idx < len(table):
            raise RuntimeError(
                f"{op}: padding_idx must be within the number of embeddings, {-len(table)} through "
                f"{len(table) - 1}, but got {padding_idx}"
            )
        padding_idx %= len(table)
    text = (
        f"{op}: Expected idx >= 0 && idx < num_embeddings = {len(table)} but found idx to be {{}}"
    )
    check_range(index, len(table), RuntimeError, text)
    bags, count = _bags(op, index, offsets, include_last_offset)
    if scale_grad_by_freq and mode == "max":
        raise ValueError(f"{op}: max mode does not support scaling the gradient by the frequency")
    if sparse and mode == "max":
        raise ValueError(f"{op}: max mode does not support sparse weights")
    if max_norm is not None:
        _limit_norms(weight, index, max_norm, norm_type)
    flat = index.ravel()
    weights = per_sample_weights
    if weights is not None:
        weights = reshape_p(weights, shape=(flat.size,))
    if padding_idx is not None:
        kept = flat != padding_idx
        flat, bags = flat[kept], bags[kept]
        if weights is not None:
            weights = take_rows(weights, TensorBase.wrap(array_module(flat).flatnonzero(kept)))
    rows = _look_up(weight, TensorBase.wrap(flat), None, scale_grad_by_freq, sparse)
    if weights is not None:
        rows = rows * unsqueeze(weights, 1)
    even = index.shape[1] if index.ndim == 2 and padding_idx is None else 0
    return _bag(rows, bags, count, mode, even)


def _check_options(op: str, input: Any, weight: Any, mode: str, per_sample_weights: Any) -> None:
    require_kind(op, "float", weight)
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"{op}: mode has to be one of sum, mean or max, got {mode!r}")
    if per_sample_weights is not None:
        if mode != "sum":
            raise NotImplementedError(
                f"{op}: per_sample_weights was not None. per_sample_weights is only supported for "
                f"mode='sum' (got mode={mode!r})"
            )
        if per_sample_weights.array.shape != input.array.shape:
            raise ValueError(
                f"{op}: If per_sample_weights ({per_sample_weights.array.shape}) is not None, "
                f"then it must have the same shape as the input ({input.array.shape})"
            )
    if per_sample_weights is not None and per_sample_weights.array.dtype != weight.array.dtype:
        raise RuntimeError(
            f"{op}: expected per_sample_weights to have the same type as weight, got "
            f"{per_sample_weights.dtype} and {weight.dtype}"
        )


def _bag(rows: Any, bags: Any, count: int, mode: str, even: int) -> Any:
    """The rows (N, D) of each bag as one row, (B, D); ``even``: how many each has, one bag after
    the other, 0 where that differs."""
    xp = array_module(bags)
    if even and mode != "max":
        y = sum_p(
            reshape_p(rows, shape=(count, even, rows.array.shape[1])), dims=(1,), keepdim=False
        )
        return y if mode == "sum" else y / even
    sizes = occurrences(xp, bags, count)[:, None]
    if mode == "max":
        where_max = first_maxima(xp, rows.array, bags, count)  # (B, D)
        if not rows.array.size:
            return add_rows(rows, TensorBase.wrap(bags), rows=count)
        y = gather_p(rows, TensorBase.wrap(where_max), dim=0)
        return where(TensorBase.wrap(sizes > 0), y, 0.0)
    y = add_rows(rows, TensorBase.wrap(bags), rows=count)
    if mode == "sum":
        return y
    return y / TensorBase.wrap(xp.maximum(sizes, 1).astype(rows.array.dtype))


def embedding_bag_places(
    input: Any, weight: Any, offsets: Any, maxima: bool, include_last_offset: bool, padding: Any
) -> tuple[Any, Any, Any]:
    """The bag of each index (N), the size of each bag (B), and with ``maxima`` the row of
    ``weight`` that the maximum of each column came from (B, D)."""
    index = input.array
    xp = array_module(index)
    bags, count = _bags("embedding_bag", index, offsets, include_last_offset)
    flat = index.ravel()
    kept = slice(None) if padding is None else flat != padding % len(weight.array)
    flat, counted = flat[kept], bags[kept]
    sizes = occurrences(xp, counted, count).astype(index.dtype)
    rows = xp.empty((0,), index.dtype)
    if maxima:
        first = first_maxima(xp, weight.array[flat], counted, count)
        rows = xp.where(sizes[:, None] > 0, flat[first], 0) if flat.size else first
    return TensorBase.wrap(bags.astype(index.dtype)), TensorBase.wrap(sizes), TensorBase.wrap(rows)


def _bags(op: str, index: Any, offsets: Any, include_last: bool) -> tuple[Any, int]:
    """Which bag each index belongs to, (N), and how many bags there are."""
    xp = array_module(index)
    if index.ndim == 2:
        if offsets is not None:
            raise ValueError(
                f"{op}: if input is 2D, then offsets has to be None, as input is treated as a "
                "mini-batch of fixed length sequences. However, found offsets of size "
                f"{list(offsets.array.shape)}"
            )
        return xp.repeat(xp.arange(len(index)), index.shape[1]), len(index)
    if index.ndim != 1:
        raise ValueError(
            f"{op}: input has to be 1D or 2D Tensor, but got Tensor of dimension {index.ndim}"
        )
    if offsets is None or offsets.array.ndim != 1:
        got = "None" if offsets is None else f"Tensor of dimension {offsets.array.ndim}"
        raise ValueError(
            f"{op}: offsets has to be a 1D Tensor but got {got}. With an input of 1D it says where "
            "each bag starts"
        )
    starts = offsets.array
    check_range(
        starts[:1],
        1,
        text=f"{op}: offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to "
        "start from position 0. However, got {}",
    )
    check_range(
        starts[-1:],
        index.size + 1,
        text=f"{op}: offsets[-1] can not be greater than input's length {index.size} but got "
        "offsets[-1] of {}",
    )
    if include_last:
        if not starts.size:
            raise RuntimeError(f"{op}: include_last_offset needs at least one offset")
        starts = starts[:-1]
    return xp.searchsorted(starts, xp.arange(index.size), side="right") - 1, len(starts)
