"""Adam with decoupled weight decay (Loshchilov & Hutter 2019)."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .adam import Adam
from .functional_form import functional_form
from .optimizer import ParamsT


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameters and leaves the moments alone.

    ``θ ← θ - γλθ``, then Adam's step with ``g = ∇f(θ)``.

    Args:
        params: tensors, named tensors or parameter groups.
        lr: γ >= 0.
        betas: β₁ and β₂ in [0, 1), the decay rates of both moments.
        eps: ε >= 0, added to the denominator.
        weight_decay: λ >= 0.
        amsgrad: keep the maximum of ``v``.
        maximize: ascend instead.
        capturable: count the steps on the parameters' device, so that a step can be recorded in a
            CUDA graph; on the CPU without effect.
        foreach, fused: accepted; the update is always fused.

    >>> import minitorch_dl as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.AdamW([w], lr=0.1, weight_decay=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()  # 1 - 0.1 * 0.5 - 0.1
    >>> w
    tensor([0.8500], requires_grad=True)
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:  # a state dict of Adam stays AdamW here
            group["decoupled_weight_decay"] = True


adamw = functional_form(
    AdamW,
    "exp_avgs exp_avg_sqs max_exp_avg_sqs state_steps",
    "amsgrad beta1 beta2 lr weight_decay eps maximize",
)
