"""Ordering: sort, the k largest, medians, modes and quantiles.

An op finds positions, which have no gradient; its values are then gathered from the input along the
dim.
"""

from __future__ import annotations

from typing import Any

from ..autograd.node_names import as_one, named
from ..autograd.primitive import TensorBase, primitive, write_out
from ..backend import array_module, check_all
from ..backend.ordering import first_in_order, stable_order
from . import return_types
from .dims import wrap_dim
from .elementwise import lerp
from .extrema import picked, tie_share
from .gathering import flat_places, gather_p
from .reductions import spread
from .scans import accumulate
from .selection import where
from .shape import contiguous, movedim, owned, reshape_p
from .slicing import slice_along

__all__ = [
    "argsort", "kthvalue", "median", "mode", "msort", "nanmedian", "nanquantile", "quantile",
    "sort", "topk",
]  # fmt: skip


_FEW = 64
"""Elements of a row which are sorted as quickly as the largest of them are found."""


def _keys(xp: Any, a: Any) -> Any:
    """``a`` in a dtype that NumPy can sort: the 16-bit floats of other packages have no order
    there."""
    return a.astype("f4") if a.dtype.kind == "V" else a


@primitive
def order_p(xp: Any, a: Any, *, dim: int, descending: bool) -> Any:
    """The positions of the elements along ``dim`` in sorted order."""
    if not a.ndim:
        return xp.zeros((), "i8")
    return stable_order(xp, _keys(xp, a), dim, descending)


def _taken(xp: Any, a: Any, index: Any) -> Any:
    """``take_along_axis`` of the last axis."""
    return a.reshape(-1).take(flat_places(xp, index, a.ndim - 1, a.shape))


@primitive(min_kind="integer")
def order_first(xp: Any, a: Any, *, k: int, dim: int, largest: bool) -> Any:
    """The positions of the ``k`` largest (smallest) elements along ``dim``, sorted by them."""
    if not a.ndim:
        return xp.zeros((), "i8")
    a = _keys(xp, a).swapaxes(dim, -1)
    last, n = a.ndim - 1, a.shape[-1]
    if largest and k == 1:
        found = xp.argmax(a, -1)[..., None]
    elif (found := first_in_order(xp, a, k, largest)) is not None:
        pass
    elif 0 < k < n > _FEW:
        chosen = xp.argpartition(a, n - k if largest else k - 1, -1)
        chosen = chosen[..., n - k :] if largest else chosen[..., :k]
        chosen.sort(-1)  # equal elements in their original order
        order = stable_order(xp, _taken(xp, a, chosen), last, largest)
        found = _taken(xp, chosen, order)
    else:
        found = stable_order(xp, a, last, largest)[..., :k]
    return xp.ascontiguousarray(found.swapaxes(dim, -1))


@as_one("SortBackward0")
def sort(
    input: Any, dim: int = -1, descending: bool = False, stable: bool = False, *, out: Any = None
) -> Any:
    """The elements in order along ``dim`` and where they were: ``(values, indices)``. Always
    stable; NaN is the largest.

    >>> import minitorch_dl as torch
    >>> torch.sort(torch.tensor([3.0, 1.0, 2.0])).indices
    tensor([1, 2, 0])
    """
    index = order_p(input, dim=wrap_dim(dim, input.ndim), descending=bool(descending))
    return picked("sort", return_types.sort, input, index, dim, True, out)


def argsort(
    input: Any, dim: int = -1, descending: bool = False, stable: bool = False, *, out: Any = None
) -> Any:
    """The positions of the elements along ``dim`` in sorted order; see ``sort``."""
    y = order_p(input, dim=wrap_dim(dim, input.ndim), descending=bool(descending))
    return y if out is None else write_out("argsort", out, y)


@as_one("SortBackward0")
def msort(input: Any, *, out: Any = None) -> Any:
    """The elements in order along the first dim."""
    y = sort(input, 0)[0]
    return y if out is None else write_out("msort", out, y, exact=True)


@as_one("TopkBackward0")
def topk(
    input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True, *, out: Any = None
) -> Any:
    """The ``k`` largest (or smallest) elements along ``dim``, in order, and where they are:
    ``(values, indices)``.

    >>> import minitorch_dl as torch
    >>> torch.topk(torch.tensor([1.0, 4.0, 2.0, 3.0]), 2).values
    tensor([4., 3.])
    """
    axis = wrap_dim(dim, input.ndim)
    k = int(k)
    if not 0 <= k <= (input.shape[axis] if input.ndim else 1):
        raise RuntimeError("selected index k out of range")
    index = order_first(input, k=k, dim=axis, largest=largest)
    return picked("topk", return_types.topk, input, index, axis, True, out)


