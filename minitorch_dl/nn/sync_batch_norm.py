"""Batch normalisation whose batch is that of all processes."""

from __future__ import annotations

from typing import Any

from ..autograd import no_grad
from ..backend import dtypes
from ..ops import cat, full
from ..tensor import Tensor
from . import functional as F
from .module import Module
from .normalization import _BatchNorm

__all__ = ["SyncBatchNorm"]


class SyncBatchNorm(_BatchNorm):
    """:class:`BatchNorm2d` of any shape, whose statistics in training are those of the batches of
    all processes together; without a process group, of this one's.

    ``μ = Σ x / n`` and ``σ² = Σ (x - μ)² / n``, with sums over all processes; so are those of the
    gradients.

    Args:
        process_group: the processes. Default: all.
    """

    dims = (2, 3, 4, 5)

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )
        self.process_group = process_group

    def _normalize(
        self,
        input: Tensor,
        running_mean: Tensor | None,
        running_var: Tensor | None,
        weight: Tensor | None,
        bias: Tensor | None,
        batch_statistics: bool,
        factor: Any,
        eps: float,
    ) -> Tensor:
        from .. import distributed  # which few programs need

        if (
            not self.training
            or not distributed.is_initialized()
            or distributed.get_world_size(self.process_group) == 1
        ):
            return F.batch_norm(
                input, running_mean, running_var, weight, bias, batch_statistics, factor, eps
            )
        mean, var, count = _statistics(input, self.process_group)
        if running_mean is not None and running_var is not None:
            with no_grad():
                unbiased = var * (count / (count - 1))
                running_mean.mul_(1 - factor).add_(mean * factor)
                running_var.mul_(1 - factor).add_(unbiased * factor)
        shape = [1, -1, *[1] * (input.dim() - 2)]
        y = (input - mean.view(shape)) * (var + eps).rsqrt().view(shape)
        y = y if weight is None else y * weight.view(shape)
        y = y if bias is None else y + bias.view(shape)
        return y.to(input.dtype)

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """``module`` with a SyncBatchNorm of the same parameters for each batch normalisation."""
        converted = module
        if isinstance(module, _BatchNorm):
            converted = SyncBatchNorm(
                module.num_features, module.eps, module.momentum, module.affine,
                module.track_running_stats, process_group, bias=module.bias is not None,
            )  # fmt: skip
            for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
                setattr(converted, name, getattr(module, name))
            converted.training = module.training
        for name, child in module.named_children():
            converted.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return converted


def _statistics(x: Tensor, group: Any) -> tuple[Tensor, Tensor, float]:
    """The mean and biased variance of each channel over all processes, and how many numbers of a
    channel they have."""
    from ..distributed.nn.functional import all_reduce

    wide = x.float() if x.dtype in (dtypes.float16, dtypes.bfloat16) else x
    dims = [0, *range(2, x.dim())]
    count = x.numel() // x.size(1) if x.numel() else 0
    here = full((1,), float(count), dtype=wide.dtype, device=x.device)
    total = all_reduce(cat([wide.sum(dims), here]), group=group)
    n = float(total[-1].detach())
    mean = total[:-1] / n
    shape = [1, -1, *[1] * (x.dim() - 2)]
    var = all_reduce((wide - mean.view(shape)).square().sum(dims), group=group) / n
    return mean, var, n
