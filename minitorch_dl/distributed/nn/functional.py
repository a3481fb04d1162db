"""Collective calls through which gradients flow. The derivative of each is another of them, among
the same processes, which must all run the backward pass.

They return new tensors: ``all_reduce(x)`` leaves ``x`` as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...autograd import Function
from ...ops import cat, empty, empty_like, zeros_like
from ...tensor import Tensor
from .. import communication as calls
from ..groups import get_rank, get_world_size, group_of, resolve_rank
from ..process_group import ReduceOp

__all__ = [
    "all_gather", "all_reduce", "all_to_all", "all_to_all_single", "broadcast", "gather", "reduce",
    "reduce_scatter", "scatter",
]  # fmt: skip


class _AllReduce(Function):
    """y = x₀ + x₁ + ..., for all; so g for each is g₀ + g₁ + ..."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, op: Any, group: Any) -> Any:
        ctx.op, ctx.group = op, group
        y = x.detach().clone()
        calls.all_reduce(y, op, group)
        return y

    @staticmethod
    def backward(ctx: Any, *g: Any) -> Any:
        return _AllReduce.apply(g[0], ctx.op, ctx.group), None, None


class _Reduce(Function):
    """y = x₀ + x₁ + ..., for ``dst``; so g of ``dst`` for each."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, dst: int, op: Any, group: Any) -> Any:
        ctx.dst, ctx.group = dst, group
        y = x.detach().clone()
        calls.reduce(y, dst, op, group)
        return y

    @staticmethod
    def backward(ctx: Any, *g: Any) -> Any:
        return _Broadcast.apply(g[0], ctx.dst, ctx.group), None, None, None


class _Broadcast(Function):
    """y = x of ``src``, for all; so g₀ + g₁ + ... for ``src``, and 0 for the others."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, src: int, group: Any) -> Any:
        ctx.src, ctx.group = src, group
        y = x.detach().clone()
        calls.broadcast(y, src, group)
        return y

    @staticmethod
    def backward(ctx: Any, *g: Any) -> Any:
        gx = _Reduce.apply(g[0], ctx.src, ReduceOp.SUM, ctx.group)
        return gx if get_rank() == ctx.src else zeros_like(gx), None, None


class _Gather(Function):
    """yᵢ = xᵢ, in ``dst``; in the others all are 0. So gᵢ of ``dst`` for rank i."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, dst: int, group: Any) -> Any:
        ctx.dst, ctx.group = dst, group
        parts = [zeros_like(x) for _ in range(get_world_size(group))]
        calls.gather(x.contiguous(), parts if get_rank() == dst else None, dst, group)
        return tuple(parts)

    @staticmethod
    def backward(ctx: Any, *g: Any) -> Any:
        return _Scatter.apply(ctx.dst, ctx.group, *g), None, None


class _Scatter(Function):
    """y = xᵢ of ``src`` for rank i; so gᵢ for ``src``, and 0 for the others."""

    @staticmethod
    def forward(ctx: Any, src: int, group: Any, *parts: Tensor) -> Any:
        ctx.src, ctx.group = src, group
        y = empty_like(parts[0])
        calls.scatter(y, list(parts) if get_rank() == src else None, src, group)
        return y

    @staticmethod
    def backward(ctx: Any, *g: Any) -> Any:
        return None, None, *_Gather.apply(g[0], ctx.src, ctx.group)


class _AllGather(Function):
    """yᵢ = xᵢ, for all; so for rank i the sum of what all have for gᵢ."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, group: Any) -> Any:
        ctx.group = group
        parts = [empty_like(x) for _ in range(get_world_size(group))]
        calls.all_gather(parts, x, group)
        return tuple(parts)

    @staticmethod
    def backward(ctx: Any, *g: Any) -> Any:
        return _ReduceScatter.apply(ReduceOp.SUM, ctx.group, *g), None


class _ReduceScatter(Function):
    """y = the sum of what all have for xᵢ, in rank i; so gᵢ from each."""

    @staticmethod
    def forward(ctx: Any, op: Any, group: Any, *parts: Tensor) -> Any:
        ctx.group = group
        y = empty_like(parts[get_rank(group)])
        calls.reduce_scatter(y, list(parts), op, group)
        return y

    @staticmethod
    def backward(ctx: Any, *g: Any) -> Any:
        return None, None, *_AllGather.apply(g[0], ctx.group)


