"""Optimizers whose update is a rule over arrays, written once and run over flat storage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, ClassVar

import numpy as np

from ..autograd.modes import no_grad
from ..autograd.versions import mark_all_written
from ..backend import array_module, capturing, devices
from ..backend.dtypes import float32, float64, get_default_dtype
from ..backend.precision import rounded_number
from ..tensor import Tensor
from . import differentiable
from .differentiable import Cell
from .flat import FlatState, Update, as_pairs, in_shared_memory
from .optimizer import Optimizer, ParamsT, counts_on_host, loss_of
from .options import check_options


class RuleOptimizer(Optimizer):
    """An optimizer given by :meth:`rule`.

    A subclass says which state each parameter has and how one step changes it. How parameters are
    laid out, batched and walked through is decided here: the rule sees arrays of one length.
    """

    work: ClassVar[int] = 1
    """How many temporaries the rule needs."""
    elementwise: ClassVar[bool] = True
    """False when the rule needs whole parameters (their norm)."""

    def __init__(self, params: ParamsT, defaults: dict[str, Any]) -> None:
        check_options(defaults)
        super().__init__(params, defaults)
        if defaults.get("fused") and not all(
            p.is_floating_point() for group in self.param_groups for p in group["params"]
        ):
            raise RuntimeError("`fused=True` requires all the params to be floating point Tensors")

    def _patch_step_function(self) -> None:
        super()._patch_step_function()
        self._flat: dict[int, list[FlatState]] = {}

    def moments(self, group: dict[str, Any]) -> dict[str, float]:
        """Initial value of each state tensor that has its parameter's shape."""
        return {}

    def scalars(self, group: dict[str, Any]) -> dict[str, float]:
        """Initial value of each 0-d state tensor."""
        return {"step": 0.0}

    def rule(self, xp: Any, group: dict[str, Any], scalars: dict[str, Any], fresh: bool) -> Update:
        """Advance ``scalars`` by one step and return ``update(param, grad, work, **moments)``.

        ``update`` writes to ``param`` and the moments in place, never to ``grad``. ``work[0]`` is
        for what replaces the gradient (it may be the same memory), the others are temporaries.
        ``fresh`` says that the moments hold their initial values.
        """
        raise NotImplementedError

    def counts_on_device(self, xp: Any, group: dict[str, Any]) -> bool:
        """Whether the group's 0-d state lies on its parameters' device ``xp``: with the option
        ``capturable``, so that a step recorded in a CUDA graph counts whenever it is replayed."""
        return bool(group.get("capturable")) and xp is not np

    def numbers(self, xp: Any, group: dict[str, Any], *values: Any) -> list[Any]:
        """Learning rates and 0-d state as a rule computes with them: as floats; or, where steps are
        counted on the device, as 0-d float64 arrays there."""
        if not self.counts_on_device(xp, group):
            return [coefficient(value, False) for value in values]
        found = [coefficient(value, True) for value in values]
        return [v.astype("float64") if hasattr(v, "dtype") else v for v in found]

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters that have a gradient.

        Args:
            closure: evaluates the model again, calls backward and returns the loss, which is
                returned here.
        """
        loss = None if closure is None else loss_of(closure)
        for index, group in enumerate(self.param_groups):
            self._step_group(index, group)
        return loss

    def _step_group(self, index: int, group: dict[str, Any]) -> None:
        if group.get("differentiable"):
            differentiable.step(self, group)
            return
        gradients = {p: p.grad for p in group["params"]}
        for p, g in gradients.items():
            if g is not None and g.is_sparse:
                with no_grad():
                    gradients[p] = self.step_rows(group, p, g)
        if capturing():
            self._check_capturable(group)
        for flat in self._layout(index, group, gradients):
            params = [p.array for p in flat.params]
            grads = [None if (g := gradients[p]) is None else g.array for p in flat.params]
            if flat.is_complex:
                params = [as_pairs(param) for param in params]
                grads = [None if grad is None else as_pairs(grad) for grad in grads]
            for param, grad in zip(params, grads):
                if grad is not None and grad.shape != param.shape:
                    raise RuntimeError(
                        f"{type(self).__name__}: a parameter of shape {param.shape} has a gradient "
                        f"of shape {grad.shape}. They must be the same"
                    )
            if devices.several:
                with devices.beside(params):
                    flat.apply(self.rule, group, params, grads)
            else:
                flat.apply(self.rule, group, params, grads)
            mark_all_written(
                [array for array, grad in zip(params, grads) if grad is not None],
                f"{type(self).__name__}.step",
            )

    def step_rows(self, group: dict[str, Any], param: Tensor, grad: Any) -> Any:
        """Update the rows of a parameter that its sparse gradient has. Returns None, or the dense
        gradient by which the rule has to update the whole."""
        raise RuntimeError(
            f"{type(self).__name__} does not support sparse gradients: use SGD, Adagrad or "
            "SparseAdam, or dense gradients (sparse=False)"
        )

    def _check_capturable(self, group: dict[str, Any]) -> None:
        if not self.scalars(group):  # nothing is counted
            return
        if "capturable" not in group:
            raise counts_on_host(self)
        if not group["capturable"]:
            raise RuntimeError(
                f"Attempting CUDA graph capture of step() for an instance of {type(self).__name__} "
                "but param_groups' capturable is False. Make it with capturable=True"
            )

    def _layout(
        self, index: int, group: dict[str, Any], gradients: dict[Tensor, Tensor | None]
    ) -> list[FlatState]:
        """The group's flat storage; made anew when its state or parameters are not the same."""
        names = (*self.moments(group), *self.scalars(group))
        layout = self._flat.get(index, [])
        known = {p for flat in layout for p in flat.params}
        if (
            known <= gradients.keys()
            and all(g is None or p in known for p, g in gradients.items())
            and all(
                flat.holds(self._states(flat.params, names), [p.array for p in flat.params], names)
                for flat in layout
            )
        ):
            return layout
        return self._lay_out(
            index, group, [p for p, g in gradients.items() if g is not None or self.state.get(p)]
        )

    def _lay_out(self, index: int, group: dict[str, Any], params: list[Tensor]) -> list[FlatState]:
        """Give ``params`` their state, in flat storage for each dtype and device; what processes
        share stays where it is."""
        moments, scalars = self.moments(group), self.scalars(group)
        dtype = get_default_dtype() if get_default_dtype() is float64 else float32
        kinds = defaultdict(list)
        for p in dict.fromkeys(params):
            kinds[p.dtype, p.device, p if in_shared_memory(self.state.get(p)) else None].append(p)
        made = self._flat[index] = []
        for alike in kinds.values():
            on_device = self.counts_on_device(array_module(alike[0].array), group)
            states = self._states(alike, (*moments, *scalars))
            given = (moments, scalars, dtype.numpy, self.work, self.elementwise, on_device)
            with devices.beside([alike[0].array]) if devices.several else nullcontext():
                made.append(FlatState(alike, states, *given))
        return made

    def _states(self, params: list[Any], names: tuple[str, ...]) -> list[dict[str, Any]]:
        """Each parameter's state; a rule without state gets dicts that are thrown away."""
        return [self.state[p] for p in params] if names else [{} for _ in params]


