"""Resizing: interpolation to another size, and sampling at positions given by a grid."""

from __future__ import annotations

import math
import operator
from typing import Any

from ..autograd.engine_ops import cast
from ..autograd.errors import require_kind
from ..autograd.node_names import as_one, named
from ..autograd.primitive import primitive
from ..backend import resampling
from ..backend.precision import is_half
from ..backend.warning import warn
from .rounding import floor
from .selection import clamp

__all__: list[str] = []


@primitive
def resample_p(
    xp: Any,
    x: Any,
    *,
    axis: int,
    kind: str,
    size: int,
    out: int,
    scale: float | None,
    align_corners: bool,
    transposed: bool,
) -> Any:
    """``x`` times a sparse matrix along ``axis``, or times its transpose."""
    return resampling.resample(
        xp,
        x,
        axis=axis,
        kind=kind,
        size=size,
        out=out,
        scale=scale,
        align_corners=align_corners,
        transposed=transposed,
    )


resample_p.defvjp(
    x=lambda g, axis, kind, size, out, scale, align_corners, transposed: resample_p(
        g,
        axis=axis,
        kind=kind,
        size=size,
        out=out,
        scale=scale,
        align_corners=align_corners,
        transposed=not transposed,
    )
)


def resample(
    x: Any,
    kind: str,
    size: tuple[int, ...],
    scales: tuple[float | None, ...],
    align_corners: bool = False,
) -> Any:
    """The last axes of ``x`` resampled to ``size``, one after the other: where it grows, the last
    one first, since its elements are gathered one by one, and those of the others by rows."""
    first = x.array.ndim - len(size)
    axes = list(enumerate(zip(size, scales), start=first))
    dtype = x.dtype
    in_bytes = x.array.dtype == "uint8" and not kind.startswith("nearest")
    if in_bytes or math.prod(size) > math.prod(x.array.shape[first:]):
        axes.reverse()  # PyTorch rounds bytes after each axis, in this order
    if x.array.dtype != "uint8":
        require_kind("interpolate", "float", x)
        if is_half(x.array.dtype):  # rounded once, after the last axis
            x = cast(x, dtype="float32")
    for axis, (out, scale) in axes:
        have = x.array.shape[axis]
        if have != out or scale not in (None, 1.0) or kind.endswith("smoothed"):
            x = resample_p(
                cast(x, dtype="float32") if in_bytes else x,
                axis=axis,
                kind=kind + resampling.OF_BYTES if in_bytes else kind,
                size=have,
                out=out,
                scale=scale,
                align_corners=align_corners,
                transposed=False,
            )
            if in_bytes:
                x = cast(clamp(floor(x + 0.5), 0, 255), dtype="uint8")
    return x if x.dtype is dtype else cast(x, dtype=dtype.name)


_MODES = {
    "nearest": ("nearest", (1, 2, 3)),
    "nearest-exact": ("nearest-exact", (1, 2, 3)),
    "area": ("adaptive", (1, 2, 3)),
    "linear": ("linear", (1,)),
    "bilinear": ("linear", (2,)),
    "trilinear": ("linear", (3,)),
    "bicubic": ("cubic", (2,)),
}


