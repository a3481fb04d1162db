"""Parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from ...ops import cat
from ...tensor import Tensor

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All parameters flattened, one after the other; gradients flow back into them.

    >>> import minitorch_dl as torch
    >>> torch.nn.utils.parameters_to_vector(torch.nn.Linear(3, 2).parameters()).shape
    torch.Size([8])
    """
    found = list(parameters)
    _check_devices(found)
    return cat([p.view(-1) for p in found])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Point the parameters at consecutive pieces of ``vec``, which they then share memory with.

    Raises:
        TypeError: ``vec`` is no Tensor, or the parameters are on different devices.
        RuntimeError: ``vec`` is shorter than the parameters together.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    found = list(parameters)
    _check_devices(found)
    if vec.numel() < sum(p.numel() for p in found):
        raise RuntimeError(
            f"vector_to_parameters expected a vector of {sum(p.numel() for p in found)} elements, "
            f"one per element of the parameters, but got {vec.numel()}"
        )
    start = 0
    for p in found:
        p.data = vec[start : start + p.numel()].view_as(p).data
        start += p.numel()


def _check_devices(parameters: list[Tensor]) -> None:
    devices = {p.device for p in parameters}
    if len(devices) > 1:
        raise TypeError(
            "Found two parameters on different devices, this is currently not supported "
            f"(they are on {', '.join(sorted(map(str, devices)))})"
        )
