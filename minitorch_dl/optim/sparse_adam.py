"""Adam for the rows of a table of which few are used (Kingma & Ba 2015)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..autograd import no_grad
from ..tensor import Tensor
from .optimizer import Optimizer, ParamsT, loss_of
from .options import check_options


class SparseAdam(Optimizer):
    """:class:`Adam` that moves only the rows that a sparse gradient has, and only their moments.

    Args: as for :class:`Adam`, without weight decay.

    >>> import minitorch_dl as torch
    >>> table = torch.zeros(3, 1, requires_grad=True)
    >>> optimizer = torch.optim.SparseAdam([table], lr=0.1)
    >>> torch.nn.functional.embedding(torch.tensor([1]), table, sparse=True).sum().backward()
    >>> optimizer.step()
    >>> table.flatten()
    tensor([ 0.0000, -0.1000,  0.0000], grad_fn=<ViewBackward0>)
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize}
        check_options(defaults)
        if not lr > 0:
            raise ValueError(f"Invalid learning rate: {lr}. It must be above 0")
        super().__init__(params, defaults)
        places = [
            ([i, j], param)
            for i, group in enumerate(self.param_groups)
            for j, param in enumerate(group["params"])
        ]
        if sparse := [place for place, param in places if param.is_sparse]:
            raise ValueError(
                f"Sparse params at indices {sparse}: SparseAdam requires dense parameter tensors"
            )
        if numbers := [place for place, param in places if param.is_complex()]:
            raise ValueError(
                f"Complex params at indices {numbers}: SparseAdam does not support complex "
                "parameters"
            )

    @no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters that have a gradient; returns the closure's loss."""
        loss = None if closure is None else loss_of(closure)
        for group in self.param_groups:
            (beta1, beta2), lr = group["betas"], float(group["lr"])
            for param in group["params"]:
                if param.grad is None:
                    continue
                if not param.grad.is_sparse:
                    raise RuntimeError(
                        "SparseAdam does not support dense gradients, please consider Adam instead"
                    )
                grad = (-param.grad if group["maximize"] else param.grad).coalesce()
                state = self.state[param]
                if not state:
                    state["step"] = 0
                    state["exp_avg"] = param.new_zeros(param.shape)
                    state["exp_avg_sq"] = param.new_zeros(param.shape)
                state["step"] += 1
                places, g = tuple(grad.indices()), grad.values()
                m, v = state["exp_avg"], state["exp_avg_sq"]
                m[places] = m[places].lerp(g, 1 - beta1)
                v[places] = v[places].lerp(g * g, 1 - beta2)
                c1, c2 = 1 - beta1 ** state["step"], 1 - beta2 ** state["step"]
                param[places] -= (
                    lr * math.sqrt(c2) / c1 * m[places] / (v[places].sqrt() + group["eps"])
                )
        return loss
