"""Launches of ``updates.cu``; the twins are in ``optim/adam.py`` and ``optim/sgd.py``."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .launching import REALS, Kernel, Sample, launch_each

TENSORS = 128
"""Parameters of one launch: what a kernel's arguments have room for."""

_TENSORS = np.dtype([
    ("param", np.uint64, TENSORS), ("grad", np.uint64, TENSORS), ("start", np.int64, TENSORS + 1),
    ("count", np.int32), ("maximize", np.int32),
])  # fmt: skip


class UpdateKernel(Kernel):
    """One step for many parameters: called with lists of parameters and gradients, the flat moments
    of all, where each parameter's begin and the last's end, whether to ascend, and coefficients.

    The twin is called for one parameter after the other.
    """

    def twin(self, update: Callable[..., Any]) -> Callable[..., Any]:
        def each(
            xp: Any,
            params: Any,
            grads: Any,
            moments: Any,
            starts: Any,
            maximize: bool,
            **given: Any,
        ) -> bool:
            for i, (param, grad) in enumerate(zip(params, grads)):
                work = [xp.empty(param.size, param.dtype) for _ in range(3)]
                part = [m[starts[i] : starts[i + 1]] for m in moments]
                g = -grad.reshape(-1) if maximize else grad.reshape(-1)
                update(xp, param.reshape(-1), g, work, *part, **given)
            return True

        super().twin(functools.wraps(update)(each))
        update.gpu_kernel = self  # type: ignore[attr-defined]
        return update


def _step(
    xp: Any, name: str, params: Any, grads: Any, moments: Any, starts: Sequence[int],
    maximize: bool, rest: Sequence[Any],
) -> Any:  # fmt: skip
    dtype = params[0].dtype
    if dtype.name not in REALS or not all(
        a.dtype == dtype and a.flags.c_contiguous for a in (*params, *grads)
    ):
        return None
    for first in range(0, len(params), TENSORS):
        last = min(first + TENSORS, len(params))
        n = last - first
        tensors = np.zeros(1, _TENSORS)
        tensors["param"][0, :n] = [p.data.ptr for p in params[first:last]]
        tensors["grad"][0, :n] = [g.data.ptr for g in grads[first:last]]
        tensors["start"][0, : n + 1] = starts[first : last + 1]
        tensors["count"], tensors["maximize"] = n, maximize
        size = starts[last] - starts[first]
        if size:
            launch_each(xp, "updates", name, dtype, size, (tensors, *moments, *rest))
    return True


def _on_device(value: Any) -> bool:
    return hasattr(value, "dtype") and not isinstance(value, np.generic)


def _adam(
    xp: Any, params: Any, grads: Any, moments: Any, starts: Any, maximize: bool, *, lr: Any,
    betas: Any, eps: float, weight_decay: float, decoupled: bool, step: Any,
) -> Any:  # fmt: skip
    on_device = _on_device(step)
    beta1, beta2 = betas
    c1, c2 = (1.0, 1.0) if on_device else (1 - beta1**step, (1 - beta2**step) ** 0.5)
    rate = lr if _on_device(lr) else None
    if any(_on_device(a) and a.dtype != np.float32 for a in (step, lr)):
        return None
    coefficients = (0.0 if rate is not None else lr, beta1, beta2, eps, weight_decay)
    rest = (
        *map(np.float64, coefficients), np.int32(decoupled), np.float64(c1), np.float64(c2), rate,
        step if on_device else None,
    )  # fmt: skip
    three = (*moments, None) if len(moments) == 2 else tuple(moments)
    return _step(xp, "adam", params, grads, three, starts, maximize, rest)


def _sgd(
    xp: Any, params: Any, grads: Any, moments: Any, starts: Any, maximize: bool, *, lr: Any,
    momentum: float, dampening: float, weight_decay: float, nesterov: bool,
) -> Any:  # fmt: skip
    rate = lr if _on_device(lr) else None
    if rate is not None and rate.dtype != np.float32:
        return None
    coefficients = (0.0 if rate is not None else lr, momentum, dampening, weight_decay)
    rest = (*map(np.float64, coefficients), np.int32(nesterov), rate)
    one = tuple(moments) or (None,)
    return _step(xp, "sgd", params, grads, one, starts, maximize, rest)


_SIZES = ((3, 4), (1,), (70,))


def _given(random: np.random.Generator, dtype: str, moments: int) -> Any:
    params, grads = ([random.normal(size=s).astype(dtype) for s in _SIZES] for _ in range(2))
    flat = [random.random(83).astype(dtype) for _ in range(moments)]
    return params, grads, flat, [0, 12, 13, 83]


def _adam_samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
    for moments, decoupled, maximize in ((2, False, False), (3, True, True)):
        params = {
            "lr": 0.01, "betas": (0.9, 0.99), "eps": 1e-6, "weight_decay": 0.1,
            "decoupled": decoupled, "step": 3.0,
        }  # fmt: skip
        yield (*_given(random, dtype, moments), maximize), params


def _sgd_samples(random: np.random.Generator, dtype: str) -> Iterator[Sample]:
    for moments, nesterov, maximize in ((0, False, True), (1, False, False), (1, True, False)):
        params = {
            "lr": 0.01, "momentum": 0.9 * moments, "dampening": 0.0 if nesterov else 0.1,
            "weight_decay": 0.1, "nesterov": nesterov,
        }  # fmt: skip
        yield (*_given(random, dtype, moments), maximize), params


adam = UpdateKernel("adam", _adam, _adam_samples)
sgd = UpdateKernel("sgd", _sgd, _sgd_samples)
