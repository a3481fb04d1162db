"""A copy with one of its views overwritten: ``slice_scatter`` and related ops."""

from __future__ import annotations

from typing import Any

from ..autograd.inplace import view_scatter
from ..autograd.node_names import as_one
from ..autograd.primitive import PRIMITIVES, write_out
from ..backend import array_module
from .diagonals import two_dims
from .dims import wrap_dim
from .layout import as_strided
from .movement import clone

__all__ = ["as_strided_scatter", "diagonal_scatter", "select_scatter", "slice_scatter"]


def _with_part(op: str, input: Any, src: Any, view: str, params: dict[str, Any]) -> Any:
    """A copy of ``input`` with ``src`` as the part that ``view(input, **params)`` shows."""
    part = PRIMITIVES[view].kernel(array_module(input.array), input.array, **params)
    if src.array.shape != part.shape:
        raise RuntimeError(
            f"{op}(): expected src to have a size equal to the slice of self. src size = "
            f"{list(src.array.shape)}, slice size = {list(part.shape)}"
        )
    return view_scatter(input, src, view=view, params=params)


@as_one("SliceScatterBackward0")
def slice_scatter(
    input: Any,
    src: Any,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
    *,
    out: Any = None,
) -> Any:
    """A copy of ``input`` with ``src`` in place of ``input[start:end:step]`` along ``dim``.

    >>> import minitorch_dl as torch
    >>> torch.slice_scatter(torch.zeros(4), torch.tensor([1.0, 2.0]), start=1, end=3)
    tensor([0., 1., 2., 0.])
    """
    index = (*((None, None, None),) * wrap_dim(dim, input.array.ndim), (start, end, step))
    y = _with_part("slice_scatter", input, src, "slice", {"index": index})
    return y if out is None else write_out("slice_scatter", out, y, exact=True)


@as_one("SelectScatterBackward0")
def select_scatter(input: Any, src: Any, dim: int, index: int) -> Any:
    """A copy of ``input`` with ``src`` in place of its slice at ``index`` along ``dim``."""
    have = input.array.shape
    dim = wrap_dim(dim, len(have))
    if not -have[dim] <= index < have[dim]:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(have)} at dimension "
            f"{dim}"
        )
    at = (*((None, None, None),) * dim, index)
    return _with_part("select_scatter", input, src, "slice", {"index": at})


@as_one("DiagonalScatterBackward0")
def diagonal_scatter(input: Any, src: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """A copy of ``input`` with ``src`` in place of a diagonal."""
    first, second = two_dims(dim1, dim2, input.array.ndim)
    params = {"offset": offset, "dim1": first, "dim2": second}
    return _with_part("diagonal_scatter", input, src, "diagonal", params)


@as_one("AsStridedScatterBackward0")
def as_strided_scatter(
    input: Any, src: Any, size: Any, stride: Any, storage_offset: int | None = None
) -> Any:
    """A copy of ``input`` with ``src`` in place of ``as_strided(input, size, stride, ...)``."""
    y = clone(input.contiguous())
    offset = storage_offset or 0
    as_strided(y, size, stride, offset)  # checks the arguments
    params = {"size": tuple(size), "stride": tuple(stride), "offset": offset}
    return _with_part("as_strided_scatter", y, src, "as_strided", params)
