"""Modules for the transforms of ``torch.func``: several as one, and norms without statistics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ops import stack
from .normalization import _BatchNorm

__all__ = ["replace_all_batch_norm_modules_", "stack_module_state"]


def replace_all_batch_norm_modules_(root: Any) -> Any:
    """Have every batch norm in a module use each batch's own statistics, in place, so that calling
    the module changes no buffer."""
    for module in root.modules():
        if isinstance(module, _BatchNorm):
            module.running_mean = module.running_var = module.num_batches_tracked = None
            module.track_running_stats = False
    return root


def stack_module_state(models: Sequence[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters and the buffers of several modules of one kind, stacked: for ``vmap`` over an
    ensemble."""
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if any(m.training != models[0].training for m in models):
        raise RuntimeError(
            "stack_module_state: Expected all models to have the same training/eval mode."
        )
    if any(type(m) is not type(models[0]) for m in models):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")

    def stacked(name: str, tensors: list[Any]) -> Any:
        if any(x.requires_grad != tensors[0].requires_grad for x in tensors):
            raise RuntimeError(
                f"stack_module_state: Expected {name} from each model to have the same "
                ".requires_grad"
            )
        return stack(tensors).detach().requires_grad_(tensors[0].requires_grad)

    trees = [dict(m.named_parameters()) for m in models]
    parameters = {name: stacked(name, [tree[name] for tree in trees]) for name in trees[0]}
    trees = [dict(m.named_buffers()) for m in models]
    buffers = {name: stacked(name, [tree[name] for tree in trees]) for name in trees[0]}
    return parameters, buffers
