"""Distinct values, counts in bins, and places in sorted sequences. None has a derivative."""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Sequence
from typing import Any

from ..autograd.errors import not_implemented, refuse_complex, require_kind
from ..autograd.no_derivative import without_derivative
from ..autograd.primitive import TensorBase, primitive, write_out
from ..backend import array_module, common_module, dtypes
from ..backend.precision import widened
from . import return_types
from .dims import normalize_dims, wrap_dim
from .sequences import evenly_spaced

__all__ = [
    "bincount", "bucketize", "hash_tensor", "histc", "histogram", "histogramdd", "nonzero_static",
    "searchsorted",
    "unique", "unique_consecutive", "unravel_index",
]  # fmt: skip

wrap = TensorBase.wrap

# -- distinct values -------------------------------------------------------------------------------


def unique(
    input: Any,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The distinct elements in ascending order, or the distinct slices along ``dim``; no two NaNs
    are equal.

    Args:
        return_inverse: also where each element of the input is in the result.
        return_counts: also how often each is there.

    >>> import minitorch_dl as torch
    >>> torch.unique(torch.tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    refuse_complex("unique", input)
    a = input.array
    xp = array_module(a)
    if dim is not None:
        dim = wrap_dim(dim, a.ndim)
        if any(n == 0 for i, n in enumerate(a.shape) if i != dim):
            raise RuntimeError(
                f"unique(): there are elements to compare along dim {dim} only if no other dim "
                f"of {a.shape} is 0"
            )
    half = a.dtype.kind == "V"
    values, inverse, counts = xp.unique(
        a.astype("f4") if half else a,
        return_inverse=True,
        return_counts=True,
        axis=dim,
        equal_nan=False,
    )
    result = [without_derivative("unique", values.astype(a.dtype, copy=False), input)]
    if return_inverse:
        result.append(wrap(inverse.reshape(a.shape if dim is None else (a.shape[dim],))))
    if return_counts:
        result.append(wrap(counts))
    tensors = tuple(result)
    return tensors[0] if len(tensors) == 1 else tensors


def unique_consecutive(
    input: Any, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The elements, or the slices along ``dim``, that differ from the one before; the options are
    those of ``unique``.

    >>> import minitorch_dl as torch
    >>> torch.unique_consecutive(torch.tensor([1, 1, 2, 1]))
    tensor([1, 2, 1])
    """
    refuse_complex("unique_consecutive", input)
    a = input.array
    xp = array_module(a)
    axis = 0 if dim is None else wrap_dim(dim, a.ndim)
    rows = a.reshape(-1) if dim is None else xp.moveaxis(a, axis, 0)
    n = len(rows)
    differs = xp.ones(n, bool)
    if n > 1:
        differs[1:] = (rows[1:] != rows[:-1]).reshape(n - 1, -1).any(axis=1)
    first = differs.nonzero()[0]
    values = rows[first] if dim is None else xp.moveaxis(rows[first], 0, axis)
    result = [without_derivative("unique_consecutive", values, input)]
    if return_inverse:
        inverse = differs.cumsum() - 1
        result.append(wrap(inverse.reshape(a.shape) if dim is None else inverse))
    if return_counts:
        result.append(wrap(xp.diff(xp.concatenate([first, xp.asarray([n], first.dtype)]))))
    tensors = tuple(result)
    return tensors[0] if len(tensors) == 1 else tensors


# -- counts in bins --------------------------------------------------------------------------------


def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each of 0, 1, 2, ... is in a vector of non-negative integers, or the sum of the
    ``weights`` where it is.

    >>> import minitorch_dl as torch
    >>> torch.bincount(torch.tensor([0, 2, 2]))
    tensor([1, 0, 2])
    """
    refuse_complex("bincount", weights)
    a = input.array
    if a.dtype.kind not in "iu":
        raise not_implemented("bincount", [a])
    xp = array_module(a)
    if a.ndim != 1 or (a.size and a.min() < 0):
        raise RuntimeError(
            f"bincount only supports 1-d non-negative integral inputs, got {input.dtype} of "
            f"shape {tuple(a.shape)}"
        )
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if weights is None:
        return wrap(xp.bincount(a, minlength=minlength).astype("i8", copy=False))
    w = weights.array
    if w.shape != a.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    y = xp.bincount(a, w.astype("f8"), minlength)
    return without_derivative("bincount", y.astype("f4") if w.dtype == "f4" else y, weights)


def _range_of(
    op: str, a: Any, given: tuple[float, float] | None, widen: float = 0.5
) -> tuple[float, float]:
    """The range of the data if none is given, widened on both sides when it is a single point; of
    no data [0, 1]."""
    if given is None:
        given = (float(a.min()), float(a.max())) if a.size else (0.0, 1.0)
    low, high = given
    if low == high:
        low, high = low - widen, high + widen
    if not (abs(low) < float("inf") and abs(high) < float("inf")):
        raise RuntimeError(f"{op}(): range of [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError(f"{op}(): max must be larger than min, got min={low}, max={high}")
    return low, high


def _check_histogram(op: str, input: Any, bins: Any, weight: Any) -> None:
    """Refuse ``bins``, one or one per dimension of the points, and weights that don't fit."""
    require_kind(op, "float", input)
    refuse_complex(op, input)
    for d, given in enumerate(bins):
        if not isinstance(given, TensorBase):
            if given <= 0:
                raise RuntimeError(f"{op}(): bins must be > 0, but got {given} for dimension {d}")
            continue
        edges = given.array
        if edges.dtype != input.array.dtype:
            raise RuntimeError(
                f"{op}(): input tensor and bins tensors should have the same dtype, but got input "
                f"with dtype {input.dtype} and bins for dimension {d} with dtype {edges.dtype}"
            )
        if edges.ndim == 1 and edges.size == 1:
            raise RuntimeError(f"{op}(): bins must be > 0, but got 0 for dimension {d}")
        if edges.ndim != 1 or not edges.size:
            wanted = "have one dimension" if edges.ndim != 1 else "have at least 1 element"
            raise RuntimeError(
                f"{op}(): bins tensor should {wanted}, but got {list(edges.shape)} for dimension "
                f"{d}"
            )
    if weight is not None and weight.dtype is not input.dtype:
        raise RuntimeError(
            f"{op}(): if weight tensor is provided, input tensor and weight tensor should have the "
            f"same dtype, but got input({input.dtype}), and weight({weight.dtype})"
        )
    points = tuple(input.shape) if op == "histogram" else tuple(input.shape[:-1])
    if weight is not None and tuple(weight.shape) != points:
        raise RuntimeError(
            f"{op}(): if weight tensor is provided it should have the same shape as the input "
            f"tensor excluding its innermost dimension, but got input with shape "
            f"{list(input.shape)} and weight with shape {list(weight.shape)}"
        )


def _histogram(xp: Any, a: Any, edges: Any, weight: Any) -> Any:
    """Sums of ``weight`` between ``edges``."""
    place, inside = _bin(xp, a, edges)
    weight = None if weight is None else weight[inside]
    return xp.bincount(place[inside], weight, len(edges) - 1)


def _bin(xp: Any, a: Any, edges: Any) -> tuple[Any, Any]:
    """The bin between ``edges`` of each element, and whether it is in one; the last bin includes
    its upper edge."""
    edges, a = widened(edges), widened(a)
    place = xp.searchsorted(edges, a, side="right") - 1
    return xp.clip(place, 0, len(edges) - 2), (a >= edges[0]) & (a <= edges[-1])


def histc(input: Any, bins: int = 100, min: float = 0, max: float = 0, *, out: Any = None) -> Any:
    """Counts in ``bins`` bins of equal width from ``min`` to ``max`` (the data's own range when
    both are equal).

    >>> import minitorch_dl as torch
    >>> torch.histc(torch.tensor([1.0, 2.0, 1.0]), bins=4, min=0, max=3)
    tensor([0., 2., 1., 0.])
    """
    refuse_complex("histc", input)
    a = input.array.reshape(-1)
    xp = array_module(a)
    if bins <= 0:
        raise RuntimeError("bins must be > 0")
    given = None if min == max and a.size else (float(min), float(max))
    low, high = _range_of("histc", a, given, 1)
    require_kind("histc", "float", input)
    place = ((a.astype("f8") - low) / (high - low) * bins).astype("i8")
    inside = (a >= low) & (a <= high)
    y = wrap(xp.bincount(xp.minimum(place[inside], bins - 1), minlength=bins).astype(a.dtype))
    return y if out is None else write_out("histc", out, y, exact=True)


def histogram(
    input: Any,
    bins: Any = 100,
    *,
    range: Any = None,
    weight: Any = None,
    density: bool = False,
    out: Any = None,
) -> Any:
    """``(hist, bin_edges)``: counts, or sums of ``weight``, in bins of equal width over ``range``
    or between the edges ``bins``."""
    if getattr(bins, "ndim", 0) == 0:  # a number of bins, not edges
        bins = operator.index(bins)
    _check_histogram("histogram", input, [bins], weight)
    a = input.array.reshape(-1)
    xp = array_module(a)
    if isinstance(bins, TensorBase):
        edges = bins.array.copy()
    else:
        low, high = _range_of("histogram", a, range)
        edges = evenly_spaced(xp, low, high, bins + 1, input.dtype)
    hist = _histogram(xp, a, edges, None if weight is None else weight.array.reshape(-1)).astype(
        a.dtype
    )
    if density:
        hist = hist / (hist.sum() * xp.diff(edges))
    inputs = (input, bins, weight)
    y = return_types.histogram(
        *[without_derivative("histogram", x, *inputs) for x in (hist, edges)]
    )
    return y if out is None else return_types.histogram(*write_out("histogram", out, y, exact=True))


def histogramdd(
    input: Any, bins: Any, *, range: Any = None, weight: Any = None, density: bool = False
) -> Any:
    """``(hist, bin_edges)`` of points: ``input`` is (..., D), each row a point in D dimensions.

    Args:
        bins: how many per dimension (one number for all), or the edges, one tensor per dimension.
        range: the lowest and the highest coordinate of each dimension, one after the other.
    """
    if input.array.ndim < 2:
        raise RuntimeError("histogramdd: input tensor should have at least 2 dimensions")
    d = input.array.shape[-1]
    a = input.array.reshape(math.prod(input.array.shape[:-1]), d)
    xp = array_module(a)
    if getattr(bins, "ndim", None) == 0 or isinstance(bins, int):
        bins = [operator.index(bins)] * d
    if len(bins) != d:
        raise RuntimeError(
            f"histogramdd: The size of bins must be equal to the innermost dimension of the input: "
            f"got {len(bins)} and {d}"
        )
    _check_histogram("histogramdd", input, bins, weight)
    edges = []
    for i, one in enumerate(bins):
        if isinstance(one, TensorBase):
            edges.append(one.array)
            continue
        given = None if range is None else range[2 * i : 2 * i + 2]
        low, high = _range_of("histogramdd", a[:, i], given)
        edges.append(evenly_spaced(xp, low, high, one + 1, input.dtype))
    shape = tuple([len(e) - 1 for e in edges])
    places, insides = zip(*(_bin(xp, a[:, i], e) for i, e in enumerate(edges)))
    inside = xp.stack(insides).all(0)
    flat = xp.zeros(len(a), "int64")
    for place, n in zip(places, shape):
        flat = flat * n + place
    weights = None if weight is None else weight.array.reshape(-1)[inside]
    hist = xp.bincount(flat[inside], weights, math.prod(shape)).reshape(shape)
    if density:
        hist = hist / hist.sum()
        for i, e in enumerate(edges):
            hist = hist / xp.diff(e).reshape([-1 if i == j else 1 for j in builtins.range(d)])
    return return_types.histogramdd(wrap(hist.astype(a.dtype)), tuple(wrap(e) for e in edges))


# -- places of elements ----------------------------------------------------------------------------


def nonzero_static(input: Any, *, size: int, fill_value: int = -1, out: Any = None) -> Any:
    """The first ``size`` rows of ``nonzero``, with rows of ``fill_value`` where there are too
    few.
    """
    if size < 0:
        raise RuntimeError(
            f"nonzero_static: 'size' must be an non-negative integer, but got {size}"
        )
    a = input.array
    xp = array_module(a)
    found = xp.stack(a.nonzero(), axis=-1) if a.ndim else xp.zeros((int(a != 0), 0), "int64")
    rows = xp.full((size, a.ndim), fill_value, dtype="int64")
    rows[: len(found)] = found[:size]
    return wrap(rows) if out is None else write_out("nonzero_static", out, wrap(rows), exact=True)


def unravel_index(indices: Any, shape: Any) -> tuple[Any, ...]:
    """The coordinates of flat ``indices`` into a tensor of ``shape``, one tensor per dim.

    >>> import minitorch_dl as torch
    >>> torch.unravel_index(torch.tensor([1, 5]), (2, 3))
    (tensor([0, 1]), tensor([1, 2]))
    """
    if indices.array.dtype.kind not in "iu":
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    if not isinstance(shape, (int, Sequence)):
        raise TypeError(
            f"expected 'shape' to be int or sequence of ints, but got {type(shape).__name__}"
        )
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    if not all(isinstance(n, int) for n in shape):
        raise TypeError(f"expected 'shape' sequence to only contain ints, but got {shape}")
    if any(n < 0 for n in shape):
        raise ValueError(f"'shape' cannot have negative values, but got {shape}")
    a = indices.array.astype("int64")
    places = []
    for n in reversed(shape):
        places.append(wrap(a % n))
        a = a // n
    return tuple(reversed(places))


# -- places in sorted sequences --------------------------------------------------------------------


def searchsorted(
    sorted_sequence: Any,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Any = None,
    out: Any = None,
) -> Any:
    """Where to insert ``input`` to keep the last dim of ``sorted_sequence`` sorted.

    Before equal elements, or behind them with ``right`` or ``side="right"``. A sequence of several
    dims has one row per row of ``input``; ``sorter`` are the positions that sort it.

    >>> import minitorch_dl as torch
    >>> torch.searchsorted(torch.tensor([1, 3, 5]), torch.tensor([3, 6]))
    tensor([1, 3])
    """
    require_kind("searchsorted", "integer", sorted_sequence)
    refuse_complex("searchsorted", sorted_sequence, input)
    if side not in (None, "left", "right"):
        raise RuntimeError(f"searchsorted(): side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise RuntimeError(
            "searchsorted(): side and right can't be set to opposites, got side of left while "
            "right was True"
        )
    side = side or ("right" if right else "left")
    rows = sorted_sequence.array
    xp = array_module(rows)
    values = input.array if isinstance(input, TensorBase) else xp.asarray(input)
    if rows.ndim == 0:
        raise RuntimeError(
            "searchsorted(): input value can be a scalar only when the sequence has at least one "
            "dim"
        )
    if rows.ndim > 1 and (rows.ndim != values.ndim or rows.shape[:-1] != values.shape[:-1]):
        raise RuntimeError(
            "searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions "
            "of boundaries tensor and input value tensor must match, but we got boundaries tensor "
            f"{list(rows.shape)} and input value tensor {list(values.shape)}"
        )
    if sorter is not None:
        rows = _sorted_by(rows, sorter)
    common_module("searchsorted", (rows, values))
    if values.dtype != rows.dtype:
        common = dtypes.result_type(rows, values).numpy
        rows, values = rows.astype(common), values.astype(common)
    rows, values = widened(rows), widened(values)
    dtype = "i4" if out_int32 else "i8"
    if rows.ndim == 1:
        y = xp.asarray(xp.searchsorted(rows, values, side=side), dtype)
    else:
        y = xp.zeros(values.shape, dtype)  # without elements in the rows all places are 0
        if rows.size and values.size:
            flat, places = (x.reshape(-1, values.shape[-1]) for x in (values, y))
            for i, row in enumerate(rows.reshape(-1, rows.shape[-1])):
                places[i] = xp.searchsorted(row, flat[i], side=side)
    y = wrap(y)
    return y if out is None else write_out("searchsorted", out, y, exact=True)


def _sorted_by(rows: Any, sorter: Any) -> Any:
    """The rows in the order of the positions ``sorter``."""
    if sorter.array.dtype != "int64":
        raise RuntimeError(
            f"searchsorted(): sorter must be a tensor of long dtype but got dtype {sorter.dtype}"
        )
    if sorter.array.shape != rows.shape:
        raise RuntimeError(
            "searchsorted(): boundary and sorter must have the same size, but got "
            f"{list(rows.shape)} and {list(sorter.array.shape)}"
        )
    if sorter.array.size and not 0 <= sorter.array.min() <= sorter.array.max() < rows.shape[-1]:
        raise RuntimeError("searchsorted(): sorter index out of range")
    return array_module(rows).take_along_axis(rows, sorter.array, -1)


def bucketize(
    input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False, out: Any = None
) -> Any:
    """The bin of each element between the sorted ``boundaries``: how many are below it (``right``:
    or equal to it).

    >>> import minitorch_dl as torch
    >>> torch.bucketize(torch.tensor([2, 6]), torch.tensor([1, 3, 5]))
    tensor([1, 3])
    """
    if boundaries.ndim != 1:
        raise RuntimeError(
            f"bucketize(): boundaries tensor must be 1 dimension, but got dim({boundaries.ndim})"
        )
    return searchsorted(boundaries, input, out_int32=out_int32, right=right, out=out)


# -- hashes ----------------------------------------------------------------------------------------


@primitive
def hash_tensor_p(xp: Any, a: Any, *, dims: tuple[int, ...], keepdim: bool) -> Any:
    """The bits of all elements, 64 of each, under exclusive or."""
    bits = a.astype("int64" if a.dtype.kind in "iub" else "float64").view("uint64")
    kept = [i for i in range(a.ndim) if i not in dims]
    count = math.prod([a.shape[i] for i in dims])
    bits = bits.transpose(*kept, *dims).reshape(*[a.shape[i] for i in kept], count)
    while bits.shape[-1] > 1:  # by halves: CuPy has no reduction by exclusive or
        half = bits.shape[-1] // 2
        pairs = bits[..., :half] ^ bits[..., half : 2 * half]
        bits = xp.concatenate([pairs, bits[..., 2 * half :]], axis=-1)
    y = bits[..., 0]
    return xp.expand_dims(y, dims) if keepdim else y


def hash_tensor(
    input: Any, dim: Any = (), *, keepdim: bool = False, mode: int = 0, out: Any = None
) -> Any:
    """A number of 64 bits that tells tensors apart: the exclusive or of the elements' bits along
    ``dim``, as int64 or float64. Elements that swap places change nothing.

    >>> import minitorch_dl as torch
    >>> torch.hash_tensor(torch.tensor([5, 3])).item()
    6
    """
    refuse_complex("hash_tensor", input)
    if mode != 0:
        raise RuntimeError(f"Unknown hash_tensor mode: {mode}. There is 0, exclusive or")
    dims = normalize_dims(dim, input.ndim)
    if not all(input.shape[i] for i in dims):
        raise IndexError(
            f"hash_tensor: Expected reduction dims {dims} to have non-zero size, got "
            f"{tuple(input.shape)}"
        )
    y = hash_tensor_p(input, dims=dims, keepdim=keepdim)
    return y if out is None else write_out("hash_tensor", out, y, exact=True)
