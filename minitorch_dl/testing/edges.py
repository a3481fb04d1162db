"""Checks of a function at the edges: special shapes, float32, NaN and infinities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd import grad
from ..autograd.gradcheck import differentiable
from ..backend import dtypes
from ..ops import view_as_real
from ..tensor import Tensor
from .call_check import plain, tensors_of
from .derivative_check import for_gradients, is_inexact
from .findings import TYPED_ERRORS, CheckFailure, Options


def check_edges(fn: Callable[..., Any], args: Sequence[Any], options: Options) -> None:
    """0-d and empty inputs, float32, NaN and infinities: each either works or is refused with an
    ordinary exception, and a NaN that matters is not lost.

    Raises:
        CheckFailure: a check failed.
    """
    shaped = {
        "0-d inputs": lambda x: x.detach().reshape(-1)[0].clone() if x.numel() else x,
        "empty inputs": lambda x: x.detach()[:0].clone() if x.ndim else x,
    }
    for check, change in shaped.items():
        outputs, inputs = _attempt(fn, args, change, check)
        for y in outputs:
            if y.requires_grad:
                for x, g in zip(inputs, _gradients(y, inputs, check, args)):
                    if g is not None and g.shape != x.shape:
                        text = f"a gradient of shape {tuple(g.shape)} for {tuple(x.shape)}"
                        raise CheckFailure(check, text, args)
    outputs, inputs = _attempt(fn, args, _narrow, "float32")
    for y in outputs:
        if y.requires_grad:
            for x, g in zip(inputs, _gradients(y, inputs, "float32", args)):
                if g is not None and g.dtype is not x.dtype:
                    text = f"a gradient of {g.dtype} for an input of {x.dtype}"
                    raise CheckFailure("dtype kept", text, args)
    for value in (np.nan, np.inf, -np.inf):
        _check_special_value(fn, args, options, float(value))


def _attempt(
    fn: Callable[..., Any], args: Sequence[Any], change: Callable[[Any], Any], check: str
) -> tuple[list[Tensor], list[Tensor]]:
    """The outputs and float inputs of the call with changed inputs; none where it is refused."""
    changed = []
    for x in args:
        if is_inexact(x):
            x = change(x).requires_grad_()
        changed.append(x)
    try:
        outputs = tensors_of(fn(*changed))
    except TYPED_ERRORS:
        return [], []
    except Exception as error:
        text = f"raised {type(error).__name__}: {error}"
        raise CheckFailure(check, text, args) from error
    return outputs, [x for x in changed if isinstance(x, Tensor) and x.requires_grad]


def _narrow(x: Tensor) -> Tensor:
    return x.detach().to(dtypes.complex64 if x.is_complex() else dtypes.float32).clone()


def _total(y: Tensor) -> Tensor:
    """The sum of all floats; a complex number is two."""
    return view_as_real(y.resolve_conj()).sum() if y.is_complex() else y.sum()


def _gradients(y: Tensor, inputs: list[Tensor], check: str, args: Sequence[Any]) -> Any:
    try:
        return grad(_total(y), inputs, allow_unused=True, retain_graph=True)
    except Exception as error:
        text = f"the call works, but its backward raised {type(error).__name__}: {error}"
        raise CheckFailure(check, text, args) from error


def _check_special_value(
    fn: Callable[..., Any], args: Sequence[Any], options: Options, value: float
) -> None:
    """Put NaN or an infinity into the first element of each input in turn."""
    floats = [i for i, x in enumerate(args) if is_inexact(x)]
    for i in floats:
        if not args[i].numel():
            continue
        leaves = [for_gradients(x) for x in args]
        live = differentiable(fn(*leaves))
        if not live:
            return
        total = sum((_total(y) for y in live[1:]), _total(live[0]))
        (slope,) = grad(total, [leaves[i]], allow_unused=True)
        changed = args[i].detach().clone()
        changed[(0,) * changed.ndim] = value
        given = [*args[:i], changed, *args[i + 1 :]]
        try:
            outputs = tensors_of(fn(*given))
        except TYPED_ERRORS:
            continue
        except Exception as error:
            text = f"{value} in argument {i} raised {type(error).__name__}: {error}"
            raise CheckFailure("NaN and inf", text, args) from error
        depends = slope is not None and float(plain(slope).reshape(-1)[0]) != 0
        lost = all(np.isfinite(plain(y)).all() for y in outputs if is_inexact(y))
        if np.isnan(value) and depends and lost and not options.ignores_nan:
            text = (
                f"NaN in argument {i} gives a finite result, although the result depends on that "
                "element; say ignores_nan=True if that is meant"
            )
            raise CheckFailure("NaN and inf", text, args)
