"""LAMB: layer-wise adaptive moments for large batches (You et al. 2020)."""

from __future__ import annotations

import math
from typing import Any

from ..backend.sums import dot_over
from ..tensor import Tensor
from .flat import Update
from .optimizer import ParamsT
from .rule import RuleOptimizer, advance_moments


class LAMB(RuleOptimizer):
    """AdamW whose step is scaled, for each parameter, to the parameter's own norm.

    ``m ← β₁m + (1 - β₁)g``; ``v ← β₂v + (1 - β₂)g²``; ``r = m̂ / (√v̂ + ε) + λθ``;
    ``θ ← θ - γ (‖θ‖ / ‖r‖) r``, the ratio being 1 where a norm is 0.

    Args:
        params: tensors, named tensors or parameter groups.
        lr: γ >= 0.
        betas: β₁ and β₂ in [0, 1).
        eps: ε >= 0, added to the denominator.
        weight_decay: λ >= 0.
        clamp: the largest ``‖θ‖`` in the ratio; ``math.inf`` for the paper's plain norm.
        maximize: ascend instead.
        capturable: count the steps on the parameters' device, so that a step can be recorded in a
            CUDA graph; on the CPU without effect.

    >>> import minitorch_dl as torch
    >>> w = torch.tensor([3.0, 4.0], requires_grad=True)
    >>> optimizer = torch.optim.LAMB([w], lr=0.1, weight_decay=0)
    >>> w.sum().backward()
    >>> optimizer.step()  # r = (1, 1), so θ moves by 0.1 * 5 / √2
    >>> w
    tensor([2.6464, 3.6464], requires_grad=True)
    """

    elementwise = False

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 1e-2,
        clamp: float = math.inf,
        *,
        maximize: bool = False,
        capturable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "clamp": clamp,
            "maximize": maximize, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def moments(self, group: dict[str, Any]) -> dict[str, float]:
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0}

    def rule(self, xp: Any, group: dict[str, Any], scalars: dict[str, Any], fresh: bool) -> Update:
        eps, weight_decay = group["eps"], float(group["weight_decay"])
        beta1, beta2 = map(float, group["betas"])
        clamp = group["clamp"]
        scalars["step"] += 1
        lr, t = self.numbers(xp, group, group["lr"], scalars["step"])
        c1, c2 = 1 - beta1**t, (1 - beta2**t) ** 0.5

        def update(param: Any, grad: Any, work: Any, exp_avg: Any, exp_avg_sq: Any) -> None:
            m, v, (b, a) = exp_avg, exp_avg_sq, work
            advance_moments(xp, grad, m, v, beta1, beta2, a)
            # r = m̂ / (√v̂ + ε) + λθ
            xp.sqrt(v, out=a)
            a += eps * c2
            xp.divide(m, a, out=a)
            a *= c2 / c1
            if weight_decay:
                a += xp.multiply(param, weight_decay, out=b)
            # θ ← θ - γ (‖θ‖ / ‖r‖) r; the norms stay on the device
            theta, r = (xp.sqrt(dot_over(xp, v, v, (0,))) for v in (param, a))
            a *= lr * xp.where(
                (theta > 0) & (r > 0), xp.minimum(theta, clamp) / xp.where(r > 0, r, 1), 1
            )
            param -= a

        return update
