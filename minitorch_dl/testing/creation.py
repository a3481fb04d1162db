"""``make_tensor``: random tensors for tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..backend import device as Device, dtypes
from ..backend.warning import warn
from ..ops import empty, finfo, iinfo, randint, view_as_real
from ..tensor import Tensor


def make_tensor(
    *shape: int | Sequence[int],
    dtype: dtypes.dtype,
    device: str | Device,
    low: float | None = None,
    high: float | None = None,
    requires_grad: bool = False,
    noncontiguous: bool = False,
    exclude_zero: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """A tensor of values drawn uniformly from [low, high), PyTorch's for the same seed.

    Args:
        low, high: by default [0, 2) for bool, [-9, 10) for integers and [-9, 9) for floats, and for
            the parts of complex numbers; clamped to what the dtype can hold.
        noncontiguous: let the elements lie apart in memory; needs two elements or more.
        exclude_zero: put 1, or a float's smallest normal number, in place of zeros.

    Raises:
        ValueError: ``low >= high`` (for floats ``low == high`` only warns), a bound is NaN or not
            of the dtype, an integer is to require a gradient, or both ``noncontiguous`` and
            ``memory_format`` are given.

    >>> import minitorch_dl as torch
    >>> from minitorch_dl.testing import make_tensor
    >>> x = make_tensor((2, 3), dtype=torch.float32, device="cpu", low=-1, high=1)
    >>> x.shape, bool((x.abs() <= 1).all())
    (torch.Size([2, 3]), True)
    """
    if len(shape) == 1 and not isinstance(shape[0], int):
        shape = tuple(shape[0])
    sizes: tuple[int, ...] = shape  # type: ignore[assignment]
    if noncontiguous and memory_format is not None:
        raise ValueError(
            "The parameters `noncontiguous` and `memory_format` are mutually exclusive, "
            f"but got noncontiguous=True and memory_format={memory_format}"
        )
    if requires_grad and not (dtype.is_floating_point or dtype.is_complex):
        raise ValueError(
            "`requires_grad=True` is not supported for boolean and integral dtypes, but got "
            f"{dtype=}"
        )
    apart = noncontiguous and math.prod(sizes) > 1
    if apart:
        sizes = (*sizes[:-1], 2 * sizes[-1])
    low, high = _range(dtype, low, high)
    if dtype.is_floating_point or dtype.is_complex:
        x = empty(sizes, dtype=dtype, device=device)
        _fill_uniform(view_as_real(x) if dtype.is_complex else x, low, high)
    else:
        x = randint(math.ceil(low), math.ceil(high), sizes, dtype=dtype, device=device)
    if apart:
        x = x[..., 1::2]
    elif memory_format is not None:
        x = x.clone(memory_format=memory_format)
    if exclude_zero:
        x[x == 0] = 1 if dtype.kind <= dtypes.INTEGER else finfo(dtype).tiny
    return x.requires_grad_(requires_grad)


def _fill_uniform(x: Tensor, low: float, high: float) -> None:
    """``x ~ U[low, high)``, by halves where the width of the range is no number of the dtype."""
    if high - low >= finfo(x.dtype).max:
        x.uniform_(low / 2, high / 2).mul_(2)
    else:
        x.uniform_(low, high)


def _range(dtype: dtypes.dtype, low: float | None, high: float | None) -> tuple[float, float]:
    """The bounds, with defaults for the dtype, checked and clamped."""
    if dtype is dtypes.bool:
        default, smallest, greatest = (0, 2), 0.0, 2.0
    elif dtype.is_floating_point or dtype.is_complex:
        default, smallest, greatest = (-9, 9), finfo(dtype).min, finfo(dtype).max
    else:
        default, (smallest, greatest) = (-9, 10), (iinfo(dtype).min, iinfo(dtype).max)
        greatest += dtype is not dtypes.int64  # randint() takes no bound past int64
    low = default[0] if low is None else low
    high = default[1] if high is None else high
    if low != low or high != high:  # whole numbers may be too large for isnan()
        raise ValueError(f"`low` and `high` cannot be NaN, but got {low=} and {high=}")
    if low == high and dtype.kind > dtypes.INTEGER:
        warn(
            "Passing `low==high` to `torch.testing.make_tensor` for floating or complex types is "
            "deprecated. Use torch.full(...) instead.",
            FutureWarning,
        )
    elif low >= high:
        raise ValueError(f"`low` must be less than `high`, but got {low} >= {high}")
    elif high < smallest or low >= greatest:
        raise ValueError(
            f"The value interval specified by `low` and `high` is [{low}, {high}), but {dtype} "
            f"only supports [{smallest}, {greatest})"
        )
    return min(max(low, smallest), greatest), min(max(high, smallest), greatest)
