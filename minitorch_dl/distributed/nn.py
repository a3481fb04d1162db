"""Collective calls through which gradients flow; among one process each is the identity."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor

__all__ = [
    "all_gather", "all_reduce", "all_to_all", "all_to_all_single", "broadcast", "gather", "reduce",
    "reduce_scatter", "scatter",
]  # fmt: skip


def all_gather(tensor: Tensor, group: Any = None) -> tuple[Tensor, ...]:
    """The tensors of all processes."""
    return (tensor,)


def gather(tensor: Tensor, dst: int = 0, group: Any = None) -> list[Tensor]:
    """The tensors of all processes, in process ``dst``."""
    return [tensor]


def all_reduce(tensor: Tensor, op: Any = None, group: Any = None) -> Tensor:
    """The tensors of all processes combined."""
    return tensor


def reduce(tensor: Tensor, dst: int, op: Any = None, group: Any = None) -> Tensor:
    """The tensors of all processes combined, in process ``dst``."""
    return tensor


def broadcast(tensor: Tensor, src: int, group: Any = None) -> Tensor:
    """The tensor of process ``src``."""
    return tensor


def scatter(tensors: list[Tensor], src: int = 0, group: Any = None) -> Tensor:
    """This process's tensor of the list of process ``src``."""
    return tensors[0]


def reduce_scatter(
    output: Tensor, input_list: list[Tensor], op: Any = None, group: Any = None
) -> Tensor:
    """This process's entry of the lists of all processes combined."""
    return input_list[0]


def wait_tensor(tensor: Tensor) -> Tensor:
    """The result of a collective call, which is there at once."""
    return tensor


def all_to_all_single_autograd(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """The parts of all processes' tensors that are for this one."""
    return input


def all_to_all(
    output_tensor_list: list[Tensor], input_tensor_list: list[Tensor], group: Any = None
) -> tuple[Tensor, ...]:
    """The entries of all processes' lists that are for this one."""
    return tuple(input_tensor_list)


def all_to_all_single(
    output: Tensor,
    input: Tensor,
    output_split_sizes: list[int] | None = None,
    input_split_sizes: list[int] | None = None,
    group: Any = None,
) -> Tensor:
    """``all_to_all`` of the parts of one tensor."""
    return input
