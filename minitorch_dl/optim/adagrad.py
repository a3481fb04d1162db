"""Adagrad (Duchi, Hazan & Singer 2011)."""

from __future__ import annotations

from typing import Any

from ..backend.precision import rounded_number, rounding_like
from ..nn.parameter import refuse_lazy
from ..tensor import Tensor
from .flat import Update
from .functional_form import functional_form
from .optimizer import ParamsT
from .rule import RuleOptimizer, plus_decay


class Adagrad(RuleOptimizer):
    """Gradient descent divided by the root of the sum of all squared gradients.

    ``g ← ∇f(θ) + λθ``; ``s ← s + g²``; ``θ ← θ - γ/(1 + (t - 1)η) · g / (√s + ε)``.

    Args:
        params: tensors, named tensors or parameter groups.
        lr: γ >= 0.
        lr_decay: η >= 0.
        weight_decay: λ >= 0.
        initial_accumulator_value: ``s`` at the start, >= 0.
        eps: ε >= 0, added to the root.
        maximize: ascend instead.
        foreach, fused: accepted; the update is always fused.

    >>> import minitorch_dl as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.Adagrad([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        defaults = {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, defaults)
        for index, group in enumerate(self.param_groups):
            refuse_lazy("Adagrad", group["params"])
            self._lay_out(index, group, group["params"])

    def share_memory(self) -> None:
        """Move the state to memory that processes share, for training from several."""
        for state in self.state.values():
            for value in state.values():
                value.share_memory_()

    def moments(self, group: dict[str, Any]) -> dict[str, float]:
        return {"sum": group["initial_accumulator_value"]}

    def step_rows(self, group: dict[str, Any], param: Tensor, grad: Any) -> Any:
        if group["weight_decay"]:
            raise RuntimeError("weight_decay option is not compatible with sparse gradients")
        state, grad = self.state[param], (-grad if group["maximize"] else grad).coalesce()
        state["step"] += 1
        step_size = float(group["lr"]) / (1 + (float(state["step"]) - 1) * group["lr_decay"])
        places, g, s = tuple(grad.indices()), grad.values(), state["sum"]
        s[places] += g * g
        param[places] -= step_size * g / (s[places].sqrt() + group["eps"])
        return None

    def rule(self, xp: Any, group: dict[str, Any], scalars: dict[str, Any], fresh: bool) -> Update:
        eps, weight_decay = group["eps"], float(group["weight_decay"])
        scalars["step"] += 1
        lr, t = self.numbers(xp, group, group["lr"], scalars["step"])
        step_size = lr / (1 + (t - 1) * group["lr_decay"])

        def update(param: Any, grad: Any, work: Any, sum: Any) -> None:
            g, a = plus_decay(xp, grad, param, weight_decay, work), work[1]
            sum += xp.multiply(g, g, out=a)
            root = rounding_like(a, sum)
            xp.sqrt(sum, out=root)
            root += rounded_number(eps, sum)
            xp.divide(g, a, out=a)
            a *= step_size
            param -= a

        return update


adagrad = functional_form(
    Adagrad,
    "state_sums state_steps",
    "lr weight_decay lr_decay eps maximize",
)
