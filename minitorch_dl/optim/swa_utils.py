"""Averages of a model's weights over training: SWA (Izmailov et al. 2018), moving averages."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from typing import Any

from .. import nn
from ..autograd.modes import no_grad
from ..autograd.versions import mark_all_written
from ..ops.from_data import tensor
from ..tensor import Tensor
from .lr_scheduler import LRScheduler
from .lr_scheduler.base import per_group
from .optimizer import Optimizer

__all__ = [
    "SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn",
    "get_swa_multi_avg_fn", "update_bn",
]  # fmt: skip

MultiAverage = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]
Average = Callable[[Tensor, Tensor, Any], Tensor]


def _approach(averages: Sequence[Tensor], currents: Sequence[Tensor], weight: float) -> None:
    """``a ← a + weight · (c - a)`` for each pair, in place; integers are rounded towards zero."""
    for average, current in zip(averages, currents, strict=True):
        step = current.array - average.array
        if average.is_floating_point():
            step *= weight
            average.array += step
        else:
            average.array[...] = average.array + step * weight
    mark_all_written([average.array for average in averages], "AveragedModel.update_parameters")


def _check_decay(decay: float) -> None:
    if not 0.0 <= decay <= 1.0:
        raise ValueError(
            f"Invalid decay value {decay} provided. Please provide a value in [0,1] range."
        )


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAverage:
    """``a ← decay · a + (1 - decay) · θ`` in place for lists of tensors, as ``multi_avg_fn``."""
    _check_decay(decay)

    def ema_update(averages: Sequence[Tensor], currents: Sequence[Tensor], _: Any) -> None:
        _approach(averages, currents, 1 - decay)

    return ema_update


def get_swa_multi_avg_fn() -> MultiAverage:
    """``a ← a + (θ - a) / (n + 1)`` in place for lists of tensors: the mean of all ``θ`` so far."""

    def swa_update(
        averages: Sequence[Tensor], currents: Sequence[Tensor], num_averaged: Any
    ) -> None:
        _approach(averages, currents, 1 / (int(num_averaged) + 1))

    return swa_update


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """``decay · a + (1 - decay) · θ``, as ``avg_fn``."""
    _check_decay(decay)

    @no_grad()
    def ema_update(ema_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_avg_fn() -> Average:
    """``a + (θ - a) / (n + 1)``: the mean of all ``θ`` so far."""

    @no_grad()
    def swa_update(averaged_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


class AveragedModel(nn.Module):
    """A copy of a model that holds the average of its parameters.

    The first update copies, later ones average: by default the plain mean (SWA), else what a
    function says.

    Args:
        model: copied; call :meth:`update_parameters` with it after each step or epoch.
        device: where the copy lives; default where the model does.
        avg_fn: ``(average, parameter, n) -> new average``.
        multi_avg_fn: the same in place for lists of tensors; not both.
        use_buffers: whether buffers are averaged too; otherwise they are copied.

    >>> import minitorch_dl as torch
    >>> from minitorch_dl.optim.swa_utils import AveragedModel
    >>> model = torch.nn.Linear(1, 1, bias=False)
    >>> average = AveragedModel(model)
    >>> for value in (1.0, 2.0, 6.0):
    ...     _ = model.weight.data.fill_(value)
    ...     average.update_parameters(model)
    >>> average.module.weight.item()
    3.0
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: nn.Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: MultiAverage | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    @no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Take ``model``'s parameters into the average."""

        def averaged(module: nn.Module) -> Iterable[Tensor]:
            return itertools.chain(
                module.parameters(), module.buffers() if self.use_buffers else ()
            )

        averages = [p.detach() for p in averaged(self.module)]
        currents = [
            p.detach().to(average.device)
            for p, average in zip(averaged(model), averages, strict=True)
        ]
        if self.n_averaged == 0:
            for average, current in zip(averages, currents):
                average.copy_(current)
        elif self.avg_fn is not None:
            for average, current in zip(averages, currents):
                average.copy_(self.avg_fn(average, current, self.n_averaged.to(average.device)))
        else:
            update = self.multi_avg_fn or get_swa_multi_avg_fn()
            kinds: dict[Any, list[tuple[Tensor, Tensor]]] = {}
            for pair in zip(averages, currents):
                kinds.setdefault((pair[0].device, pair[0].dtype), []).append(pair)
            for alike in kinds.values():
                olds, news = zip(*alike)
                update(olds, news, self.n_averaged)
        if not self.use_buffers:
            for buffer, current in zip(self.module.buffers(), model.buffers(), strict=True):
                buffer.detach().copy_(current.detach().to(buffer.device))
        self.n_averaged += 1


@no_grad()
def update_bn(loader: Iterable[Any], model: nn.Module, device: Any = None) -> None:
    """Recompute the running statistics of the model's BatchNorm layers over one pass through
    ``loader``.

    Args:
        loader: gives batches; of a list or tuple the first element is the input.
        model: usually an :class:`AveragedModel`, whose weights the old statistics don't fit.
        device: where the batches go first.
    """
    kinds = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
    layers = [module for module in model.modules() if isinstance(module, kinds)]
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    was_training = model.training
    model.train()
    try:
        for layer in layers:
            layer.reset_running_stats()
            layer.momentum = None  # a plain mean over the batches
        for batch in loader:
            inputs = batch[0] if isinstance(batch, (list, tuple)) else batch
            model(inputs if device is None else inputs.to(device))
    finally:
        for layer, momentum in zip(layers, momenta):
            layer.momentum = momentum
        model.train(was_training)


class SWALR(LRScheduler):
    """From the current rate to the constant one of SWA, over ``anneal_epochs`` steps.

    ``γₜ = α(t)·swa_lr + (1 - α(t))·γ₀`` with ``α`` going from 0 to 1.

    Args:
        optimizer: the wrapped optimizer.
        swa_lr: the rate to reach, or one for each group.
        anneal_epochs: over how many steps, >= 0.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        last_epoch: steps already made.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        for lr, group in zip(
            per_group("swa_lr", optimizer, swa_lr), optimizer.param_groups, strict=True
        ):
            group["swa_lr"] = lr
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _share(self, step: int) -> float:
        """α: how much of ``swa_lr`` is in the rate after ``step`` steps."""
        t = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return t if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * t)) / 2

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(step - 1), self._share(step)
        lrs = []
        for group in self.optimizer.param_groups:
            # Solved for the first rate, so that what others did to the rate meanwhile stays.
            lr, swa_lr = group["lr"], group["swa_lr"]
            first = swa_lr if before == 1 else (lr - before * swa_lr) / (1 - before)
            lrs.append(swa_lr * now + first * (1 - now))
        return lrs
