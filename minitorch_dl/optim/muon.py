"""Muon: momentum whose update is an almost orthogonal matrix (Jordan et al. 2024)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..autograd import no_grad
from ..tensor import Tensor
from .optimizer import Optimizer, ParamsT, loss_of
from .options import check_none_negative, check_one_element


class Muon(Optimizer):
    """``B ← μB + (1 - μ)g``; ``θ ← (1 - γλ)θ - γ' O``, O being the orthogonal matrix next to B, or
    next to ``(1 - μ)g + μB`` with ``nesterov``.

    O is found by steps of Newton and Schulz: ``X ← aX + (b XXᵀ + c (XXᵀ)²) X``, in bfloat16. It is
    for the matrices of hidden layers; biases and embeddings belong to another optimizer.

    Args:
        params: matrices, named matrices or parameter groups.
        lr: γ >= 0.
        weight_decay: λ >= 0.
        momentum: μ >= 0.
        nesterov: look ahead by one step.
        ns_coefficients, ns_steps: (a, b, c), and how many steps.
        eps: the least norm that a matrix is divided by.
        adjust_lr_fn: γ' of an (A, B) matrix: "original" (None) is ``γ √max(1, A/B)``,
            "match_rms_adamw" is ``0.2 γ √max(A, B)``.

    >>> import minitorch_dl as torch
    >>> w = torch.eye(2, requires_grad=True)
    >>> optimizer = torch.optim.Muon([w], lr=0.1)
    >>> w.sum().backward()
    >>> optimizer.step()
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        check_one_element(lr)
        check_none_negative(
            {"Learning rate": lr, "momentum": momentum, "weight decay": weight_decay}
        )
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        if ns_steps >= 100:
            raise ValueError(f"ns_steps must be less than 100, got {ns_steps}")
        defaults = {
            "lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov,
            "ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }  # fmt: skip
        super().__init__(params, defaults)
        for group in self.param_groups:
            for param in group["params"]:
                if param.dim() != 2:
                    raise ValueError(
                        "Muon only supports 2D parameters whereas we found a parameter with size: "
                        f"{param.shape}"
                    )

    @no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters that have a gradient; returns the closure's loss."""
        loss = None if closure is None else loss_of(closure)
        for group in self.param_groups:
            lr, momentum = float(group["lr"]), group["momentum"]
            for param in group["params"]:
                grad = param.grad
                if grad is None:
                    continue
                if param.is_complex():
                    raise RuntimeError("Muon does not support complex parameters")
                state = self.state[param]
                if "momentum_buffer" not in state:
                    state["momentum_buffer"] = grad.new_zeros(grad.shape)
                buffer = state["momentum_buffer"].lerp_(grad, 1 - momentum)
                update = grad.lerp(buffer, momentum) if group["nesterov"] else buffer
                update = _orthogonalized(
                    update, group["ns_coefficients"], group["ns_steps"], group["eps"]
                )
                param.mul_(1 - lr * group["weight_decay"])
                param.sub_(update, alpha=_adjusted(lr, group["adjust_lr_fn"], *param.shape))
        return loss


def _orthogonalized(x: Tensor, coefficients: tuple[float, ...], steps: int, eps: float) -> Tensor:
    """``U Vᵀ`` of ``x = U S Vᵀ``, about: the singular values come to lie between 0.5 and 1.5."""
    a, b, c = coefficients
    tall = x.shape[0] > x.shape[1]
    x = x.T.bfloat16() if tall else x.bfloat16()
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        square = x @ x.T
        x = x.addmm(square.addmm(square, square, beta=b, alpha=c), x, beta=a)
    return x.T if tall else x


def _adjusted(lr: float, rule: str | None, rows: int, columns: int) -> float:
    if rule == "match_rms_adamw":
        return lr * 0.2 * math.sqrt(max(rows, columns))
    return lr * math.sqrt(max(1, rows / columns))
