"""Adam (Kingma & Ba 2015) and AMSGrad (Reddi, Kale & Kumar 2018)."""

from __future__ import annotations

import functools
from typing import Any

from ..backend import kernels
from ..backend.precision import rounded_number, rounding_like
from ..tensor import Tensor
from .flat import Update
from .functional_form import functional_form
from .optimizer import ParamsT
from .rule import RuleOptimizer, coefficient, plus_decay


class Adam(RuleOptimizer):
    """Adaptive moment estimation.

    ``g ← ∇f(θ) + λθ``; ``m ← β₁m + (1 - β₁)g``; ``v ← β₂v + (1 - β₂)g²``;
    ``m̂ = m / (1 - β₁ᵗ)``, ``v̂ = v / (1 - β₂ᵗ)``; ``θ ← θ - γ m̂ / (√v̂ + ε)``.
    AMSGrad puts the largest ``v`` so far in place of ``v``.

    Args:
        params: tensors, named tensors or parameter groups.
        lr: γ >= 0.
        betas: β₁ and β₂ in [0, 1), the decay rates of both moments.
        eps: ε >= 0, added to the denominator.
        weight_decay: λ >= 0.
        amsgrad: keep the maximum of ``v``.
        maximize: ascend instead.
        decoupled_weight_decay: shrink ``θ`` by ``1 - γλ`` instead of adding to the gradient
            (AdamW).
        capturable: count the steps on the parameters' device, so that a step can be recorded in a
            CUDA graph; on the CPU without effect.
        foreach, fused: accepted; the update is always fused.

    >>> import minitorch_dl as torch
    >>> w = torch.tensor([1.0, -3.0], requires_grad=True)
    >>> optimizer = torch.optim.Adam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([ 0.9000, -2.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        if isinstance(betas[0], Tensor) != isinstance(betas[1], Tensor):
            raise ValueError("betas must be either both floats or both Tensors")
        if foreach and not capturable:
            for name, value in {"lr": lr, "betas[0]": betas[0], "betas[1]": betas[1]}.items():
                if isinstance(value, Tensor):
                    raise ValueError(
                        f"{name} as a Tensor is not supported for capturable=False and foreach=True"
                    )
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "differentiable": differentiable, "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }  # fmt: skip
        super().__init__(params, defaults)

    def moments(self, group: dict[str, Any]) -> dict[str, float]:
        names = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")
        return dict.fromkeys(names if group["amsgrad"] else names[:2], 0.0)

    def rule(self, xp: Any, group: dict[str, Any], scalars: dict[str, Any], fresh: bool) -> Update:
        scalars["step"] += 1
        on_device = self.counts_on_device(xp, group)
        return functools.partial(
            _adam,
            xp,
            lr=coefficient(group["lr"], on_device),
            betas=tuple(map(float, group["betas"])),
            eps=group["eps"],
            weight_decay=float(group["weight_decay"]),
            decoupled=group["decoupled_weight_decay"],
            step=scalars["step"] if on_device else float(scalars["step"]),
        )


@kernels.adam.twin
def _adam(
    xp: Any,
    param: Any,
    grad: Any,
    work: Any,
    exp_avg: Any,
    exp_avg_sq: Any,
    max_exp_avg_sq: Any = None,
    *,
    lr: Any,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    decoupled: bool,
    step: Any,
) -> None:
    """``lr`` and ``step`` are numbers, or 0-d arrays where steps are counted on the device."""
    m, v, a = exp_avg, exp_avg_sq, work[1]
    beta1, beta2 = betas
    t = step.astype("float64") if hasattr(step, "dtype") else step
    c1, c2 = 1 - beta1**t, (1 - beta2**t) ** 0.5
    if decoupled and weight_decay:
        param *= 1 - lr * weight_decay
        g = grad
    else:
        g = plus_decay(xp, grad, param, weight_decay, work)
    # `advance_moments`, written out: for large parameters this runs once per block of memory.
    # m ← m + (1 - β₁)(g - m)
    xp.subtract(g, m, out=a)
    a *= 1 - beta1
    m += a
    # v ← β₂v + (1 - β₂)g²
    xp.multiply(g, g, out=a)
    a *= 1 - beta2
    v *= beta2
    v += a
    if max_exp_avg_sq is not None:
        v = xp.maximum(max_exp_avg_sq, v, out=max_exp_avg_sq)
    # θ ← θ - γ m̂ / (√v̂ + ε), with √(1 - β₂ᵗ) taken out of the fraction
    root = rounding_like(a, v)
    xp.sqrt(v, out=root)
    if root is not a:  # 16-bit floats, which PyTorch divides and then rounds
        root /= c2
        eps, c2 = rounded_number(eps, v), 1.0
    root += eps * c2
    xp.divide(m, a, out=a)
    a *= lr * c2 / c1
    param -= a


adam = functional_form(
    Adam,
    "exp_avgs exp_avg_sqs max_exp_avg_sqs state_steps",
    "amsgrad beta1 beta2 lr weight_decay eps maximize",
)
