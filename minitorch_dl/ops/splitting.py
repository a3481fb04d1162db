"""Splitting a tensor."""

from __future__ import annotations

import itertools
import operator
from typing import Any

import numpy as np

from ..autograd.node_names import as_one
from ..autograd.primitive import TensorBase, primitive
from ..backend import describe_one
from .dims import also_named, wrap_dim
from .joining import cat_p, stack_p
from .slicing import slice_along

__all__ = [
    "chunk", "dsplit", "hsplit", "split", "split_with_sizes", "tensor_split", "unbind", "vsplit",
]  # fmt: skip


@primitive(outputs=("many",), view=True)
def split_p(xp: Any, a: Any, *, sizes: tuple[int, ...], dim: int) -> Any:
    before = (slice(None),) * dim
    ends = list(itertools.accumulate(sizes))
    return tuple([a[(*before, slice(end - n, end))] for n, end in zip(sizes, ends)])


@split_p.defvjp_joint
def _split_gradients(g: Any, sizes: Any, dim: int) -> Any:
    return (cat_p(*g, dim=dim),)


@primitive(outputs=("many",), view=True)
def unbind_p(xp: Any, a: Any, *, dim: int) -> Any:
    before = (slice(None),) * dim
    return tuple([a[(*before, i, ...)] for i in range(a.shape[dim])])


@unbind_p.defvjp_joint
def _unbind_gradients(g: Any, dim: int) -> Any:
    return (stack_p(*g, dim=dim),)


def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """The slices along ``dim``, as views without that axis.

    >>> import minitorch_dl as torch
    >>> torch.unbind(torch.tensor([[1, 2], [3, 4]]))
    (tensor([1, 2]), tensor([3, 4]))
    """
    shape = input.array.shape
    if not shape:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    dim = wrap_dim(dim, len(shape))
    return unbind_p(input, dim=dim) if shape[dim] else ()


@as_one("SplitWithSizesBackward0")
def split_with_sizes(input: Any, split_sizes: Any, dim: int = 0) -> tuple[Any, ...]:
    """Consecutive parts of ``input`` along ``dim`` with the given sizes, as views."""
    if not input.array.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    dim = wrap_dim(dim, input.array.ndim)
    n = input.array.shape[dim]
    wanted = tuple(map(operator.index, split_sizes))
    if sum(wanted) != n or any(s < 0 for s in wanted):
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {n} (input tensor's size at "
            f"dimension {dim}), but got split_sizes={list(wanted)}"
        )
    return split_p(input, sizes=wanted, dim=dim)


def split(tensor: Any, split_size_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """Consecutive parts along ``dim``, as views: of a given size (the last may be smaller), or of
    a list of sizes.

    >>> import minitorch_dl as torch
    >>> torch.arange(5).split(2)
    (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    if isinstance(split_size_or_sections, (tuple, list)):
        return split_with_sizes(tensor, split_size_or_sections, dim)
    if not tensor.array.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    dim = wrap_dim(dim, tensor.array.ndim)
    n, size = tensor.array.shape[dim], operator.index(split_size_or_sections)
    if size < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
    if size == 0 and n:
        raise RuntimeError(
            f"split_size can only be 0 if dimension size is 0, but got dimension size of {n}"
        )
    whole = n // size if size else 0
    parts = (size,) * whole + ((n - whole * size,) if not whole or n % size else ())
    return split_p(tensor, sizes=parts, dim=dim)


def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """At most ``chunks`` parts of equal size (the last may be smaller) along ``dim``, as views.

    >>> import minitorch_dl as torch
    >>> torch.chunk(torch.arange(5), 2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    """
    if not input.array.ndim:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    n = input.array.shape[wrap_dim(dim, input.array.ndim)]
    size = -(-n // chunks)
    return split(input, size, dim) if size else split_with_sizes(input, (0,) * chunks, dim)


@also_named(
    axis="dim",
    sections="indices_or_sections",
    indices="indices_or_sections",
    tensor_indices_or_sections="indices_or_sections",
)
@as_one("SliceBackward0")
def tensor_split(input: Any, indices_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """Parts along ``dim``, as views: so many of nearly equal size, or cut before the given
    indices.
    """
    shape = input.array.shape
    if not shape:
        raise RuntimeError(
            "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims"
        )
    dim = wrap_dim(dim, len(shape))
    n = shape[dim]
    if isinstance(indices_or_sections, TensorBase):
        given = indices_or_sections.array
        if given.dtype != np.int64 or given.ndim > 1:
            raise RuntimeError(
                "tensor_split expected tensor_indices_or_sections to have dtype of long and at "
                f"most one dimension, but got {describe_one(given)}"
            )
        indices_or_sections = given.tolist()
    if isinstance(indices_or_sections, (tuple, list)):
        cuts: list[Any] = [0, *map(operator.index, indices_or_sections), None]
        return tuple(
            [slice_along(input, dim, start, stop) for start, stop in itertools.pairwise(cuts)]
        )
    sections = operator.index(indices_or_sections)
    if sections <= 0:
        raise RuntimeError(f"number of sections must be larger than 0, got {sections}")
    small, larger = divmod(n, sections)
    sizes = (small + 1,) * larger + (small,) * (sections - larger)
    ends = itertools.accumulate(sizes, initial=0)
    return tuple([slice_along(input, dim, *bounds) for bounds in itertools.pairwise(ends)])


def _even_split(
    op: str, input: Any, indices_or_sections: Any, dim: int, least: int
) -> tuple[Any, ...]:
    if input.array.ndim < least:
        raise RuntimeError(
            f"torch.{op} requires a tensor with at least {least} dimension, but "
            f"got a tensor with {input.array.ndim} dimensions!"
        )
    if isinstance(indices_or_sections, str):
        raise TypeError(
            f"{op}() received an invalid combination of arguments. Expected a number of parts or "
            f"indices, got {indices_or_sections!r}"
        )
    n = input.array.shape[dim]
    if isinstance(indices_or_sections, int) and (
        indices_or_sections <= 0 or n % indices_or_sections
    ):
        raise RuntimeError(
            f"torch.{op} attempted to split along dimension {dim}, but the size of the dimension "
            f"{n} is not divisible by the split_size {indices_or_sections}!"
        )
    return tensor_split(input, indices_or_sections, dim)


def hsplit(input: Any, indices_or_sections: Any, *more: int) -> tuple[Any, ...]:
    """``tensor_split`` along axis 1 (of a vector: axis 0) into equal parts or at indices."""
    return _even_split(
        "hsplit",
        input,
        (indices_or_sections, *more) if more else indices_or_sections,
        0 if input.array.ndim == 1 else 1,
        1,
    )


def vsplit(input: Any, indices_or_sections: Any, *more: int) -> tuple[Any, ...]:
    """``tensor_split`` along axis 0 into equal parts or at indices."""
    return _even_split(
        "vsplit", input, (indices_or_sections, *more) if more else indices_or_sections, 0, 2
    )


def dsplit(input: Any, indices_or_sections: Any, *more: int) -> tuple[Any, ...]:
    """``tensor_split`` along axis 2 into equal parts or at indices."""
    return _even_split(
        "dsplit", input, (indices_or_sections, *more) if more else indices_or_sections, 2, 3
    )
