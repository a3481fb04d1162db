"""Adadelta (Zeiler 2012)."""

from __future__ import annotations

from typing import Any

from ..backend.precision import rounded_number, rounding_like
from ..tensor import Tensor
from .flat import Update
from .functional_form import functional_form
from .optimizer import ParamsT
from .rule import RuleOptimizer, plus_decay


class Adadelta(RuleOptimizer):
    """Gradient descent scaled by two running root mean squares: of past steps over gradients.

    ``g ← ∇f(θ) + λθ``; ``v ← ρv + (1 - ρ)g²``; ``Δ = √(u + ε) / √(v + ε) · g``;
    ``u ← ρu + (1 - ρ)Δ²``; ``θ ← θ - γΔ``.

    Args:
        params: tensors, named tensors or parameter groups.
        lr: γ >= 0.
        rho: ρ in [0, 1], the decay rate of both averages.
        eps: ε >= 0, inside both roots.
        weight_decay: λ >= 0.
        maximize: ascend instead.
        capturable: count the steps on the parameters' device, so that a step can be recorded in a
            CUDA graph; on the CPU without effect.
        foreach: accepted; the update is always fused.

    >>> import minitorch_dl as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.Adadelta([w])
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.9968], requires_grad=True)
    """

    work = 2

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}. It must be in [0, 1]")
        defaults = {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "capturable": capturable, "foreach": foreach, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def moments(self, group: dict[str, Any]) -> dict[str, float]:
        return {"square_avg": 0.0, "acc_delta": 0.0}

    def rule(self, xp: Any, group: dict[str, Any], scalars: dict[str, Any], fresh: bool) -> Update:
        (lr,) = self.numbers(xp, group, group["lr"])
        rho, eps = group["rho"], group["eps"]
        weight_decay = float(group["weight_decay"])
        scalars["step"] += 1

        def update(param: Any, grad: Any, work: Any, square_avg: Any, acc_delta: Any) -> None:
            g = plus_decay(xp, grad, param, weight_decay, work)
            v, u, (_, a, b) = square_avg, acc_delta, work
            # v ← ρv + (1 - ρ)g²
            xp.multiply(g, g, out=a)
            a *= 1 - rho
            v *= rho
            v += a
            # Δ = √(u + ε) / √(v + ε) · g
            small = rounded_number(eps, u)
            delta, root = rounding_like(a, u), rounding_like(b, v)
            xp.sqrt(xp.add(u, small, out=delta), out=delta)
            delta /= xp.sqrt(xp.add(v, small, out=root), out=root)
            delta *= g
            # u ← ρu + (1 - ρ)Δ²
            xp.multiply(a, a, out=b)
            b *= 1 - rho
            u *= rho
            u += b
            a *= rounded_number(lr, param)
            param -= a

        return update


adadelta = functional_form(
    Adadelta,
    "square_avgs acc_deltas state_steps",
    "lr rho eps weight_decay maximize",
)
