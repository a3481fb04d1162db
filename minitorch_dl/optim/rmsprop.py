"""RMSprop (Tieleman & Hinton 2012, lecture 6.5), and its centered form (Graves 2013)."""

from __future__ import annotations

from typing import Any

from ..backend.precision import rounded_number, rounding_like
from ..tensor import Tensor
from .flat import Update
from .functional_form import functional_form
from .optimizer import ParamsT
from .options import check_not_negative
from .rule import RuleOptimizer, plus_decay


class RMSprop(RuleOptimizer):
    """Gradient descent divided by a running root mean square of the gradient.

    ``g ← ∇f(θ) + λθ``; ``v ← αv + (1 - α)g²``; centered: ``ḡ ← αḡ + (1 - α)g`` and ``v - ḡ²`` in
    the place of ``v``; ``d = g / (√v + ε)``; ``θ ← θ - γd``, or with momentum ``b ← μb + d`` and
    ``θ ← θ - γb``.

    Args:
        params: tensors, named tensors or parameter groups.
        lr: γ >= 0.
        alpha: α >= 0, the decay rate of the average.
        eps: ε >= 0, added to the root.
        weight_decay: λ >= 0.
        momentum: μ >= 0.
        centered: subtract the squared mean, so that the root is a standard deviation.
        maximize: ascend instead.
        capturable: count the steps on the parameters' device, so that a step can be recorded in a
            CUDA graph; on the CPU without effect.
        foreach: accepted; the update is always fused.

    >>> import minitorch_dl as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.RMSprop([w], lr=0.01)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_not_negative("alpha value", alpha)
        defaults = {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def moments(self, group: dict[str, Any]) -> dict[str, float]:
        names = ["square_avg"]
        if group["momentum"] > 0:
            names.append("momentum_buffer")
        if group["centered"]:
            names.append("grad_avg")
        return dict.fromkeys(names, 0.0)

    def rule(self, xp: Any, group: dict[str, Any], scalars: dict[str, Any], fresh: bool) -> Update:
        (lr,) = self.numbers(xp, group, group["lr"])
        eps, weight_decay = group["eps"], float(group["weight_decay"])
        alpha, momentum = group["alpha"], group["momentum"]
        scalars["step"] += 1

        def update(
            param: Any,
            grad: Any,
            work: Any,
            square_avg: Any,
            momentum_buffer: Any = None,
            grad_avg: Any = None,
        ) -> None:
            g, v, a = plus_decay(xp, grad, param, weight_decay, work), square_avg, work[1]
            # v ← αv + (1 - α)g²
            xp.multiply(g, g, out=a)
            a *= 1 - alpha
            v *= alpha
            v += a
            root = rounding_like(a, v)
            if grad_avg is None:
                xp.sqrt(v, out=root)
            else:
                # ḡ ← ḡ + (1 - α)(g - ḡ)
                xp.subtract(g, grad_avg, out=a)
                a *= 1 - alpha
                grad_avg += a
                xp.multiply(grad_avg, grad_avg, out=a)
                xp.subtract(v, a, out=root)
                xp.sqrt(root, out=root)
            root += rounded_number(eps, v)
            xp.divide(g, a, out=a)
            if momentum_buffer is not None:
                momentum_buffer *= momentum
                momentum_buffer += a
                xp.multiply(momentum_buffer, rounded_number(lr, param), out=a)
            else:
                a *= lr
            param -= a

        return update


rmsprop = functional_form(
    RMSprop,
    "square_avgs grad_avgs momentum_buffer_list state_steps",
    "lr alpha eps weight_decay momentum centered",
)
