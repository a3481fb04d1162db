"""Tensors in nested containers on the one device of a module, and back."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor

__all__ = ["gather", "scatter", "scatter_kwargs"]


def one_device(op: str, devices: Any) -> Any:
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
    device = one_device("scatter", target_gpus)
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
