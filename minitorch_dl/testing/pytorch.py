"""A function's values and derivatives, computed alike by this library and by PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd import grad
from ..autograd.gradcheck import as_tuple
from ..backend import dtypes, to_host
from ..ops import from_numpy, view_as_real
from ..tensor import Tensor


def derivatives(
    fn: Callable[..., Any], args: Sequence[Any], order: int, torch: Any = None
) -> list[list[Any]]:
    """The outputs, the gradients of their weighted sum, the gradients of theirs, up to ``order``.

    ``torch`` is PyTorch for a function of its tensors, None for one of ours; ``args`` are ours.
    """
    make = from_numpy if torch is None else torch.from_numpy
    complex128 = (torch or dtypes).complex128
    pairs = view_as_real if torch is None else torch.view_as_real
    differentiate = grad if torch is None else torch.autograd.grad
    inputs: list[Any] = []

    def given(x: Any) -> Any:
        if not isinstance(x, Tensor):
            return x
        t = make(np.array(to_host(x.array)))
        if x.dtype.is_floating_point:
            t = t.double().requires_grad_()
            inputs.append(t)
        elif x.is_complex():
            t = t.to(complex128).requires_grad_()
            inputs.append(t)
        return t

    def weighted(y: Any) -> Any:
        floats = pairs(y.resolve_conj()) if y.is_complex() else y
        return (floats * make(_weights(tuple(floats.shape)))).sum()

    outputs = [y for y in as_tuple(fn(*map(given, args))) if hasattr(y, "requires_grad")]
    results = [outputs]
    live = [y for y in outputs if y.requires_grad]
    for _ in range(order):
        if not live:
            break
        sums = [weighted(y) for y in live]
        found = differentiate(sum(sums[1:], sums[0]), inputs, create_graph=True, allow_unused=True)
        zeros = (make(np.zeros(tuple(x.shape))) for x in inputs)
        results.append([zero if g is None else g for g, zero in zip(found, zeros)])
        live = [g for g in found if g is not None and g.requires_grad]
    return results


def _weights(shape: tuple[int, ...]) -> np.ndarray:
    """Fixed weights that differ, so that no two elements can stand in for each other."""
    return np.asarray(np.random.default_rng(0).uniform(0.5, 1.5, shape))