def coefficient(value: Any, on_device: bool) -> Any:
    """A number; or, where a rule works on a device and takes it, the 0-d array of a tensor there.

    So a captured step sees what is later written to the tensor. A recorded step takes the tensor.
    """
    if isinstance(value, Cell):
        return value.value
    array = value.array if isinstance(value, Tensor) else value
    if on_device and hasattr(array, "dtype") and not isinstance(array, (np.ndarray, np.generic)):
        return array.reshape(())
    return float(value)


def plus_decay(xp: Any, grad: Any, param: Any, weight_decay: float, work: Any) -> Any:
    """``g + λθ``, the gradient with the penalty ``λ/2 ‖θ‖²``; ``grad`` itself when λ is 0."""
    if not weight_decay:
        return grad
    xp.multiply(param, rounded_number(weight_decay, param), out=work[1])
    return xp.add(grad, work[1], out=work[0])


def decay(
    xp: Any, grad: Any, param: Any, lr: Any, weight_decay: float, decoupled: bool, work: Any
) -> Any:
    """Weight decay by λ: ``θ ← (1 - γλ)θ`` where it is decoupled from the gradient, which is
    returned as it is; else :func:`plus_decay`."""
    if not decoupled:
        return plus_decay(xp, grad, param, weight_decay, work)
    if weight_decay:
        param *= 1 - lr * weight_decay
    return grad


def advance_moments(xp: Any, g: Any, m: Any, v: Any, beta1: float, beta2: float, work: Any) -> None:
    """Move the averages of the gradient and of its square by one step, as in Adam.

    ``m ← m + (1 - β₁)(g - m)``; ``v ← β₂v + (1 - β₂)g²``; ``work`` is a temporary.
    """
    xp.subtract(g, m, out=work)
    work *= 1 - beta1
    m += work
    xp.multiply(g, g, out=work)
    work *= 1 - beta2
    v *= beta2
    v += work
