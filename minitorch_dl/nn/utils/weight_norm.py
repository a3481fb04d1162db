"""Weight normalisation by a forward pre-hook (PyTorch's old style)."""

from __future__ import annotations

from typing import Any, TypeVar

from ...backend.warning import warn
from ...linalg import vector_norm
from ...tensor import Tensor
from ..module import Module
from ..parameter import Parameter, refuse_lazy

__all__ = ["WeightNorm", "norm_except_dim", "remove_weight_norm", "weight_norm"]

M = TypeVar("M", bound=Module)


def norm_except_dim(v: Tensor, dim: int) -> Tensor:
    """The 2-norm of ``v`` over all axes but ``dim``, kept with size 1; for -1 of the whole, 0-d."""
    if dim == -1:
        return vector_norm(v)
    if not 0 <= dim < v.ndim:
        raise IndexError(f"weight_norm: expected dim in [0, {v.ndim - 1}] or -1, got {dim}")
    axes = tuple(i for i in range(v.ndim) if i != dim)
    return vector_norm(v, dim=axes, keepdim=True) if axes else v.abs()


def normalized(v: Tensor, g: Tensor, dim: int) -> Tensor:
    """``w = g v / |v|``; Salimans and Kingma, 2016."""
    return v * (g / norm_except_dim(v, dim))


class WeightNorm:
    """The hook that computes the weight from its length ``<name>_g`` and direction ``<name>_v``."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name = name
        self.dim = -1 if dim is None else dim

    def compute_weight(self, module: Module) -> Tensor:
        """The weight from length and direction."""
        g, v = getattr(module, f"{self.name}_g"), getattr(module, f"{self.name}_v")
        return normalized(v, g, self.dim)

    @staticmethod
    def apply(module: Module, name: str, dim: int | None) -> WeightNorm:
        """Replace the parameter ``name`` by its two parts and hook the module."""
        for hook in module._forward_pre_hooks.values():
            if isinstance(hook, WeightNorm) and hook.name == name:
                raise RuntimeError(
                    f"Cannot register two weight_norm hooks on the same parameter {name}"
                )
        hook = WeightNorm(name, dim)
        weight = getattr(module, name)
        refuse_lazy("weight_norm", [weight])
        g = norm_except_dim(weight, hook.dim).detach()
        del module._parameters[name]
        module.register_parameter(f"{name}_g", Parameter(g))
        module.register_parameter(f"{name}_v", Parameter(weight.detach()))
        setattr(module, name, hook.compute_weight(module))
        module.register_forward_pre_hook(hook)
        return hook

    def remove(self, module: Module) -> None:
        """Make the weight one parameter again."""
        weight = self.compute_weight(module).detach()
        delattr(module, self.name)
        del module._parameters[f"{self.name}_g"]
        del module._parameters[f"{self.name}_v"]
        setattr(module, self.name, Parameter(weight))

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module))


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Learn a weight's length and direction apart: ``w = g v / |v|``; Salimans and Kingma, 2016.

    Replaces the parameter ``name`` by ``<name>_g`` and ``<name>_v``. ``dim``: the axis along which
    each index has a length of its own; None: one length for all.
    :func:`minitorch_dl.nn.utils.parametrizations.weight_norm` is the newer way.
    """
    warn(
        "`torch.nn.utils.weight_norm` is deprecated in favor of "
        "`torch.nn.utils.parametrizations.weight_norm`.",
        FutureWarning,
    )
    WeightNorm.apply(module, name, dim)
    return module


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Undo :func:`weight_norm`, keeping the weight's values."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, WeightNorm) and hook.name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(f"weight_norm of '{name}' not found in {module}")
