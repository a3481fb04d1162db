"""Optimizers' steps as functions of lists of tensors, as optimizers written like PyTorch's own call
them: ``adam(params, grads, exp_avgs, ...)``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..tensor import Tensor

_STATE = {"state_steps": "step", "state_sums": "sum", "momentum_buffer_list": "momentum_buffer"}
"""What the state in a list is called in an optimizer, unless by the list's name without its s."""

_FORMS = frozenset("capturable foreach fused has_complex has_sparse_grad".split())
"""Options that don't change the result."""

_PAIRS = {
    "betas": ("beta1", "beta2"),
    "etas": ("etaminus", "etaplus"),
    "step_sizes": ("step_size_min", "step_size_max"),
}
"""Options of an optimizer that are two of the function's."""


def functional_form(optimizer: type[Any], lists: str, options: str) -> Callable[..., None]:
    """The function ``(params, grads, *lists, **options)`` that takes one step of the optimizer.

    Args:
        lists: the names of the lists of state tensors, which are written in place, in the order of
            PyTorch's function.
        options: the names of the numbers that have to be given.
    """
    name = optimizer.__name__.lower()
    names, required = lists.split(), frozenset(options.split())

    def function(params: list[Any], grads: list[Any], *states: Any, **given: Any) -> None:
        state = dict(zip(names, states))
        state |= {n: given.pop(n) for n in names if n in given}
        if len(states) > len(names) or len(state) < len(names):
            raise TypeError(
                f"{name}(): expected the lists params, grads, {', '.join(names)}, and all options "
                f"by name; got {len(states)} lists after params and grads"
            )
        if missing := sorted(required - given.keys()):
            raise TypeError(f"{name}(): missing the keyword arguments {', '.join(missing)}")
        for refused in ("differentiable", "grad_scale", "found_inf"):
            if given.pop(refused, None):
                raise NotImplementedError(
                    f"{name}(): {refused} is not supported in the functional form: use "
                    f"torch.optim.{optimizer.__name__}"
                )
        chosen = {n: value for n, value in given.items() if n not in _FORMS}
        for whole, parts in _PAIRS.items():
            if parts[0] in chosen:
                chosen[whole] = tuple(chosen.pop(part) for part in parts)
        _step(optimizer, params, grads, state, chosen)

    function.__name__ = function.__qualname__ = name
    function.__module__ = optimizer.__module__
    function.__doc__ = (
        f"One step of :class:`torch.optim.{optimizer.__name__}` on lists of tensors, whose state "
        f"({', '.join(names)}) is written in place."
    )
    return function


def _step(
    optimizer: type[Any], params: list[Any], grads: list[Any], state: Any, options: dict[str, Any]
) -> None:
    twins = [p.detach() for p in params]  # the same memory, with a gradient of their own
    for twin, grad in zip(twins, grads, strict=True):
        twin.grad = grad.detach()
    if not twins:
        return
    stepper = optimizer(twins, **options)
    (group,) = stepper.param_groups
    kept = {*stepper.moments(group), *stepper.scalars(group)}
    lists = {_STATE.get(n, n.removesuffix("s")): values for n, values in state.items()}
    lists = {key: values for key, values in lists.items() if key in kept}
    for i, twin in enumerate(twins):
        given = {key: values[i] for key, values in lists.items()}
        stepper.state[twin] = {key: value for key, value in given.items() if value is not None}
    stepper.step()
    for key, values in lists.items():
        for i, twin in enumerate(twins):
            new = stepper.state[twin][key]
            if isinstance(values[i], Tensor):
                values[i].copy_(new)
            else:
                values[i] = new.clone()
