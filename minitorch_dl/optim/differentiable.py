"""Steps that autograd records, for ``differentiable=True``.

An optimizer's rule writes to arrays in place. Here it is given cells instead of arrays: a cell
holds a tensor, and what is written to the cell is from then on the tensor that it holds. So the
rule stays as it is, and the new parameter is a function of the old one, the gradient, the state and
the learning rate.
"""

from __future__ import annotations

from typing import Any

from .. import ops
from ..autograd.modes import enable_grad
from ..tensor import Tensor


class Cell:
    """A tensor, in the place of an array that a rule writes to."""

    def __init__(self, value: Any = None) -> None:
        self.value = value

    def __iadd__(self, other: Any) -> Cell:
        self.value = self.value + held(other)
        return self

    def __isub__(self, other: Any) -> Cell:
        self.value = self.value - held(other)
        return self

    def __imul__(self, other: Any) -> Cell:
        self.value = self.value * held(other)
        return self

    def __itruediv__(self, other: Any) -> Cell:
        self.value = self.value / held(other)
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        self.value = ops.expand_as(held(value), self.value)  # the rules write whole arrays

    def fill(self, number: float) -> None:
        self.value = ops.full_like(self.value, number)

    def __gt__(self, other: Any) -> Any:
        return self.value > held(other)

    def __lt__(self, other: Any) -> Any:
        return self.value < held(other)


def held(value: Any) -> Any:
    """The tensor in a cell; anything else as it is."""
    return value.value if isinstance(value, Cell) else value


class Recording:
    """The functions of an array module that rules call, over cells."""

    __name__ = "recording"

    def __getattr__(self, name: str) -> Any:
        op = getattr(ops, name)

        def call(*operands: Any, out: Cell | None = None) -> Cell:
            like = next(held(x) for x in operands if isinstance(x, Cell))
            tensors = [
                held(x) if isinstance(x, (Cell, Tensor)) else like.new_tensor(x) for x in operands
            ]
            return _write(op(*tensors), out)

        return call

    def copyto(self, out: Cell, value: float, where: Any) -> None:
        out.value = ops.where(where, value, out.value)


def _write(value: Any, out: Cell | None) -> Cell:
    if out is None:
        return Cell(value)
    out.value = value
    return out


RECORDING = Recording()


def step(optimizer: Any, group: dict[str, Any]) -> None:
    """Update the parameters of a group by the optimizer's rule, and record how.

    The parameters are written in place, so leaves that require a gradient are refused; what the
    state holds is replaced.
    """
    given = {**group, "lr": Cell(group["lr"]), "capturable": False}
    with enable_grad():
        for p in group["params"]:
            if p.grad is not None:
                _step_parameter(optimizer, group, given, p)


def _step_parameter(
    optimizer: Any, group: dict[str, Any], given: dict[str, Any], p: Tensor
) -> None:
    state = optimizer.state[p]
    moments, scalars = optimizer.moments(group), optimizer.scalars(given)
    fresh = any(name not in state for name in (*moments, *scalars))
    numbers = {name: _number(state.get(name, first)) for name, first in scalars.items()}
    cells = {
        name: Cell(_real(state[name]) if name in state else ops.full_like(_real(p), first))
        for name, first in moments.items()
    }
    param, grad = Cell(_real(p.clone())), Cell(_real(-p.grad if group["maximize"] else p.grad))
    work = [Cell() for _ in range(optimizer.work + 1)]
    update = optimizer.rule(RECORDING, given, numbers, fresh)
    update(param, grad, work, **cells)
    p.copy_(ops.view_as_complex(param.value) if p.is_complex() else param.value)
    for name, number in ((name, held(number)) for name, number in numbers.items()):
        state[name] = number if isinstance(number, Tensor) else ops.tensor(number, dtype=None)
    for name, cell in cells.items():
        state[name] = ops.view_as_complex(cell.value) if p.is_complex() else cell.value


def _number(value: Any) -> Any:
    if isinstance(value, Tensor):
        return Cell(value) if value.requires_grad else value.item()
    return value


def _real(tensor: Tensor) -> Tensor:
    """Complex numbers as pairs."""
    return ops.view_as_real(tensor) if tensor.is_complex() else tensor