@as_one("KthvalueBackward0")
def kthvalue(input: Any, k: int, dim: int = -1, keepdim: bool = False, *, out: Any = None) -> Any:
    """The ``k``-th smallest element along ``dim`` (the smallest is the first), and where it is:
    ``(values, indices)``."""
    axis = wrap_dim(dim, input.ndim)
    _need_elements("kthvalue", input, axis)
    if not 1 <= k <= (input.shape[axis] if input.ndim else 1):
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {axis}")
    index = order_first(input, k=k, dim=axis, largest=False)
    if input.ndim:
        index = contiguous(slice_along(index, axis, k - 1, k))
    return picked("kthvalue", return_types.kthvalue, input, index, axis, keepdim, out, apart=True)


def _need_elements(op: str, input: Any, dim: int) -> None:
    if input.ndim and not input.shape[dim]:
        raise IndexError(f"{op}(): Expected reduction dim {dim} to have non-zero size.")


# -- medians ---------------------------------------------------------------------------------------


@primitive(min_kind="integer")
def median_position(xp: Any, a: Any, *, dim: int, skip_nan: bool) -> Any:
    """Where the lower median along ``dim`` is; with NaN among the elements, where that is, unless
    it is skipped."""
    if not a.ndim:
        return xp.zeros((), "i8")
    order = stable_order(xp, _keys(xp, a), dim)
    return xp.take_along_axis(order, _median_rank(xp, a, dim, skip_nan), dim)


def _median_rank(xp: Any, a: Any, dim: int, skip_nan: bool) -> Any:
    """The place of the median in sorted order."""
    n = a.shape[dim]
    valid = (a == a).sum(dim, keepdims=True)
    return xp.maximum(valid - 1, 0) // 2 if skip_nan else xp.where(valid < n, valid, (n - 1) // 2)


@primitive(grad_fn="MedianBackward0", min_kind="integer")
def median_value(xp: Any, a: Any, *, skip_nan: bool) -> Any:
    if not a.size:
        return xp.asarray(xp.nan if a.dtype.kind not in "iub" else xp.iinfo(a.dtype).min, a.dtype)
    flat = a.reshape(-1)
    ranked = xp.sort(_keys(xp, flat)).astype(a.dtype, copy=False)
    return ranked[_median_rank(xp, flat, 0, skip_nan)].reshape(())


def _d_median_value(g: Any, a: Any, y: Any) -> Any:
    share = tie_share(a, y, dims=None, keepdim=False)
    return spread(g, dims=None, keepdim=False, shape=a.shape) * share


median_value.defvjp(a=_d_median_value)


