"""AdaMax (Kingma & Ba 2015, section 7.1)."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .flat import Update
from .functional_form import functional_form
from .optimizer import ParamsT
from .rule import RuleOptimizer, plus_decay


class Adamax(RuleOptimizer):
    """Adam with the infinity norm in place of the second moment.

    ``g ← ∇f(θ) + λθ``; ``m ← β₁m + (1 - β₁)g``; ``u ← max(β₂u, |g| + ε)``;
    ``θ ← θ - γ/(1 - β₁ᵗ) · m/u``.

    Args:
        params: tensors, named tensors or parameter groups.
        lr: γ >= 0.
        betas: β₁ and β₂ in [0, 1).
        eps: ε >= 0, added to ``|g|``.
        weight_decay: λ >= 0.
        maximize: ascend instead.
        capturable: count the steps on the parameters' device, so that a step can be recorded in a
            CUDA graph; on the CPU without effect.
        foreach: accepted; the update is always fused.

    >>> import minitorch_dl as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.Adamax([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def moments(self, group: dict[str, Any]) -> dict[str, float]:
        return {"exp_avg": 0.0, "exp_inf": 0.0}

    def rule(self, xp: Any, group: dict[str, Any], scalars: dict[str, Any], fresh: bool) -> Update:
        eps, weight_decay = group["eps"], float(group["weight_decay"])
        beta1, beta2 = map(float, group["betas"])
        scalars["step"] += 1
        lr, t = self.numbers(xp, group, group["lr"], scalars["step"])
        step_size = lr / (1 - beta1**t)

        def update(param: Any, grad: Any, work: Any, exp_avg: Any, exp_inf: Any) -> None:
            g, m, u, a = plus_decay(xp, grad, param, weight_decay, work), exp_avg, exp_inf, work[1]
            # m ← m + (1 - β₁)(g - m)
            xp.subtract(g, m, out=a)
            a *= 1 - beta1
            m += a
            # u ← max(β₂u, |g| + ε)
            xp.absolute(g, out=a)
            a += eps
            u *= beta2
            xp.maximum(u, a, out=u)
            # θ ← θ - γ/(1 - β₁ᵗ) · m/u
            xp.divide(m, u, out=a)
            a *= step_size
            param -= a

        return update


adamax = functional_form(
    Adamax,
    "exp_avgs exp_infs state_steps",
    "eps beta1 beta2 lr weight_decay",
)
