"""Maxima and minima: their values and their positions.

What picks one element (``max(dim)``) sends its gradient there; what reports a value that several
elements may share (``max()``, ``amax``) splits the gradient evenly among them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.errors import not_implemented
from ..autograd.modes import GRAD, state
from ..autograd.node_names import as_one, named
from ..autograd.primitive import TensorBase, primitive, write_out
from ..backend.precision import summed_in
from . import return_types, selection
from .dims import normalize_dims, wrap_dim
from .gathering import gather_p
from .movement import clone_p
from .reductions import spread
from .shape import owned, reshape_p

__all__ = ["amax", "amin", "aminmax", "argmax", "argmin", "max", "min"]

# -- values ----------------------------------------------------------------------------------------


def _by_halves(xp: Any, combine: Any, a: Any, dims: tuple[int, ...] | None, keepdim: bool) -> Any:
    """The elements along one dim combined, one half with the other and so on: NumPy's own loop is
    up to eight times slower where few elements lie side by side. None where it is not."""
    if xp is not np or dims is None or len(dims) != 1 or a.size < 2048:
        return None
    (dim,) = dims
    n, inner, shape = a.shape[dim], math.prod(a.shape[dim + 1 :]), list(a.shape)
    if n < 2 or inner > 128 or (inner == 1 and n > 32):
        return None
    before = (slice(None),) * dim
    while n > 1:
        half = n // 2
        y = combine(a[(*before, slice(half))], a[(*before, slice(half, 2 * half))])
        if n % 2:
            first = y[(*before, slice(1))]
            combine(first, a[(*before, slice(n - 1, n))], out=first)
        a, n = y, half
    shape[dim : dim + 1] = [1] * keepdim
    return a.reshape(shape)


@primitive
def amax_p(xp: Any, a: Any, *, dims: tuple[int, ...] | None, keepdim: bool) -> Any:
    y = _by_halves(xp, xp.maximum, a, dims, keepdim)
    return a.max(dims, None, keepdim) if y is None else y


@primitive
def amin_p(xp: Any, a: Any, *, dims: tuple[int, ...] | None, keepdim: bool) -> Any:
    y = _by_halves(xp, xp.minimum, a, dims, keepdim)
    return a.min(dims, None, keepdim) if y is None else y


@primitive
def tie_share(xp: Any, a: Any, y: Any, *, dims: tuple[int, ...] | None, keepdim: bool) -> Any:
    """1 / n for the n elements that equal the reduced value ``y`` (NaN equals NaN here), 0 for the
    others."""
    y = spread.primitive.kernel(xp, y, dims=dims, keepdim=keepdim, shape=a.shape)
    hit = ((a == y) | ((a != a) & (y != y))).astype(a.dtype)
    return hit / hit.sum(dims, summed_in(a.dtype), None, True).astype(a.dtype, copy=False)


def _d_extremum(g: Any, a: Any, y: Any, dims: Any, keepdim: Any) -> Any:
    share = tie_share(a, y, dims=dims, keepdim=keepdim)
    return spread(g, dims=dims, keepdim=keepdim, shape=a.shape) * share


amax_p.defvjp(a=_d_extremum)
amin_p.defvjp(a=_d_extremum)


def _needs_elements(op: str) -> RuntimeError:
    return RuntimeError(
        f"{op}(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
        "reduction dim with the 'dim' argument."
    )


def _reduced(op: str, reduction: Any, input: Any, dim: Any, keepdim: bool) -> Any:
    array = input.array
    dims = (
        None
        if dim is None or (dim.__class__ is tuple and not dim)
        else normalize_dims(dim, array.ndim)
    )
    if not array.size:
        if dims is None:
            raise _needs_elements(op)
        for i in dims:
            if not array.shape[i]:
                raise IndexError(f"{op}(): Expected reduction dim {i} to have non-zero size.")
    return reduction(input, dims=dims, keepdim=keepdim)


def amax(input: Any, dim: Any = (), keepdim: bool = False, *, out: Any = None) -> Any:
    """The largest value over ``dim`` (an int, several, or all); NaN if there is one.

    >>> import minitorch_dl as torch
    >>> torch.amax(torch.tensor([[1.0, 5.0], [3.0, 2.0]]), dim=1)
    tensor([5., 3.])
    """
    y = _reduced("amax", amax_p, input, dim, keepdim)
    return y if out is None else write_out("amax", out, y, exact=True)


def amin(input: Any, dim: Any = (), keepdim: bool = False, *, out: Any = None) -> Any:
    """The smallest value over ``dim`` (an int, several, or all); NaN if there is one."""
    y = _reduced("amin", amin_p, input, dim, keepdim)
    return y if out is None else write_out("amin", out, y, exact=True)


@as_one("AminmaxBackward0")
def aminmax(input: Any, *, dim: int | None = None, keepdim: bool = False, out: Any = None) -> Any:
    """``(min, max)`` along ``dim``, or of all elements."""
    if dim is None and not input.array.size:
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no "
            "identity."
        )
    low, high = (_reduced("aminmax", f, input, dim, keepdim) for f in (amin_p, amax_p))
    y = return_types.aminmax(low, high)
    return y if out is None else return_types.aminmax(*write_out("aminmax", out, y, exact=True))


# -- positions -------------------------------------------------------------------------------------


@primitive
def argmax_p(xp: Any, a: Any, *, dim: int | None, keepdim: bool) -> Any:
    return a.argmax(dim, keepdims=keepdim)


@primitive
def argmin_p(xp: Any, a: Any, *, dim: int | None, keepdim: bool) -> Any:
    return a.argmin(dim, keepdims=keepdim)


def _position(op: str, search: Any, input: Any, dim: int | None, keepdim: bool) -> Any:
    array = input.array
    if dim is not None:
        dim = wrap_dim(dim, array.ndim) if array.ndim else wrap_dim(dim, 0) and None
    if not array.size and (dim is None or not array.shape[dim]):
        if dim is None:
            raise IndexError(str(_needs_elements(op)))
        raise IndexError(f"{op}(): Expected reduction dim {dim} to have non-zero size.")
    return search(input, dim=dim, keepdim=keepdim)


def argmax(input: Any, dim: int | None = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """The index of the largest value along ``dim``, or among all elements; the first of several.

    >>> import minitorch_dl as torch
    >>> torch.argmax(torch.tensor([[1.0, 5.0], [3.0, 2.0]]), dim=1)
    tensor([1, 0])
    """
    if input.array.dtype == bool:
        raise not_implemented("argmax", [input.array])
    y = _position("argmax", argmax_p, input, dim, keepdim)
    return y if out is None else write_out("argmax", out, y, exact=True)


def argmin(input: Any, dim: int | None = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """The index of the smallest value along ``dim``, or among all elements; the first of
    several."""
    if input.array.dtype == bool:
        raise not_implemented("argmin", [input.array])
    y = _position("argmin", argmin_p, input, dim, keepdim)
    return y if out is None else write_out("argmin", out, y, exact=True)


# -- values with their positions -------------------------------------------------------------------


def max(
    input: Any,
    other: Any = None,
    keepdim: bool = False,
    *,
    dim: int | None = None,
    out: Any = None,
) -> Any:
    """The largest of all elements; along ``dim`` also where it is, as ``(values, indices)``; of two
    tensors ``maximum``.

    >>> import minitorch_dl as torch
    >>> torch.max(torch.tensor([[1.0, 5.0], [3.0, 2.0]]), dim=1)
    torch.return_types.max(
    values=tensor([5., 3.]),
    indices=tensor([1, 0]))
    """
    return _extremum(
        "max",
        amax_p,
        argmax_p,
        selection.maximum,
        return_types.max,
        input,
        other,
        dim,
        keepdim,
        out,
    )


def min(
    input: Any,
    other: Any = None,
    keepdim: bool = False,
    *,
    dim: int | None = None,
    out: Any = None,
) -> Any:
    """The smallest of all elements; along ``dim`` also where it is, as ``(values, indices)``; of
    two tensors ``minimum``."""
    return _extremum(
        "min",
        amin_p,
        argmin_p,
        selection.minimum,
        return_types.min,
        input,
        other,
        dim,
        keepdim,
        out,
    )


def _extremum(
    op: str,
    reduce: Any,
    search: Any,
    pairwise: Any,
    result: Any,
    input: Any,
    other: Any,
    dim: Any,
    keepdim: Any,
    out: Any,
) -> Any:
    if other is not None:  # by position stands the other tensor or the dim
        if dim is not None:
            raise TypeError(f"{op}(): expected either 'other' or 'dim', got both")
        if isinstance(other, TensorBase) and not keepdim:
            return pairwise(input, other, out=out)
        dim = other
    if dim is None:
        if not input.array.size:
            raise _needs_elements(op)
        y = named(reduce(input, dims=None, keepdim=False), f"{op.capitalize()}Backward1")
        return y if out is None else write_out(op, out, y)
    return picked(
        op, result, input, _position(op, search, input, dim, True), dim, keepdim, out, apart=True
    )


def picked(
    op: str,
    result: Any,
    input: Any,
    index: Any,
    dim: int,
    keepdim: bool,
    out: Any,
    apart: bool = False,
) -> Any:
    """``(values, indices)`` of an op that picks the elements at ``index``, which still has the
    reduced dim; ``out`` may lie in the memory of the input unless ``apart``."""
    if input.ndim:
        dim = wrap_dim(dim, input.ndim)
        values = gather_p(input, index, dim=dim)
        if not keepdim:
            values, index = _drop(values, dim), _drop(index, dim)
    else:
        values = clone_p(input)
    y = result(named(values, f"{op.capitalize()}Backward0"), index)
    return (
        y
        if out is None
        else result(*write_out(op, out, y, exact=True, reads=(input,) if apart else ()))
    )


def _drop(x: Any, dim: int) -> Any:
    shape = x.array.shape
    shape = shape[:dim] + shape[dim + 1 :]
    if x._node is None and state.flags <= GRAD:  # a new tensor, which nobody watches
        return TensorBase.wrap(x.array.reshape(shape))
    return owned(reshape_p(x, shape=shape))
