"""Parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...ops import cat, split
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


def flatten_dense_tensors(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors of one dtype as one vector."""
    return cat([x.flatten() for x in tensors])


def unflatten_dense_tensors(flat: Tensor, tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Views of a vector in the tensors' shapes, one after the other."""
    parts = split(flat, [x.numel() for x in tensors])
    return tuple([part.view(x.shape) for part, x in zip(parts, tensors, strict=True)])


def take_tensors(tensors: Iterable[Tensor], size_limit: int) -> Iterator[list[Tensor]]:
    """The tensors in lists of one dtype and device, each of at most ``size_limit`` bytes if it has
    more than one: what is sent in one piece."""
    open_lists: dict[str, list[Tensor]] = {}
    for x in tensors:
        together = open_lists.setdefault(x.type(), [])
        if together and sum(t.nbytes for t in together) + x.nbytes > size_limit:
            yield together
            together = open_lists[x.type()] = []
        together.append(x)
    yield from open_lists.values()


def _check_devices(parameters: list[Tensor]) -> None:
    devices = {p.device for p in parameters}
    if len(devices) > 1:
        raise TypeError(
            "Found two parameters on different devices, this is currently not supported "
            f"(they are on {', '.join(sorted(map(str, devices)))})"
        )
