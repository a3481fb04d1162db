"""Tensors of evenly spaced numbers."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from ..autograd.primitive import TensorBase
from ..backend import array_module, backend_for, dtypes
from ..backend.warning import warn
from .creation import made, wanted_dtype

__all__ = ["arange", "linspace", "logspace", "range"]


def _sequence(op: str, array: Any, out: Any, requires_grad: bool, resizes: bool = True) -> Any:
    """``made`` of a row of numbers; an ``out`` of as many elements keeps its shape."""
    if out is not None and out.array.size == array.size:
        array = array.reshape(out.array.shape)
    return made(op, array, out, requires_grad, resizes)


def _number(x: Any) -> Any:
    return (
        x.array.item()
        if isinstance(x, TensorBase)
        else x.item()
        if isinstance(x, np.generic)
        else x
    )


def arange(
    start: Any = None, end: Any = None, step: Any = 1, *, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """The numbers ``start, start + step, ...`` below ``end``: integers if all three are, else
    floats.

    >>> import minitorch_dl as torch
    >>> torch.arange(1, 2.5, 0.5)
    tensor([1.0000, 1.5000, 2.0000])
    """
    if end is None:
        start, end = 0, start
    if end is None:
        raise TypeError("arange() missing 1 required positional argument: 'end'")
    start, end, step = _number(0 if start is None else start), _number(end), _number(step)
    wanted = wanted_dtype("arange", dtype, out, layout)
    if dtype is None and out is None:
        floating = builtins.any(isinstance(x, builtins.float) for x in (start, end, step))
        wanted = wanted if floating else dtypes.int64
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if wanted.is_complex or wanted is dtypes.bool:
        raise NotImplementedError(f"arange(): not implemented for {wanted}")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if (end - start) * step < 0:
        raise RuntimeError(
            f"upper bound and lower bound inconsistent with step sign: arange({start}, {end}, "
            f"{step})"
        )
    if not wanted.is_floating_point and wanted is not dtypes.bool:
        count = math.ceil((end - start) / step)
        start, end, whole = builtins.int(start), builtins.int(end), builtins.int(step)
        if wanted is dtypes.int64:  # the narrower dtypes count before they cut fractions off
            if not whole:
                raise ValueError(f"arange(): step must be nonzero, and is {step} in int64")
            count = builtins.int(-((start - end) // whole))
        step = whole
    else:
        count = math.ceil((end - start) / step)
    array = _steps(start, step, count, wanted, device)
    return _sequence("arange", array, out, requires_grad, resizes=False)


def _steps(start: Any, step: Any, count: int, wanted: dtypes.dtype, device: Any) -> Any:
    """``start, start + step, ...``: ``count`` numbers."""
    backend, where = backend_for(device)
    with backend.select(where):
        xp = backend.xp
        if wanted is dtypes.int64 and (end := start + count * step) < 2**63:
            return xp.arange(start, end, step, wanted.numpy)
        steps = xp.arange(count, dtype=xp.float64 if wanted.is_floating_point else xp.int64)
        return (steps * step + start).astype(wanted.numpy)


def range(
    start: Any = 0, end: Any = None, step: Any = 1, *, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """Like ``arange``, of the default dtype and with ``end`` included; kept for old programs."""
    warn(
        "torch.range is deprecated and will be removed in a future release because its behavior "
        "is inconsistent with Python's range builtin. Instead, use torch.arange, which produces "
        "values in [start, end).",
    )
    if end is None:
        raise TypeError("range() missing 1 required argument: 'end'")
    start, end, step = _number(start), _number(end), _number(step)
    wanted = wanted_dtype("range", dtype, out, layout)
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if (end - start) * step < 0:
        raise RuntimeError(
            "upper bound and lower bound inconsistent with step sign: range("
            f"{start}, {end}, {step})"
        )
    count = math.floor((end - start) / step) + 1
    return _sequence("range", _steps(start, step, count, wanted, device), out, requires_grad)


def linspace(
    start: Any, end: Any, steps: int, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """``steps`` evenly spaced numbers from ``start`` to ``end``, both included.

    >>> import minitorch_dl as torch
    >>> torch.linspace(0, 1, 5)
    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    if isinstance(steps, builtins.float):
        raise TypeError(f"linspace(): steps must be int, not {steps!r}")
    start, end = _ends("linspace", start=start, end=end)
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    wanted = _spaced_dtype("linspace", (start, end), dtype, out, layout)
    if wanted is dtypes.bool and steps > 1:
        raise NotImplementedError("linspace(): not implemented for torch.bool")
    if wanted.kind == dtypes.INTEGER:
        start, end = builtins.int(start), builtins.int(end)
    backend, where = backend_for(device)
    with backend.select(where):
        array = evenly_spaced(backend.xp, start, end, steps, wanted)
    return _sequence("linspace", array, out, requires_grad)


def evenly_spaced(xp: Any, start: Any, end: Any, steps: int, dtype: dtypes.dtype) -> Any:
    """``steps`` numbers from ``start`` to ``end``, with a step of the dtype and each rounded once:
    PyTorch's to the bit, but for halves, where a processor fuses multiplication and addition."""
    if steps == 1:
        return xp.full(1, start).astype(dtype.numpy)
    step = (end - start) / (steps - 1)
    if dtype.is_floating_point:
        rounded = dtype.numpy.type
        with np.errstate(over="ignore", invalid="ignore"):
            low, high = rounded(start), rounded(end)
            own_step = builtins.float((high - low) / rounded(steps - 1))
        start, end = builtins.float(low), builtins.float(high)
        step = own_step if math.isfinite(own_step) else step
    i = xp.arange(steps, dtype=np.longdouble if xp is np else xp.float64)
    # From the nearer end, so that both ends are exact.
    numbers = xp.where(i < steps // 2, start + step * i, end - step * (steps - 1 - i))
    if not dtype.is_complex:
        numbers = numbers.astype(xp.float64)
    return numbers.astype(dtype.numpy)


def _ends(op: str, **ends: Any) -> list[Any]:
    """The numbers that are given, some of them as tensors."""
    for name, x in ends.items():
        if isinstance(x, TensorBase) and x.array.ndim:
            raise RuntimeError(
                f"{op} only supports 0-dimensional start and end tensors, but got {name} with "
                f"{x.array.ndim} dimension(s)"
            )
    return [_number(x) for x in ends.values()]


def _spaced_dtype(op: str, ends: Any, dtype: Any, out: Any, layout: Any) -> dtypes.dtype:
    wanted = wanted_dtype(op, dtype, out, layout)
    if not builtins.any(isinstance(x, complex) for x in ends) or wanted.is_complex:
        return wanted
    if dtype is not None:
        raise RuntimeError(
            f"torch.{op}(): inferred dtype complex can't be safely cast to passed dtype {wanted}"
        )
    return wanted.to_complex()


def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Any:  # fmt: skip
    """``base`` to the powers ``linspace(start, end, steps)``."""
    start, end = _ends("logspace", start=start, end=end)
    wanted = _spaced_dtype("logspace", (start, end, base), dtype, out, layout)
    if wanted.kind == dtypes.INTEGER:
        start, end = builtins.int(start), builtins.int(end)
    precise = dtypes.complex128 if wanted.is_complex else dtypes.float64
    exponents = linspace(start, end, steps, dtype=precise, device=device).array
    powers = array_module(exponents).power(base + 0.0, exponents)
    return _sequence("logspace", powers.astype(wanted.numpy), out, requires_grad)
