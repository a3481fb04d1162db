"""Moving tensors between devices and dtypes, and copying them."""

from __future__ import annotations

from typing import Any

from ..autograd.engine_ops import cast
from ..autograd.primitive import primitive
from ..backend import device_of, dtypes, move
from ..backend.layouts import check_format, contiguous_format
from ..backend.row_major import row_major_copy
from ..backend.warning import warn_once
from .shape import contiguous

__all__ = ["clone"]


@primitive(complex=True)
def transfer(xp: Any, a: Any, *, device: str) -> Any:
    """The same values on another device."""
    return move(a, device)


def _back(g: Any, a: Any, device: str) -> Any:
    return transfer(g, device=str(device_of(a if not hasattr(a, "array") else a.array)))


transfer.defvjp(a=_back)


@primitive(complex=True)
def clone_p(xp: Any, a: Any) -> Any:
    return row_major_copy(a)


clone_p.defvjp(a=lambda g: g)


def clone(input: Any, *, memory_format: Any = None) -> Any:
    """A copy of ``input`` that is part of the graph."""
    if memory_format is not None:
        check_format(memory_format, input.array.ndim)
    return clone_p(input)


def warn_of_lost_parts(have: Any, wanted: Any) -> None:
    """Say so where numbers of the dtype ``have`` lose their imaginary part in ``wanted``."""
    if have.kind == "c" and wanted.kind not in "cb":
        warn_once("Casting complex values to real discards the imaginary part")


def to(
    x: Any, dtype: Any = None, device: Any = None, copy: bool = False, memory_format: Any = None
) -> Any:
    """``x`` with this dtype on this device, differentiably; ``x`` itself when nothing changes."""
    y = x
    if dtype is not None:
        wanted = dtypes.as_dtype(dtype)
        if x.array.dtype != wanted.numpy:
            warn_of_lost_parts(x.array.dtype, wanted.numpy)
            y = cast(y, dtype=wanted.name)
    if device is not None and move(y.array, device) is not y.array:
        y = transfer(y, device=str(device))
    if y is x and copy:
        y = cast(x, dtype=dtypes.from_numpy(x.array.dtype).name)
    if memory_format is not None:
        check_format(memory_format, x.array.ndim)
        if memory_format is contiguous_format and y is not x:
            y = contiguous(y)
    return y
