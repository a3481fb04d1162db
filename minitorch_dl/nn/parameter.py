"""Parameter and Buffer: the tensors that a module registers when they are assigned to it."""

from __future__ import annotations

from typing import Any

from ..ops import empty
from ..tensor import Tensor

__all__ = ["Buffer", "Parameter"]


class Parameter(Tensor):
    """A tensor that a :class:`Module` registers as its parameter when it is assigned to it.

    ``data``: the tensor whose memory it shares (default: empty); ``requires_grad``: default True,
    under ``no_grad`` too.

    >>> import minitorch_dl as torch
    >>> torch.nn.Parameter(torch.ones(2))
    Parameter containing:
    tensor([1., 1.], requires_grad=True)
    """

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        _share(self, data)
        self.requires_grad_(requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        """A copy of the values, without the gradient: what an optimizer would start from."""
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.detach().clone(), self.requires_grad)
        return memo[id(self)]

    def __repr__(self, **kwargs: Any) -> str:  # type: ignore[override]
        return "Parameter containing:\n" + super().__repr__(**kwargs)


class Buffer(Tensor):
    """A tensor that a :class:`Module` registers as a buffer when it is assigned to it.

    ``persistent``: whether the module's ``state_dict`` holds it. Default: True.
    """

    persistent: bool

    def __init__(self, data: Tensor | None = None, *, persistent: bool = True) -> None:
        _share(self, data)
        self.persistent = persistent


def _share(tensor: Tensor, data: Tensor | None) -> None:
    """Make ``tensor`` a leaf over the memory of ``data``."""
    if data is not None and not isinstance(data, Tensor):
        raise TypeError(f"{type(tensor).__name__}() expected a Tensor, got {type(data).__name__}")
    tensor.array = empty(0).array if data is None else data.array
    tensor.grad = tensor._node = tensor._view = None
