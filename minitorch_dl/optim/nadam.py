"""NAdam: Adam with Nesterov momentum (Dozat 2016)."""

from __future__ import annotations

from typing import Any

from ..backend.precision import Rounded, rounded_number, rounding_like
from ..tensor import Tensor
from .flat import Update
from .functional_form import functional_form
from .optimizer import ParamsT
from .rule import RuleOptimizer, advance_moments, decay


class NAdam(RuleOptimizer):
    """Adam that looks one step ahead along its first moment.

    ``μₜ = β₁(1 - ½·0.96^(tψ))``; ``m ← β₁m + (1 - β₁)g``; ``v ← β₂v + (1 - β₂)g²``;
    ``v̂ = v / (1 - β₂ᵗ)``; ``m̂ = μₜ₊₁ m / (1 - μ₁⋯μₜ₊₁) + (1 - μₜ) g / (1 - μ₁⋯μₜ)``;
    ``θ ← θ - γ m̂ / (√v̂ + ε)``.

    Args:
        params: tensors, named tensors or parameter groups.
        lr: γ >= 0.
        betas: β₁ and β₂ in [0, 1).
        eps: ε >= 0, added to the denominator.
        weight_decay: λ >= 0, added to the gradient as ``λθ``.
        momentum_decay: ψ >= 0.
        decoupled_weight_decay: shrink ``θ`` by ``1 - γλ`` instead (as AdamW does).
        maximize: ascend instead.
        capturable: count the steps on the parameters' device, so that a step can be recorded in a
            CUDA graph; on the CPU without effect.
        foreach: accepted; the update is always fused.

    >>> import minitorch_dl as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.NAdam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.item() < 1
    True
    """

    work = 2

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "momentum_decay": momentum_decay, "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def moments(self, group: dict[str, Any]) -> dict[str, float]:
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0}

    def scalars(self, group: dict[str, Any]) -> dict[str, float]:
        return {"step": 0.0, "mu_product": 1.0}

    def rule(self, xp: Any, group: dict[str, Any], scalars: dict[str, Any], fresh: bool) -> Update:
        eps, weight_decay = group["eps"], float(group["weight_decay"])
        beta1, beta2 = map(float, group["betas"])
        psi, decoupled = group["momentum_decay"], group["decoupled_weight_decay"]
        scalars["step"] += 1
        lr, t = self.numbers(xp, group, group["lr"], scalars["step"])
        mu = beta1 * (1 - 0.5 * 0.96 ** (t * psi))
        mu_next = beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * psi))
        scalars["mu_product"] *= mu
        (product,) = self.numbers(xp, group, scalars["mu_product"])
        c2 = (1 - beta2**t) ** 0.5
        grad_size = lr * (1 - mu) / (1 - product)
        step_size = lr * mu_next / (1 - product * mu_next)

        def update(param: Any, grad: Any, work: Any, exp_avg: Any, exp_avg_sq: Any) -> None:
            m, v, (_, a, b) = exp_avg, exp_avg_sq, work
            g = decay(xp, grad, param, lr, weight_decay, decoupled, work)
            advance_moments(xp, g, m, v, beta1, beta2, a)
            if isinstance(param, Rounded):  # what PyTorch keeps on the way is rounded
                root = rounding_like(b, v)
                xp.sqrt(xp.divide(v, c2 * c2, out=root), out=root)
                root += rounded_number(eps, v)
                for x, size in ((g, grad_size), (m, step_size)):
                    xp.divide(x, b, out=a)
                    a *= size
                    param -= a
                return
            # θ ← θ - γ m̂ / (√v̂ + ε)
            xp.multiply(m, step_size, out=a)
            a += xp.multiply(g, grad_size, out=b)
            xp.sqrt(v, out=b)
            b *= 1 / c2
            b += eps
            a /= b
            param -= a

        return update


nadam = functional_form(
    NAdam,
    "exp_avgs exp_avg_sqs mu_products state_steps",
    "beta1 beta2 lr weight_decay momentum_decay eps",
)
