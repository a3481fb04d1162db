"""``make_tensor``: random tensors for tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..backend import device as Device
from ..backend import dtypes
from ..ops import finfo, iinfo, rand, randint, stack, view_as_complex
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
    """A tensor of values drawn uniformly from [low, high).

    Args:
        low, high: by default [0, 2) for bool, [0, 10) for unsigned and [-9, 10) for signed
            integers, [-9, 9) for floats; clamped to what the dtype can hold.
        noncontiguous: let the elements lie apart in memory; needs two elements or more.
        exclude_zero: put 1, or a float's smallest normal number, in place of zeros.

    Raises:
        ValueError: ``low >= high``, a bound is NaN, an integer is to require a gradient, or both
            ``noncontiguous`` and ``memory_format`` are given.

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
            "make_tensor(): noncontiguous and memory_format are mutually exclusive, "
            f"but got noncontiguous=True and memory_format={memory_format}"
        )
    if dtype.is_complex:
        pairs = make_tensor(
            (*sizes, 2), dtype=dtype.to_real(), device=device, low=low, high=high,
            exclude_zero=exclude_zero,
        )  # fmt: skip
        z = view_as_complex(pairs)
        if noncontiguous and math.prod(sizes) > 1:
            z = stack([z, z], -1)[..., 1]
        return z.requires_grad_(requires_grad)
    if requires_grad and not dtype.is_floating_point:
        raise ValueError(
            f"make_tensor(): requires_grad must be False for integral dtypes, but got {dtype}"
        )
    low, high = _range(dtype, low, high)
    if noncontiguous and math.prod(sizes) > 1:
        sizes = (*sizes, 2)
    if dtype.is_floating_point:
        x = rand(sizes, device=device).mul(high - low).add(low).clamp(low, high).to(dtype)
    else:
        x = randint(math.floor(low), math.ceil(high), sizes, device=device).to(dtype)
    if sizes != shape:
        x = x[..., 1]
    if exclude_zero:
        small = finfo(dtype).tiny if dtype.is_floating_point else 1
        x[x == 0] = small
    return x.requires_grad_(requires_grad)


def _range(dtype: dtypes.dtype, low: float | None, high: float | None) -> tuple[float, float]:
    """The bounds, with defaults for the dtype, checked and clamped."""
    if dtype is dtypes.bool:
        default, smallest, greatest = (0, 2), 0.0, 2.0
    elif dtype.is_floating_point:
        default, smallest, greatest = (-9, 9), finfo(dtype).min, finfo(dtype).max
    else:
        default = (-9, 10) if dtype.is_signed else (0, 10)
        smallest, greatest = iinfo(dtype).min, iinfo(dtype).max
    low = default[0] if low is None else low
    high = default[1] if high is None else high
    if math.isnan(low) or math.isnan(high):
        raise ValueError(f"make_tensor(): low and high must not be NaN, but got {low=} and {high=}")
    if low >= high:
        raise ValueError(f"make_tensor(): low must be less than high, but got {low=} and {high=}")
    return max(low, smallest), min(high, greatest)
