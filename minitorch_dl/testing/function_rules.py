"""Checks of what a function has besides its gradient: forward mode, and a rule for batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np

from ..autograd import Function
from ..autograd.gradcheck import as_tuple, direction, with_pairs
from ..backend import to_host
from ..batching import vmap
from ..ops import stack
from ..tensor import Tensor
from .derivative_check import ControlledCheck, for_gradients
from .findings import TYPED_ERRORS, CheckFailure, Options


def check_forward_mode(
    fn: Callable[..., Any], args: Sequence[Any], options: Options, found: Any
) -> None:
    """Forward mode, by a Function's ``jvp`` where it has one, gives what the backward pass gives.
    What has none takes it from its second derivatives.

    Raises:
        CheckFailure: it doesn't.
    """
    if options.order < 2 and not _defines(fn, "jvp"):
        return
    paired, given = with_pairs(fn, tuple(args))
    inputs = [for_gradients(x) for x in given]
    if not any(isinstance(x, Tensor) and x.requires_grad for x in inputs):
        return
    check = ControlledCheck(paired, inputs, options)
    rng = np.random.default_rng(options.seed)
    us = [direction(y.array.shape, rng) for y in check.outputs]
    for (i, x), g in zip(check.wanted, check.gradients(us) if us else ()):
        v = direction(x.array.shape, rng)
        try:
            pushed = check.pushed(i, x, v)
        except TYPED_ERRORS:
            if _defines(fn, "jvp"):
                raise
            return  # no forward mode
        p = float(sum(np.sum(u * tangent) for u, tangent in zip(us, pushed)))
        a = float(np.sum(g * v))
        if not abs(p - a) <= options.atol + options.rtol * abs(a):
            text = (
                f"along a random direction of input {i}\n"
                f"  forward mode:  {p:.10g}\n  backward pass: {a:.10g}\n"
                "The backward pass agrees with differences: the jvp is probably wrong."
            )
            raise CheckFailure("forward mode", text, args, "wrong formula", p, a)
    found.oracles.add("forward mode")


def check_vmap(fn: Callable[..., Any], args: Sequence[Any]) -> None:
    """A Function's own ``vmap`` gives what calls for the entries of a batch give. The batch is the
    call's tensors, and the same with their elements in reverse; each tensor is in it or shared.

    Raises:
        CheckFailure: it doesn't.
    """
    if not _defines(fn, "vmap"):
        return
    tensors = [isinstance(x, Tensor) for x in args]
    for in_dims in product(*[(0, None) if is_tensor else (None,) for is_tensor in tensors]):
        if not any(dim == 0 for dim in in_dims):
            continue
        batched = [dim == 0 for dim in in_dims]
        second = [_reversed(x) if one else x for x, one in zip(args, batched)]
        try:
            entries = [as_tuple(fn(*args)), as_tuple(fn(*second))]
        except TYPED_ERRORS:
            continue  # not defined there
        given = [stack([x, y]) if one else x for x, y, one in zip(args, second, batched)]
        outputs = as_tuple(vmap(fn, in_dims)(*given))
        for j, (y, *expected) in enumerate(zip(outputs, *entries)):
            for k, one in enumerate(expected):
                _compare_entry(y[k], one, args, f"output {j} of entry {k}, in_dims={in_dims}")


def _compare_entry(actual: Tensor, expected: Tensor, args: Sequence[Any], where: str) -> None:
    a, b = to_host(actual.array), to_host(expected.array)
    if a.shape != b.shape:
        text = f"{where}: shape {a.shape} in the batch, {b.shape} by itself"
    elif np.allclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True):
        return
    else:
        index = tuple(int(i) for i in np.argwhere(~np.isclose(a, b, 1e-9, 1e-12, True))[0])
        text = f"{where}, at index {index}: {a[index]:.10g} in the batch, {b[index]:.10g} by itself"
    raise CheckFailure("vmap", text, args, "wrong formula")


def _reversed(x: Tensor) -> Tensor:
    return x.detach().reshape(-1).flip(0).reshape(x.shape)


def _defines(fn: Callable[..., Any], name: str) -> bool:
    """Whether this is the ``apply`` of a Function with a method of this name of its own."""
    owner = getattr(fn, "__self__", None)
    return isinstance(owner, type) and issubclass(owner, Function) and owner._defines(name)
