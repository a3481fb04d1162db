"""``Variable``: PyTorch's old name for a tensor that autograd follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..backend.warning import warn
from .modes import state
from .primitive import TensorBase

VOLATILE = "volatile was removed and now has no effect. Use `with torch.no_grad():` instead."


class _Engine:
    """The methods of PyTorch's engine that programs call."""

    @staticmethod
    def queue_callback(callback: Callable[[], None]) -> None:
        """Call ``callback()`` at the end of the backward pass that is running."""
        if state.backward_pass is None:
            raise RuntimeError("Final callbacks can only be installed during backward pass.")
        state.backward_pass.callbacks.append(callback)


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

    _execution_engine = _Engine()

    def __new__(cls, data: Any, requires_grad: bool = False, volatile: bool | None = None) -> Any:
        if volatile:
            warn(VOLATILE)
        return data.detach().requires_grad_(requires_grad)
