"""Clipping gradients by their norm or value."""

from __future__ import annotations

from collections.abc import Iterable
from types import GeneratorType
from typing import Any

from ...autograd import no_grad
from ...autograd.versions import mark_all_written
from ...backend import array_module, device_of
from ...backend.warning import warn
from ...linalg import vector_norm
from ...ops import clamp, isfinite, stack, tensor
from ...tensor import Tensor

__all__ = [
    "clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_",
    "get_total_norm",
]  # fmt: skip

Tensors = Tensor | Iterable[Tensor]


def _listed(tensors: Tensors) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _parameters(given: Tensors) -> list[Tensor]:
    found = _listed(given)
    if not found and isinstance(given, GeneratorType):  # exhausted, it may be
        warn("`parameters` is an empty generator, no gradient clipping will occur.")
    return found


def _gradients(parameters: list[Tensor]) -> list[Tensor]:
    return [p.grad for p in parameters if p.grad is not None]


@no_grad()
def get_total_norm(
    tensors: Tensors,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of all tensors together, as if they were one vector; 0 of none.

    Args:
        norm_type: p of the p-norm; ``inf`` for the largest magnitude.
        error_if_nonfinite: raise RuntimeError when the norm is nan or infinite.
        foreach: accepted for PyTorch's sake; the result is the same.

    >>> import minitorch_dl as torch
    >>> torch.nn.utils.get_total_norm([torch.tensor([3.0]), torch.tensor([4.0])])
    tensor(5.)
    """
    norm_type = float(norm_type)
    norms = [vector_norm(t, norm_type) for t in _listed(tensors)]
    if not norms:
        return tensor(0.0)
    if len({norm.device for norm in norms}) > 1:
        norms = [norm.to(norms[0].device) for norm in norms]
    total = vector_norm(stack(norms), norm_type)
    if error_if_nonfinite and not isfinite(total):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, "
            "so it cannot be clipped. To disable this error and scale the gradients by the "
            "non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return total


@no_grad()
def clip_grads_with_norm_(
    parameters: Tensors, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale the gradients by ``min(1, max_norm / (total_norm + 1e-6))``, in place."""
    # Multiplying by 1 where nothing is to be clipped spares the device a synchronisation.
    factor = clamp(float(max_norm) / (total_norm + 1e-6), max=1.0)
    arrays = [grad.array for grad in _gradients(_parameters(parameters))]
    factors: dict[Any, Any] = {}
    for array in arrays:
        where = device_of(array)
        if where not in factors:
            factors[where] = factor.to(where).array
        # In the wider dtype, rounded once: 16-bit gradients keep their last digit.
        array_module(array).multiply(array, factors[where], out=array, casting="unsafe")
    mark_all_written(arrays, "clip_grads_with_norm_")


@no_grad()
def clip_grad_norm_(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients in place so that their norm together is at most ``max_norm``.

    Returns:
        The norm before.

    >>> import minitorch_dl as torch
    >>> p = torch.nn.Parameter(torch.zeros(2))
    >>> p.grad = torch.tensor([3.0, 4.0])
    >>> torch.nn.utils.clip_grad_norm_([p], max_norm=1.0), p.grad
    (tensor(5.), tensor([0.6000, 0.8000]))
    """
    parameters = _parameters(parameters)
    total = get_total_norm(_gradients(parameters), norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(parameters, max_norm, total, foreach)
    return total


def clip_grad_norm(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """PyTorch's old name of :func:`clip_grad_norm_`."""
    warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of "
        "`torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


@no_grad()
def clip_grad_value_(parameters: Tensors, clip_value: float, foreach: bool | None = None) -> None:
    """Clamp every gradient to ``[-clip_value, clip_value]``, in place.

    >>> import minitorch_dl as torch
    >>> p = torch.nn.Parameter(torch.zeros(2))
    >>> p.grad = torch.tensor([0.5, -4.0])
    >>> torch.nn.utils.clip_grad_value_(p, 1.0)
    >>> p.grad
    tensor([ 0.5000, -1.0000])
    """
    clip_value = float(clip_value)
    for p in _listed(parameters):
        grad: Any = p.grad
        if grad is not None:
            grad.clamp_(min=-clip_value, max=clip_value)
