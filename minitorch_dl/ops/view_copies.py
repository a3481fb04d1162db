"""Copying twins of the functions that return views, such as ``permute_copy``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.engine_ops import alias
from ..autograd.inplace import overwrite
from ..autograd.node_names import as_one, named
from ..autograd.primitive import TensorBase, write_out
from . import complex_numbers, diagonals, layout, rearranging, shape, slicing, splitting
from .dims import wrap_dim
from .movement import clone
from .slicing import slice_p

__all__ = [
    "alias_copy", "as_strided_copy", "detach_copy", "diagonal_copy",
    "expand_copy", "fill", "narrow_copy", "permute_copy", "select_copy", "slice_copy",
    "split_copy", "split_with_sizes_copy", "squeeze_copy", "t_copy", "transpose_copy",
    "unbind_copy", "unfold_copy", "unsafe_chunk", "unsafe_split", "unsafe_split_with_sizes",
    "unsqueeze_copy", "view_as_complex_copy", "view_as_real_copy", "view_copy",
]  # fmt: skip


def _copying(name: str, view: Callable[..., Any]) -> Any:
    """``view``, with copies for its results; given several tensors as ``out``, it returns None."""

    def function(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        y = view(*args, **kwargs)
        y = tuple([_copied(part) for part in y]) if isinstance(y, tuple) else _copied(y)
        if out is None:
            return y
        written = write_out(name, out, y, exact=True)
        return None if isinstance(y, tuple) else written

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"``{view.__name__}``, but a copy instead of a view."
    return function


def _copied(part: Any) -> Any:
    y = clone(part)
    return y if y._node is None else named(y, f"{part._node.name()}_copy")


def _slice_along(
    input: Any, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Any:
    dim = wrap_dim(dim, input.array.ndim)
    return slice_p(input, index=(*((None, None, None),) * dim, (start, end, step)))


alias_copy, detach_copy = (
    _copying("alias_copy", alias),
    _copying("detach_copy", lambda input: input.detach()),
)
as_strided_copy = _copying("as_strided_copy", layout.as_strided)
diagonal_copy = _copying("diagonal_copy", diagonals.diagonal)
expand_copy = _copying("expand_copy", shape.expand)
narrow_copy = as_one("NarrowCopyBackward0")(_copying("narrow_copy", slicing.narrow))
permute_copy = _copying("permute_copy", shape.permute)
select_copy = _copying("select_copy", slicing.select)
slice_copy = _copying("slice_copy", _slice_along)
split_copy = _copying("split_copy", splitting.split)
unsafe_split = as_one("UnsafeSplitBackward0")(_copying("unsafe_split", splitting.split))
split_with_sizes_copy = _copying("split_with_sizes_copy", splitting.split_with_sizes)
unsafe_split_with_sizes = as_one("UnsafeSplitWithSizesBackward0")(
    _copying("unsafe_split_with_sizes", splitting.split_with_sizes)
)
unsafe_chunk = as_one("UnsafeSplitBackward0")(_copying("unsafe_chunk", splitting.chunk))
squeeze_copy = _copying("squeeze_copy", shape.squeeze)
t_copy, transpose_copy = (
    _copying("t_copy", shape.t),
    _copying("transpose_copy", shape.transpose),
)
unbind_copy = _copying("unbind_copy", splitting.unbind)
unfold_copy = _copying("unfold_copy", rearranging.unfold)
unsqueeze_copy = _copying("unsqueeze_copy", shape.unsqueeze)
view_as_complex_copy = _copying("view_as_complex_copy", complex_numbers.view_as_complex)
view_as_real_copy = _copying("view_as_real_copy", complex_numbers.view_as_real)
view_copy = _copying("view_copy", shape.view)


def fill(input: Any, value: Any) -> Any:
    """A tensor like ``input`` with every element ``value``, a number or a 0-d tensor."""
    if isinstance(value, TensorBase) and value.array.ndim:
        raise RuntimeError(
            "fill only supports 0-dimension value tensor but got tensor with "
            f"{value.array.ndim} dimensions."
        )
    y = overwrite(input, value)
    return named(y, f"FillBackward{int(isinstance(value, TensorBase))}")
