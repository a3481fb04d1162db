"""``Variable``: PyTorch's old name for a tensor that autograd follows."""

from __future__ import annotations

from typing import Any

from .primitive import TensorBase


class _Variables(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, TensorBase)


class Variable(metaclass=_Variables):
    """``Variable(tensor, requires_grad)`` is a tensor on the same memory; every tensor is an
    instance.

    >>> import minitorch_dl as torch
    >>> torch.autograd.Variable(torch.ones(2), requires_grad=True).requires_grad
    True
    """

    def __new__(cls, data: Any, requires_grad: bool = False) -> Any:
        return data.detach().requires_grad_(requires_grad)
