"""Averaged stochastic gradient descent (Polyak & Juditsky 1992)."""

from __future__ import annotations

from typing import Any

from ..backend.precision import rounded_number
from ..tensor import Tensor
from .flat import Update
from .functional_form import functional_form
from .optimizer import ParamsT
from .rule import RuleOptimizer, coefficient, plus_decay


class ASGD(RuleOptimizer):
    """SGD with a decaying rate that also keeps the average of its iterates, ``state[p]["ax"]``.

    ``g ← ∇f(θ) + wθ``; ``θ ← (1 - λη)θ - ηg``; ``ax ← ax + μ(θ - ax)``;
    ``η ← γ / (1 + λγt)^α``; ``μ ← 1 / max(1, t - t₀)``.

    Args:
        params: tensors, named tensors or parameter groups.
        lr: γ >= 0.
        lambd: λ, the decay of parameters and rate.
        alpha: α, the power of the rate's decay.
        t0: t₀, the step at which averaging starts.
        weight_decay: w >= 0.
        maximize: ascend instead.
        capturable: count the steps on the parameters' device, so that a step can be recorded in a
            CUDA graph; on the CPU without effect.
        foreach: accepted; the update is always fused.

    >>> import minitorch_dl as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.ASGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.8000], requires_grad=True)
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay,
            "foreach": foreach, "maximize": maximize, "differentiable": differentiable,
            "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def moments(self, group: dict[str, Any]) -> dict[str, float]:
        return {"ax": 0.0}

    def scalars(self, group: dict[str, Any]) -> dict[str, float]:
        return {"step": 0.0, "eta": coefficient(group["lr"], False), "mu": 1.0}

    def rule(self, xp: Any, group: dict[str, Any], scalars: dict[str, Any], fresh: bool) -> Update:
        lambd, weight_decay = group["lambd"], float(group["weight_decay"])
        scalars["step"] += 1
        state = (scalars[name] for name in ("step", "eta", "mu"))
        lr, t, eta, mu = self.numbers(xp, group, group["lr"], *state)
        scalars["eta"] = lr / (1 + lambd * lr * t) ** group["alpha"]
        averaged = t - group["t0"]
        scalars["mu"] = 1 / (1 + (averaged - 1) * (averaged > 1))

        def update(param: Any, grad: Any, work: Any, ax: Any) -> None:
            g, a = plus_decay(xp, grad, param, weight_decay, work), work[1]
            # θ ← (1 - λη)θ - ηg
            param *= 1 - lambd * eta
            param -= xp.multiply(g, rounded_number(eta, param), out=a)
            # ax ← ax + μ(θ - ax)
            if isinstance(mu, float) and mu == 1:
                ax[...] = param
            else:
                xp.subtract(param, ax, out=a)
                a *= mu
                ax += a

        return update


asgd = functional_form(ASGD, "axs mus etas state_steps", "lambd lr t0 alpha weight_decay")