class _AllToAll(Function):
    """Part i of rank j goes to rank i as its part j; so do the gradients, back.

    Args:
        sizes: those of the parts that come, along their first dimension.
    """

    @staticmethod
    def forward(ctx: Any, sizes: Sequence[int] | None, group: Any, *parts: Tensor) -> Any:
        ctx.group = group
        ctx.sizes = None if sizes is None else [len(part) for part in parts]
        if sizes is None:
            outs = [empty_like(part) for part in parts]
        else:
            outs = [empty(n, *parts[0].shape[1:], dtype=parts[0].dtype) for n in sizes]
        calls.all_to_all(outs, list(parts), group)
        return tuple(outs)

    @staticmethod
    def backward(ctx: Any, *g: Any) -> Any:
        return None, None, *_AllToAll.apply(ctx.sizes, ctx.group, *g)


def _root(rank: int, group: Any) -> int:
    resolve_rank(group_of(group), rank, None)
    return rank


def all_gather(tensor: Tensor, group: Any = None) -> tuple[Tensor, ...]:
    """The tensors of all processes."""
    return _AllGather.apply(tensor, group)


def gather(tensor: Tensor, dst: int = 0, group: Any = None) -> tuple[Tensor, ...]:
    """The tensors of all processes, in process ``dst``; in the others zeros."""
    return _Gather.apply(tensor, _root(dst, group), group)


def all_reduce(tensor: Tensor, op: Any = ReduceOp.SUM, group: Any = None) -> Tensor:
    """The tensors of all processes combined."""
    return _AllReduce.apply(tensor, op, group)


def reduce(tensor: Tensor, dst: int, op: Any = ReduceOp.SUM, group: Any = None) -> Tensor:
    """The tensors of all processes combined, in process ``dst``; in the others their own."""
    return _Reduce.apply(tensor, _root(dst, group), op, group)


def broadcast(tensor: Tensor, src: int, group: Any = None) -> Tensor:
    """The tensor of process ``src``."""
    return _Broadcast.apply(tensor, _root(src, group), group)


def scatter(tensors: Sequence[Tensor], src: int = 0, group: Any = None) -> Tensor:
    """This process's tensor of the list of process ``src``."""
    return _Scatter.apply(_root(src, group), group, *tensors)


def reduce_scatter(
    output: Tensor, input_list: Sequence[Tensor], op: Any = ReduceOp.SUM, group: Any = None
) -> Tensor:
    """This process's entry of the lists of all processes combined."""
    return _ReduceScatter.apply(op, group, *input_list)


def all_to_all(
    output_tensor_list: Sequence[Tensor], input_tensor_list: Sequence[Tensor], group: Any = None
) -> tuple[Tensor, ...]:
    """The entries of all processes' lists that are for this one."""
    sizes = [len(out) for out in output_tensor_list] if output_tensor_list[0].dim() else None
    return _AllToAll.apply(sizes, group, *input_tensor_list)


def all_to_all_single(
    output: Tensor,
    input: Tensor,
    output_split_sizes: Sequence[int] | None = None,
    input_split_sizes: Sequence[int] | None = None,
    group: Any = None,
) -> Tensor:
    """:func:`all_to_all` of the parts of one tensor."""
    n = get_world_size(group)
    parts = input.split(list(input_split_sizes) if input_split_sizes else len(input) // n)
    sizes = list(output_split_sizes) if output_split_sizes else [len(output) // n] * n
    return cat(_AllToAll.apply(sizes, group, *parts))


def all_to_all_single_autograd(
    input: Tensor,
    output_split_sizes: Sequence[int] | None,
    input_split_sizes: Sequence[int] | None,
    group: Any,
) -> Tensor:
    """:func:`all_to_all_single` as ``torch.distributed._functional_collectives`` has it."""
    rows = sum(output_split_sizes) if output_split_sizes else len(input)
    output = empty(rows, *input.shape[1:], dtype=input.dtype)
    return all_to_all_single(output, input, output_split_sizes, input_split_sizes, group)


def wait_tensor(tensor: Tensor) -> Tensor:
    """The result of a collective call, which is there at once."""
    return tensor