@as_one()
def interpolate(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Any:
    """``input`` (N, C, *S) resized, with one to three spatial axes.

    Args:
        size: the output's size, a number or one per spatial axis.
        scale_factor: what to multiply the size by instead, a number or one per spatial axis.
        mode: "nearest", "nearest-exact", "linear" (one axis), "bilinear" and "bicubic" (two),
            "trilinear" (three) or "area" (the average of what falls together).
        align_corners: the corner pixels' centres keep their places, rather than their outer edges.
        recompute_scale_factor: take the scale from the rounded output size.
        antialias: smooth before shrinking ("bilinear" and "bicubic").

    >>> import minitorch_dl as torch
    >>> x = torch.tensor([[[1.0, 2.0]]])
    >>> torch.nn.functional.interpolate(x, scale_factor=2)
    tensor([[[1., 1., 2., 2.]]])
    """
    shape = input.array.shape
    dims = len(shape) - 2
    if mode not in _MODES:
        known = " | ".join(_MODES)
        raise NotImplementedError(f"interpolate: mode must be one of {known}, got {mode!r}")
    kind, allowed = _MODES[mode]
    interpolates = kind in ("linear", "cubic")
    if align_corners is not None and not interpolates:
        raise ValueError(
            "interpolate: align_corners option can only be set with the interpolating modes: "
            f"linear | bilinear | bicubic | trilinear, got mode={mode!r}"
        )
    out, factors = _sizes(shape[2:], size, scale_factor, recompute_scale_factor)
    if dims not in (1, 2, 3):
        raise NotImplementedError(
            "interpolate: Input Error: Only 3D, 4D and 5D input Tensors supported (got "
            f"{len(shape)}D) for the modes: {' | '.join(_MODES)}"
        )
    if dims not in allowed:
        raise NotImplementedError(
            f"interpolate: Got {len(shape)}D input, but {mode} mode needs {allowed[0] + 2}D input"
        )
    if antialias and mode not in ("bilinear", "bicubic"):
        raise ValueError(
            "interpolate: Anti-alias option is restricted to bilinear and bicubic modes and "
            f"requires a 4-D tensor as input, got mode={mode!r}"
        )
    if any(n < 1 for n in (*shape[1:], *out)):
        raise RuntimeError(
            "interpolate: Input and output sizes should be greater than 0, but got input "
            f"{list(shape)} and output size {list(out)}"
        )
    if antialias:
        kind = f"{kind}-smoothed"
    scales = tuple([None if f is None else 1.0 / f for f in factors])
    y = resample(input, kind, out, scales, bool(align_corners))
    if mode == "area":
        return named(y, f"AdaptiveAvgPool{dims}DBackward0" if dims > 1 else "SqueezeBackward1")
    kind = "NearestExact" if mode == "nearest-exact" else mode.capitalize()
    return named(y, f"Upsample{kind}{dims}D{'Aa' if antialias else ''}Backward0")


def _sizes(have: Any, size: Any, scale_factor: Any, recompute: bool | None) -> Any:
    """The output's size, and the scale factors that positions go by (None: those of the sizes)."""
    dims = len(have)
    if (size is None) == (scale_factor is None):
        which = "only one of" if size is not None else "either"
        raise ValueError(f"interpolate: {which} size or scale_factor should be defined")
    if size is not None:
        if recompute:
            raise ValueError(
                "interpolate: recompute_scale_factor is not meaningful with an explicit size."
            )
        return _whole_numbers(_per_axis("size", size, have)), (None,) * dims
    factors = tuple([float(f) for f in _per_axis("scale_factor", scale_factor, have)])
    out = tuple([resampling.output_size(n, f) for n, f in zip(have, factors)])
    return out, (None,) * dims if recompute else factors


def _per_axis(name: str, value: Any, have: Any) -> Any:
    if not isinstance(value, (list, tuple)):
        return (value,) * len(have)
    if len(value) != len(have):
        raise ValueError(
            f"interpolate: Input and {name} must have the same number of spatial dimensions, but "
            f"got input with spatial dimensions of {list(have)} and {name} of {value}"
        )
    return tuple(value)


def _whole_numbers(size: tuple[Any, ...]) -> tuple[int, ...]:
    try:
        return tuple(map(operator.index, size))
    except TypeError:
        raise TypeError(
            "interpolate: expected size to be one of int or Tuple[int] or Tuple[int, int] or "
            f"Tuple[int, int, int], but got size with types {[type(n).__name__ for n in size]}"
        ) from None


def upsample(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Any:
    """``interpolate`` under its older name."""
    return _deprecated("upsample", input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """``interpolate`` with mode "nearest"."""
    return _deprecated("upsample_nearest", input, size, scale_factor, "nearest", None)


def upsample_bilinear(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """``interpolate`` with mode "bilinear" and aligned corners."""
    return _deprecated("upsample_bilinear", input, size, scale_factor, "bilinear", True)


def _deprecated(name: str, *args: Any) -> Any:
    warn(
        f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.",
    )
    return interpolate(*args)