def median(input: Any, dim: int | None = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """The median of all elements, or along ``dim`` as ``(values, indices)``: the lower of two
    middle ones; NaN if there is one.

    >>> import minitorch_dl as torch
    >>> torch.median(torch.tensor([4.0, 1.0, 3.0, 2.0]))
    tensor(2.)
    """
    return _median("median", return_types.median, input, dim, keepdim, out)


def nanmedian(input: Any, dim: int | None = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """The median of the elements that are not NaN; see ``median``."""
    return _median("nanmedian", return_types.nanmedian, input, dim, keepdim, out)


def _median(op: str, result: Any, input: Any, dim: Any, keepdim: bool, out: Any) -> Any:
    if dim is None:
        y = named(median_value(input, skip_nan=op == "nanmedian"), f"{op.capitalize()}Backward0")
        return y if out is None else write_out(op, out, y)
    dim = wrap_dim(dim, input.ndim)
    _need_elements(op, input, dim)
    index = median_position(input, dim=dim, skip_nan=op == "nanmedian")
    y = picked(op, result, input, index, dim, keepdim, out, apart=True)
    named(y[0], f"{op.capitalize()}Backward1")
    return y


# -- modes -----------------------------------------------------------------------------------------


@primitive
def mode_position(xp: Any, a: Any, *, dim: int) -> Any:
    """Where the last of the most frequent elements is, of several such values the smallest."""
    if not a.ndim:
        return xp.zeros((), "i8")
    a = xp.moveaxis(_keys(xp, a), dim, -1)
    order = stable_order(xp, a, a.ndim - 1)
    ranked = xp.take_along_axis(a, order, -1)
    place = xp.arange(a.shape[-1])
    begins = xp.ones(a.shape, bool)
    begins[..., 1:] = ranked[..., 1:] != ranked[..., :-1]
    run = place - accumulate(
        xp, "maximum", begins * place, a.ndim - 1
    )  # how far into a run of equals
    longest = run.argmax(-1)[..., None]
    return xp.ascontiguousarray(xp.moveaxis(xp.take_along_axis(order, longest, -1), -1, dim))


@as_one("ModeBackward0")
def mode(input: Any, dim: int = -1, keepdim: bool = False, *, out: Any = None) -> Any:
    """The most frequent element along ``dim`` (of several the smallest), and where it last is:
    ``(values, indices)``."""
    dim = wrap_dim(dim, input.ndim)
    _need_elements("mode", input, dim)
    index = mode_position(input, dim=dim)
    return picked("mode", return_types.mode, input, index, dim, keepdim, out, apart=True)


# -- quantiles -------------------------------------------------------------------------------------

_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


@as_one("SqueezeBackward4")
def quantile(
    input: Any,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
    out: Any = None,
) -> Any:
    """The ``q``-quantiles (0 to 1) along ``dim``, or of all elements; several ``q`` become the
    first dim of the result.

    Between two elements the result is found by ``interpolation``: linear, lower, higher, midpoint
    or nearest. NaN if there is one.

    >>> import minitorch_dl as torch
    >>> torch.quantile(torch.tensor([0.0, 1.0, 2.0, 3.0]), 0.5)
    tensor(1.5000)
    """
    y = _quantile("quantile", input, q, dim, keepdim, interpolation)
    return y if out is None else write_out("quantile", out, y, exact=True)


@as_one("SqueezeBackward4")
def nanquantile(
    input: Any,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
    out: Any = None,
) -> Any:
    """The ``q``-quantiles of the elements that are not NaN; see ``quantile``."""
    y = _quantile("nanquantile", input, q, dim, keepdim, interpolation)
    return y if out is None else write_out("nanquantile", out, y, exact=True)


def _quantile(op: str, input: Any, q: Any, dim: Any, keepdim: bool, interpolation: str) -> Any:
    if input.array.dtype not in ("float32", "float64"):
        raise RuntimeError(
            f"{op}() input tensor must be either float or double dtype, got {input.dtype}"
        )
    if not input.array.size:
        raise RuntimeError(f"{op}() input tensor must be non-empty")
    if interpolation not in _INTERPOLATIONS:
        raise RuntimeError(
            f"{op}() interpolation must be one of {', '.join(_INTERPOLATIONS)}, but got "
            f"{interpolation}"
        )
    if not isinstance(q, TensorBase):
        q = TensorBase.wrap(array_module(input.array).asarray(q, input.array.dtype))
    if q.array.dtype != input.array.dtype:
        raise RuntimeError(f"{op}() q tensor must be same dtype as the input tensor")
    if q.ndim > 1:
        raise RuntimeError(f"{op}() q must be a scalar or 1D tensor, got shape {tuple(q.shape)}")
    inside = (q.array >= 0) & (q.array <= 1)
    check_all(inside, RuntimeError, f"{op}() q must be in the range [0, 1]")
    ndim = input.ndim
    axis = None if dim is None else wrap_dim(dim, ndim)
    x = input if axis is not None and ndim else reshape_p(input, shape=(input.array.size,))
    x = sort(movedim(x, axis or 0, -1), -1)[0]  # (..., n)
    n = x.shape[-1]
    valid = (x.array == x.array).sum(-1, keepdims=True).astype(x.array.dtype)  # (..., 1)
    points = reshape_p(q, shape=(q.array.size,))
    ranks = points * TensorBase.wrap(
        (valid - 1).clip(0) if op == "nanquantile" else valid * 0 + (n - 1)
    )
    if op == "quantile":
        ranks = where(TensorBase.wrap(valid < n), n - 1.0, ranks)  # NaN comes last
    y = _between(x, ranks, interpolation)  # (..., number of q)
    y = movedim(y, -1, 0) if q.ndim else reshape_p(y, shape=y.shape[:-1])
    if keepdim and ndim:
        ones = [1 if axis is None or i == axis else k for i, k in enumerate(input.shape)]
        y = reshape_p(y, shape=(*q.shape, *ones))
    return owned(y)


def _between(x: Any, ranks: Any, interpolation: str) -> Any:
    """The values at the fractional places ``ranks`` along the last dim, interpolated."""
    xp, at = array_module(x.array), ranks.array
    rounded = {"lower": xp.floor, "higher": xp.ceil, "nearest": xp.rint}.get(interpolation)
    if rounded is not None:
        return gather_p(x, rounded(at).astype("i8"), dim=x.ndim - 1)
    floor = xp.floor(at)
    below = gather_p(x, floor.astype("i8"), dim=x.ndim - 1)
    above = gather_p(x, xp.ceil(at).astype("i8"), dim=x.ndim - 1)
    weight = 0.5 if interpolation == "midpoint" else ranks - TensorBase.wrap(floor)
    return lerp(below, above, weight)
