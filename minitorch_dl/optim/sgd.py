"""Stochastic gradient descent with momentum (Polyak 1964; Nesterov 1983; Sutskever et al. 2013)."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..backend import kernels
from ..backend.axpy import add_multiple
from ..backend.precision import Rounded, rounded_number
from ..tensor import Tensor
from .flat import Update
from .functional_form import functional_form
from .optimizer import ParamsT
from .rule import RuleOptimizer, coefficient, plus_decay


class SGD(RuleOptimizer):
    """Stochastic gradient descent.

    ``g ← ∇f(θ) + λθ``; ``b ← μb + (1 - τ)g`` (``b ← g`` at the first step); ``θ ← θ - γb``,
    or with Nesterov's momentum ``θ ← θ - γ(g + μb)``.

    Args:
        params: tensors, named tensors or parameter groups.
        lr: γ >= 0.
        momentum: μ >= 0; 0 keeps no state.
        dampening: τ.
        weight_decay: λ >= 0.
        nesterov: look ahead along the momentum; needs ``momentum > 0`` and ``dampening == 0``.
        maximize: ascend instead.
        foreach, fused: accepted; the update is always fused.

    >>> import minitorch_dl as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.SGD([w], lr=0.1, momentum=0.9)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.item()
    0.800...
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize, "foreach": foreach,
            "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, defaults)

    def moments(self, group: dict[str, Any]) -> dict[str, float]:
        return {"momentum_buffer": 0.0} if group["momentum"] else {}

    def scalars(self, group: dict[str, Any]) -> dict[str, float]:
        return {}

    def step_rows(self, group: dict[str, Any], param: Tensor, grad: Any) -> Any:
        if group["momentum"] or group["weight_decay"]:  # these move every row
            return grad.to_dense()
        grad, lr = grad.coalesce(), float(group["lr"])
        param[tuple(grad.indices())] += grad.values() * (lr if group["maximize"] else -lr)
        return None

    def rule(self, xp: Any, group: dict[str, Any], scalars: dict[str, Any], fresh: bool) -> Update:
        return functools.partial(
            _sgd,
            xp,
            lr=coefficient(group["lr"], xp is not np),
            momentum=group["momentum"],
            dampening=0.0 if fresh else group["dampening"],
            weight_decay=float(group["weight_decay"]),
            nesterov=group["nesterov"],
        )


@kernels.sgd.twin
def _sgd(
    xp: Any,
    param: Any,
    grad: Any,
    work: Any,
    momentum_buffer: Any = None,
    *,
    lr: Any,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
) -> None:
    g, b, a = plus_decay(xp, grad, param, weight_decay, work), momentum_buffer, work[1]
    if b is None:
        add_multiple(xp, param, -lr, g, a)
        return
    b *= momentum
    b += g if not dampening else xp.multiply(g, rounded_number(1 - dampening, b), out=a)
    if nesterov and isinstance(param, Rounded):  # g + μb is rounded, too
        work[0][...] = g
        add_multiple(xp, work[0], momentum, b, a)
        b = work[0]
    elif nesterov:
        add_multiple(xp, param, -lr, g, a)
        lr = lr * momentum
    add_multiple(xp, param, -lr, b, a)


sgd = functional_form(
    SGD,
    "momentum_buffer_list",
    "weight_decay momentum lr dampening nesterov maximize",
)
