"""Adafactor: second moments as the product of a row and a column (Shazeer & Stern 2018)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd import no_grad
from ..backend import capturing
from ..backend.precision import epsilon
from ..ops import tensor
from ..tensor import Tensor
from .optimizer import Optimizer, ParamsT, counts_on_host, loss_of
from .options import check_none_negative, check_one_element


class Adafactor(Optimizer):
    """Adam without momentum whose memory for a matrix is a row and a column.

    With ``b = tᵗᵃᵘ``, ``ρ = min(lr, 1/√t)`` and ``α = max(ε₂, rms(θ)) ρ``:
    ``R ← R + b (mean over columns of g² - R)``; ``C ← C + b (mean over rows of g² - C)``;
    ``V = R C / max(mean(R), ε₁)``; ``u = g / √max(V, ε₁²)``; ``θ ← (1 - lr λ) θ``;
    ``θ ← θ - α u / max(1, rms(u) / d)``. Vectors keep V itself.

    Args:
        params: tensors, named tensors or parameter groups.
        lr: the largest ρ, >= 0.
        beta2_decay: τ <= 0.
        eps: ε₁ (None: the dtype's machine epsilon) and ε₂.
        d: the root mean square from which on an update is clipped, >= 1.
        weight_decay: λ >= 0.
        maximize: ascend instead.
        foreach: accepted.

    >>> import minitorch_dl as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.Adafactor([w])
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.9900], requires_grad=True)
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        check_one_element(lr)
        check_none_negative({"Learning rate": lr, "weight_decay": weight_decay})
        check_none_negative({f"epsilon{i}": bound for i, bound in enumerate(eps, start=1)})
        if beta2_decay > 0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        if d < 1:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        defaults = {
            "lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d, "weight_decay": weight_decay,
            "foreach": foreach, "maximize": maximize,
        }  # fmt: skip
        super().__init__(params, defaults)

    @no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters that have a gradient; returns the closure's loss."""
        loss = None if closure is None else loss_of(closure)
        if capturing():
            raise counts_on_host(self)
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is not None:
                    self._update(param, -param.grad if group["maximize"] else param.grad, group)
        return loss

    def _update(self, param: Tensor, grad: Tensor, group: dict[str, Any]) -> None:
        if param.is_complex():
            raise RuntimeError("Adafactor does not support complex parameters")
        if grad.is_sparse:
            raise RuntimeError(
                "Adafactor does not support sparse gradients: use SparseAdam, or sparse=False"
            )
        state = self.state[param]
        factored = grad.dim() > 1
        if not state:
            state["step"] = tensor(0.0)
            if factored:
                state["row_var"] = grad.new_zeros((*grad.shape[:-1], 1))
                state["col_var"] = grad.new_zeros((*grad.shape[:-2], 1, grad.shape[-1]))
            else:
                state["variance"] = grad.new_zeros(grad.shape)
        state["step"] = tensor(float(state["step"]) + 1)  # a file may hold a number
        t, lr, (eps1, eps2) = float(state["step"]), float(group["lr"]), group["eps"]
        eps1 = epsilon(param.array.dtype) if eps1 is None else eps1
        share = t ** group["beta2_decay"]
        rate = _rms(param).clamp(min=eps2) * min(lr, t**-0.5)
        if group["weight_decay"]:
            param.mul_(1 - lr * group["weight_decay"])
        if factored:
            row, column = state["row_var"], state["col_var"]
            row.lerp_(grad.square().mean(-1, keepdim=True), share)
            column.lerp_(grad.square().mean(-2, keepdim=True), share)
            variance = (row @ column) / row.mean(-2, keepdim=True).clamp(min=eps1)
        else:
            variance = state["variance"].lerp_(grad.square(), share)
        update = grad * variance.clamp(min=eps1 * eps1).rsqrt()
        param.sub_(update * (rate / (_rms(update) / group["d"]).clamp(min=1.0)))


def _rms(x: Tensor) -> Tensor:
    """The root mean square, which stays on the device."""
    return x.norm() / max(x.numel(), 1) ** 0.5
