"""PyTorch's wrapper for several GPUs of a process; here a module runs on one device."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from ..module import Module

__all__ = [
    "DataParallel", "data_parallel", "gather", "parallel_apply",
    "replicate", "scatter", "scatter_kwargs",
]  # fmt: skip


class DataParallel(Module):
    """Call ``module``, whose parameters are found under that name as in PyTorch's checkpoints.

    Args:
        module: what to call.
        device_ids, output_device, dim: accepted for PyTorch's sake: the batch is not split.

    >>> import minitorch_dl as torch
    >>> list(torch.nn.DataParallel(torch.nn.Linear(2, 1)).state_dict())
    ['module.weight', 'module.bias']
    """

    def __init__(
        self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0
    ) -> None:
        super().__init__()
        self.module = module
        self.device_ids: list[int] = []

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)


def data_parallel(
    module: Module,
    inputs: Any,
    device_ids: Any = None,
    output_device: Any = None,
    dim: int = 0,
    module_kwargs: dict[str, Any] | None = None,
) -> Any:
    """``module(*inputs)``; ``inputs`` is a tuple or the only argument."""
    args = inputs if isinstance(inputs, tuple) else (inputs,)
    return module(*args, **(module_kwargs or {}))


def _one_device(op: str, devices: Any) -> Any:
    if len(devices) != 1:
        raise RuntimeError(f"{op}: a module runs on one device here, got {list(devices)}")
    return devices[0]


def _moved(value: Any, device: Any) -> Any:
    """The tensors in nested containers on a device."""
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, dict):
        return {key: _moved(item, device) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_moved(item, device) for item in value))
    if isinstance(value, (list, tuple)):
        return type(value)(_moved(item, device) for item in value)
    return value


def scatter(inputs: Any, target_gpus: Any, dim: int = 0) -> list[Any]:
    """The tensors in ``inputs`` on the one device named, in a list of one."""
    device = _one_device("scatter", target_gpus)
    return [_moved(inputs, device)]


def scatter_kwargs(
    inputs: tuple[Any, ...], kwargs: dict[str, Any] | None, target_gpus: Any, dim: int = 0
) -> tuple[tuple[tuple[Any, ...], ...], tuple[dict[str, Any], ...]]:
    """The arguments of a call on the one device named, each kind in a tuple of one."""
    return tuple(scatter(inputs, target_gpus)), tuple(scatter(kwargs or {}, target_gpus))


def gather(outputs: Any, target_device: Any, dim: int = 0) -> Any:
    """The results of a list of one, on a device."""
    (output,) = outputs
    return _moved(output, target_device)


def replicate(network: Module, devices: Any, detach: bool = False) -> list[Module]:
    """The module, for the one device named, in a list of one."""
    _one_device("replicate", devices)
    return [network]


def parallel_apply(
    modules: Any, inputs: Any, kwargs_tup: Any = None, devices: Any = None
) -> list[Any]:
    """Each module called with its arguments, one after the other."""
    options = [{}] * len(modules) if kwargs_tup is None else kwargs_tup
    return [
        module(*(given if isinstance(given, (tuple, list)) else (given,)), **kwargs)
        for module, given, kwargs in zip(modules, inputs, options)
    ]
