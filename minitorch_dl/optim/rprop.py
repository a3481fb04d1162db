"""Resilient backpropagation (Riedmiller & Braun 1993)."""

from __future__ import annotations

from typing import Any

from ..backend.precision import rounded_number
from ..tensor import Tensor
from .flat import Update
from .functional_form import functional_form
from .optimizer import ParamsT
from .rule import RuleOptimizer


class Rprop(RuleOptimizer):
    """Follow the gradient's sign, each weight with its own step: longer until the sign flips.

    ``q = g · g_prev``; ``Δ ← clamp(η₊Δ if q > 0, η₋Δ if q < 0, Δ if q = 0)``;
    ``g ← 0 where q < 0``; ``θ ← θ - sign(g)Δ``; ``g_prev ← g``.

    Meant for full-batch gradients.

    Args:
        params: tensors, named tensors or parameter groups.
        lr: the first Δ, >= 0.
        etas: η₋ in (0, 1) and η₊ > 1.
        step_sizes: the range of Δ.
        maximize: ascend instead.
        capturable: count the steps on the parameters' device, so that a step can be recorded in a
            CUDA graph; on the CPU without effect.
        foreach: accepted; the update is always fused.

    >>> import minitorch_dl as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.Rprop([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(
                f"Invalid eta values: {etas[0]}, {etas[1]}. They must be in (0, 1) and above 1"
            )
        defaults = {
            "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def moments(self, group: dict[str, Any]) -> dict[str, float]:
        return {"prev": 0.0, "step_size": float(group["lr"])}

    def rule(self, xp: Any, group: dict[str, Any], scalars: dict[str, Any], fresh: bool) -> Update:
        (eta_minus, eta_plus), (smallest, largest) = group["etas"], group["step_sizes"]
        scalars["step"] += 1

        def update(param: Any, grad: Any, work: Any, prev: Any, step_size: Any) -> None:
            a = work[1]
            xp.multiply(grad, prev, out=a)
            same, flipped = a > 0, a < 0
            a.fill(1)
            xp.copyto(a, rounded_number(eta_plus, step_size), where=same)
            xp.copyto(a, rounded_number(eta_minus, step_size), where=flipped)
            step_size *= a
            xp.maximum(step_size, smallest, out=step_size)
            xp.minimum(step_size, largest, out=step_size)
            prev[...] = grad
            xp.copyto(prev, 0, where=flipped)
            xp.sign(prev, out=a)
            a *= step_size
            param -= a

        return update


rprop = functional_form(
    Rprop,
    "prevs step_sizes state_steps",
    "step_size_min step_size_max etaminus etaplus",
)
