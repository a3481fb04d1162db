"""Views at integers, slices, None and Ellipsis: ``select``, ``narrow``, and what ``x[...]`` makes
of such indices.
"""

from __future__ import annotations

import functools
import operator
from typing import Any

import numpy as np

from ..autograd.fast_paths import as_view
from ..autograd.modes import GRAD, state
from ..autograd.node_names import as_one
from ..autograd.primitive import TensorBase, primitive
from ..backend import describe_one
from .dims import wrap_dim

__all__ = ["narrow", "select"]

Pads = tuple[tuple[int, int], ...]


def _decode(index: tuple[Any, ...]) -> tuple[Any, ...]:
    """The NumPy index for a ``slice`` primitive's parameter; its Ellipsis keeps a 0-d result an
    array.
    """
    key = [
        one if one.__class__ is int or one is None else Ellipsis if one == "..." else slice(*one)
        for one in index
    ]
    return tuple(key) if Ellipsis in key else (*key, Ellipsis)


@primitive(view=True)
def slice_p(xp: Any, a: Any, *, index: tuple[Any, ...]) -> Any:
    """``a[index]``; an index entry is an integer, None, "..." or (start, stop, step)."""
    return a[_decode(index)]


slice_p.defvjp(a=lambda g, a_shape, index: unslice(g, index=index, shape=a_shape))


@primitive(complex=True)
def unslice(xp: Any, a: Any, *, index: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """Zeros of ``shape`` with ``a`` at ``index``: the reverse of ``slice``."""
    out = xp.zeros(shape, a.dtype)
    out[_decode(index)] = a
    return out


_as_slice = functools.partial(as_view, slice_p.primitive)
unslice.defvjp(a=lambda g, index: slice_p(g, index=index))


@primitive(grad_fn="ConstantPadNdBackward0", complex=True)
def pad_p(xp: Any, a: Any, *, pads: Pads, value: float) -> Any:
    """``a`` inside a frame of ``value``, (before, after) elements wide per axis; at least 0."""
    shape = [n + before + after for n, (before, after) in zip(a.shape, pads)]
    out = xp.full(shape, value, a.dtype) if value else xp.zeros(shape, a.dtype)
    out[tuple([slice(before, before + n) for n, (before, _) in zip(a.shape, pads)])] = a
    return out


pad_p.defvjp(
    a=lambda g, a_shape, pads: slice_p(
        g, index=tuple([(before, before + n, None) for n, (before, _) in zip(a_shape, pads)])
    )
)

_PLAIN = (int, type(None))


def basic_spec(items: Any) -> tuple[Any, ...] | None:
    """The ``slice`` primitive's parameter for a tuple of basic indices; None when there is
    another kind among them.
    """
    spec: list[Any] = []
    for one in items:
        cls = one.__class__
        if cls is slice:
            start, stop, step = one.start, one.stop, one.step
            if not (
                start.__class__ in _PLAIN and stop.__class__ in _PLAIN and step.__class__ in _PLAIN
            ):
                start, stop, step = map(_bound, (start, stop, step))
            if step is not None and step <= 0:
                raise ValueError("step must be greater than zero")
            spec.append((start, stop, step))
        elif cls is int or one is None:
            spec.append(one)
        elif one is Ellipsis:
            spec.append("...")
        else:
            return None
    return tuple(spec)


def _bound(n: Any) -> int | None:
    try:
        return n if n is None else operator.index(n)
    except TypeError:
        raise TypeError(
            "slice indices must be integers or None or have an __index__ method, got "
            f"{type(n).__name__}"
        ) from None


def basic_view(input: Any, spec: Any, items: tuple[Any, ...]) -> Any:
    """The view of ``input`` at basic indices: ``items``, and as the primitive's parameter
    ``spec``.
    """
    a = input.array
    try:
        if a.__class__ is not np.ndarray or state.flags > GRAD:
            return slice_p(input, index=spec)
        y = a[items if "..." in spec else (*items, ...)]
    except IndexError:
        raise _explain_basic(spec, a.shape) from None
    return _as_slice(input, y, {"index": spec})


def _explain_basic(spec: tuple[Any, ...], shape: tuple[int, ...]) -> IndexError:
    used = sum(1 for one in spec if one is not None and one != "...")
    if used > len(shape):
        if not shape and len(spec) == 1:
            return IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or "
                "`tensor.item<T>()` in C++ to convert a 0-dim tensor to a number"
            )
        return IndexError(f"too many indices for tensor of dimension {len(shape)}")
    d = 0
    for one in spec:
        if one == "...":
            d += len(shape) - used
        elif one is not None:
            if one.__class__ is int and not -shape[d] <= one < shape[d]:
                return IndexError(
                    f"index {one} is out of bounds for dimension {d} with size {shape[d]}"
                )
            d += 1
    return IndexError(f"an index can only have a single ellipsis, got {spec}")


@as_one("SelectBackward0")
def select(input: Any, dim: int, index: int) -> Any:
    """The slice at ``index`` along ``dim``, without that axis; a view."""
    shape = input.array.shape
    if not shape:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    dim, index = wrap_dim(dim, len(shape)), operator.index(index)
    if not -shape[dim] <= index < shape[dim]:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(shape)} at dimension "
            f"{dim}"
        )
    return slice_p(input, index=(*((None, None, None),) * dim, index))


def slice_along(input: Any, dim: int, start: int, stop: int, step: int | None = None) -> Any:
    """``input[..., start:stop, ...]`` along ``dim``, which counts from the front."""
    return slice_p(input, index=(*((None, None, None),) * dim, (start, stop, step)))


def narrow(input: Any, dim: int, start: Any, length: int) -> Any:
    """The ``length`` slices from ``start`` on along ``dim``; a view.

    >>> import minitorch_dl as torch
    >>> torch.narrow(torch.arange(5), 0, 1, 3)
    tensor([1, 2, 3])
    """
    shape = input.array.shape
    if not shape:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if isinstance(start, TensorBase) and (start.array.ndim or start.array.dtype.kind not in "iu"):
        raise RuntimeError(
            f"start must be an 0-dim integral Tensor. narrow() got {describe_one(start.array)}"
        )
    dim, first = wrap_dim(dim, len(shape)), operator.index(start)
    size = shape[dim]
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if not -size <= first <= size:
        raise IndexError(
            f"start out of range (expected to be in range of [-{size}, {size}], but got {first})"
        )
    first = first + size if first < 0 else first
    if first + length > size:
        raise RuntimeError(f"start ({first}) + length ({length}) exceeds dimension size ({size}).")
    return slice_along(input, dim, first, first + length)
