"""RAdam: rectified Adam (Liu et al. 2020)."""

from __future__ import annotations

from typing import Any

from ..backend.precision import Rounded, rounded_number, rounding_like
from ..tensor import Tensor
from .flat import Update
from .functional_form import functional_form
from .optimizer import ParamsT
from .rule import RuleOptimizer, advance_moments, decay


class RAdam(RuleOptimizer):
    """Adam that takes plain momentum steps until its second moment's variance is small enough.

    ``m ← β₁m + (1 - β₁)g``; ``v ← β₂v + (1 - β₂)g²``; ``m̂ = m / (1 - β₁ᵗ)``;
    ``ρ∞ = 2/(1 - β₂) - 1``; ``ρ = ρ∞ - 2tβ₂ᵗ/(1 - β₂ᵗ)``; when ``ρ > 5``:
    ``r = √((ρ - 4)(ρ - 2)ρ∞ / ((ρ∞ - 4)(ρ∞ - 2)ρ))`` and ``θ ← θ - γ r m̂ √(1 - β₂ᵗ) / (√v + ε)``;
    otherwise ``θ ← θ - γ m̂``.

    Args:
        params: tensors, named tensors or parameter groups.
        lr: γ >= 0.
        betas: β₁ and β₂ in [0, 1).
        eps: ε >= 0, added to ``√v``.
        weight_decay: λ >= 0, added to the gradient as ``λθ``.
        decoupled_weight_decay: shrink ``θ`` by ``1 - γλ`` instead (as AdamW does).
        maximize: ascend instead.
        capturable: count the steps on the parameters' device, so that a step can be recorded in a
            CUDA graph; on the CPU without effect.
        foreach: accepted; the update is always fused.

    >>> import minitorch_dl as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.RAdam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.8000], requires_grad=True)
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def moments(self, group: dict[str, Any]) -> dict[str, float]:
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0}

    def rule(self, xp: Any, group: dict[str, Any], scalars: dict[str, Any], fresh: bool) -> Update:
        eps, weight_decay = group["eps"], float(group["weight_decay"])
        beta1, beta2 = map(float, group["betas"])
        decoupled = group["decoupled_weight_decay"]
        scalars["step"] += 1
        lr, t = self.numbers(xp, group, group["lr"], scalars["step"])
        c1, c2 = 1 - beta1**t, 1 - beta2**t
        rho_inf = 2 / (1 - beta2) - 1
        rho = rho_inf - 2 * t * beta2**t / c2
        rectified = rho > 5
        on_device = hasattr(rectified, "dtype")  # and then not known here
        step_size = lr / c1
        if on_device or rectified:
            high = xp.maximum(rho, 5) if on_device else rho
            r = ((high - 4) * (high - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * high)) ** 0.5
            factor = r * c2**0.5
            step_size = step_size * (xp.where(rectified, factor, 1) if on_device else factor)

        def update(param: Any, grad: Any, work: Any, exp_avg: Any, exp_avg_sq: Any) -> None:
            m, v, a = exp_avg, exp_avg_sq, work[1]
            g = decay(xp, grad, param, lr, weight_decay, decoupled, work)
            advance_moments(xp, g, m, v, beta1, beta2, a)
            if isinstance(param, Rounded):  # what PyTorch keeps on the way is rounded
                change = xp.divide(m, c1, out=work[0])
                change *= lr
                if rectified:
                    root = rounding_like(a, v)
                    xp.sqrt(v, out=root)
                    root += rounded_number(eps, v)
                    xp.divide(1, root, out=root)
                    root *= c2**0.5
                    change *= root
                    change *= r
                param -= change
                return
            if on_device or rectified:
                xp.sqrt(v, out=a)
                a += eps
                xp.divide(m, xp.where(rectified, a, 1) if on_device else a, out=a)
                a *= step_size
            else:
                xp.multiply(m, step_size, out=a)
            param -= a

        return update


radam = functional_form(
    RAdam,
    "exp_avgs exp_avg_sqs state_steps",
    "beta1 beta2 lr weight_decay eps",
)
