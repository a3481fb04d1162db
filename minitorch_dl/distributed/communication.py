"""The collective calls on tensors: ``all_reduce``, ``broadcast``, ``all_gather``, ..."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from ..autograd import no_grad
from ..backend import to_host
from ..sparse import sparse_coo_tensor
from ..tensor import Tensor
from . import collectives
from .groups import group_of, is_member, resolve_rank
from .process_group import ReduceOp, Work

__all__ = [
    "all_gather", "all_gather_coalesced", "all_gather_into_tensor", "all_reduce",
    "all_reduce_coalesced", "all_to_all", "all_to_all_single", "barrier", "broadcast", "gather",
    "monitored_barrier", "reduce", "reduce_scatter", "reduce_scatter_tensor", "scatter",
]  # fmt: skip

_UFUNCS = {
    ReduceOp.SUM: np.add,
    ReduceOp.AVG: np.add,
    ReduceOp.PRODUCT: np.multiply,
    ReduceOp.MIN: np.minimum,
    ReduceOp.MAX: np.maximum,
    ReduceOp.BAND: np.bitwise_and,
    ReduceOp.BOR: np.bitwise_or,
    ReduceOp.BXOR: np.bitwise_xor,
}


def values(tensor: Tensor) -> np.ndarray:
    """A tensor's numbers in the host's memory, in order."""
    return np.ascontiguousarray(to_host(tensor.array)).reshape(-1)


def fill(tensor: Tensor, array: np.ndarray) -> None:
    """Write numbers into a tensor, as an in-place op does that has no derivative."""
    with no_grad():
        tensor.copy_(Tensor.wrap(array.reshape(tensor.shape)))


def check_tensors(name: str, *tensors: Any) -> None:
    """Refuse what is no tensor."""
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"Invalid function argument. Expected parameter `{name}` of type torch.Tensor "
                f"but got {type(tensor).__name__} instead."
            )


def _check_dtypes(*tensors: Tensor) -> None:
    for tensor in tensors[1:]:
        if tensor.dtype != tensors[0].dtype:
            raise ValueError(
                "Invalid usage of tensors with different dtypes: found "
                f"{tensors[0].dtype} and {tensor.dtype}"
            )


def _check_list(op: str, tensors: Any, size: int, like: Tensor | None = None) -> None:
    """A tensor for each rank, with the shape of ``like``."""
    if not isinstance(tensors, (list, tuple)):
        raise TypeError(f"{op}: expected a list of tensors, got {type(tensors).__name__}")
    check_tensors("tensor_list", *tensors)
    if len(tensors) != size:
        raise RuntimeError(f"{op}: expected a list of length {size}, got {len(tensors)}")
    if like is None:
        return
    _check_dtypes(*tensors, like)
    for i, tensor in enumerate(tensors):
        if tensor.shape != like.shape:
            raise RuntimeError(
                f"{op}: invalid tensor size at index {i} (expected {tuple(like.shape)}, got "
                f"{tuple(tensor.shape)})"
            )


def _parts(op: str, whole: Tensor, part: Tensor, size: int) -> list[np.ndarray]:
    """The memory of a tensor in as many equal parts as there are ranks."""
    _check_dtypes(whole, part)
    if whole.numel() != size * part.numel():
        raise RuntimeError(
            f"{op}: {size} processes have {size} times {part.numel()} elements, got a tensor of "
            f"{whole.numel()}"
        )
    return np.split(values(whole), size)


def combiner(name: str, op: Any, dtype: Any) -> collectives.Combine:
    """How arrays of a dtype are combined by a ``ReduceOp``."""
    if not isinstance(op, ReduceOp.RedOpType) or op not in _UFUNCS:
        raise TypeError(f"{name}: op must be a ReduceOp other than PREMUL_SUM, got {op!r}")
    if dtype.is_complex and op not in (ReduceOp.SUM, ReduceOp.AVG):
        raise ValueError(f"{name} does not support {op} on complex tensors")
    inexact = dtype.is_complex or dtype.is_floating_point
    if inexact and op in (ReduceOp.BAND, ReduceOp.BOR, ReduceOp.BXOR):
        raise RuntimeError(f"Cannot use ReduceOp.{op.name} with non-integral dtype")
    if op is not ReduceOp.AVG:
        return collectives.in_order(_UFUNCS[op])
    if not inexact:
        raise RuntimeError(f"{name}: an average of {dtype} is no {dtype}; use ReduceOp.SUM")
    total = collectives.in_order(np.add)

    def average(arrays: Sequence[np.ndarray]) -> np.ndarray:
        result = total(arrays)
        result /= result.dtype.type(len(arrays))
        return result

    return average


def _perform(
    op: str, action: Callable[[Any], Any], results: Sequence[Tensor], group: Any, async_op: bool
) -> Work | None:
    return group_of(group).perform(op, action, results, async_op)


def barrier(
    group: Any = None,
    async_op: bool = False,
    device_ids: Any = None,
    timeout: timedelta | None = None,
) -> Work | None:
    """Wait until all processes have called this."""
    if not is_member(group, "barrier"):
        return None
    return group_of(group).perform("barrier", collectives.barrier, [], async_op, timeout)


def monitored_barrier(
    group: Any = None, timeout: timedelta | None = None, wait_all_ranks: bool = False
) -> None:
    """A barrier that tells, in rank 0, who has not come.

    Args:
        timeout: how long to wait.
        wait_all_ranks: name all that have not, instead of the first.
    """
    if not is_member(group, "monitored_barrier"):
        return
    members = group_of(group)
    seconds = (timeout or members.timeout).total_seconds()

    def action(x: Any) -> None:
        absent = collectives.absent(x, seconds)
        if absent:
            named = absent if wait_all_ranks else absent[:1]
            raise RuntimeError(
                f"Rank {', '.join(map(str, named))} failed to pass monitoredBarrier in "
                f"{seconds * 1000:.0f} ms"
            )

    members.perform("monitored_barrier", action, timeout=timeout)


def all_reduce(
    tensor: Tensor, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False
) -> Work | None:
    """Combine the tensors of all processes in place; all get the same bits."""
    check_tensors("tensor", tensor)
    if not is_member(group, "all_reduce"):
        return None
    combine = combiner("all_reduce", op, tensor.dtype)
    if tensor.is_sparse and op is not ReduceOp.SUM:
        raise RuntimeError(f"all_reduce: sparse tensors can only be summed, got {op}")

    def action(x: Any) -> None:
        if tensor.is_sparse:
            _sum_sparse(x, tensor)
        else:
            fill(tensor, collectives.all_reduce(x, values(tensor), combine))

    return _perform("all_reduce", action, [tensor], group, async_op)


def _sum_sparse(x: Any, tensor: Tensor) -> None:
    """Sum tensors of coordinates: all ranks get all entries, and add those at the same place."""
    with no_grad():
        mine = tensor.coalesce()
        row = mine.values().shape[1:]
        sent = []
        for part in (mine.indices(), mine.values()):
            array = values(part)
            sizes = collectives.all_gather(x, np.array([array.size]))
            room = [np.empty(int(size), array.dtype) for (size,) in sizes]
            sent.append(collectives.all_gather(x, array, room))
        places = np.concatenate([part.reshape(mine.sparse_dim(), -1) for part in sent[0]], axis=1)
        entries = np.concatenate(sent[1]).reshape(-1, *row)
        summed = sparse_coo_tensor(Tensor.wrap(places), Tensor.wrap(entries), tensor.shape)
        tensor.copy_(summed.coalesce())


def all_reduce_coalesced(
    tensors: list[Tensor], op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False
) -> Work | None:
    """:func:`all_reduce` of several tensors."""
    check_tensors("tensors", *tensors)
    if not is_member(group, "all_reduce_coalesced"):
        return None
    combines = [combiner("all_reduce_coalesced", op, tensor.dtype) for tensor in tensors]

    def action(x: Any) -> None:
        for tensor, combine in zip(tensors, combines):
            fill(tensor, collectives.all_reduce(x, values(tensor), combine))

    return _perform("all_reduce_coalesced", action, tensors, group, async_op)


def reduce(
    tensor: Tensor,
    dst: int | None = None,
    op: Any = ReduceOp.SUM,
    group: Any = None,
    async_op: bool = False,
    group_dst: int | None = None,
) -> Work | None:
    """:func:`all_reduce` whose result only process ``dst`` gets."""
    check_tensors("tensor", tensor)
    if not is_member(group, "reduce"):
        return None
    root = resolve_rank(group_of(group), dst, group_dst)
    combine = combiner("reduce", op, tensor.dtype)

    def action(x: Any) -> None:
        result = collectives.reduce(x, values(tensor), root, combine)
        if result is not None:
            fill(tensor, result)

    return _perform("reduce", action, [tensor], group, async_op)


def broadcast(
    tensor: Tensor,
    src: int | None = None,
    group: Any = None,
    async_op: bool = False,
    group_src: int | None = None,
) -> Work | None:
    """Give all processes the tensor of process ``src``."""
    check_tensors("tensor", tensor)
    if not is_member(group, "broadcast"):
        return None
    root = resolve_rank(group_of(group), src, group_src)

    def action(x: Any) -> None:
        array = collectives.broadcast(x, values(tensor), root)
        if x.rank != root:
            fill(tensor, array)

    return _perform("broadcast", action, [tensor], group, async_op)


def broadcast_coalesced(tensors: Sequence[Tensor], src: int, group: Any = None) -> None:
    """:func:`broadcast` of several tensors of rank ``src`` of the group."""

    def action(x: Any) -> None:
        for tensor in tensors:
            array = collectives.broadcast(x, values(tensor), src)
            if x.rank != src:
                fill(tensor, array)

    group_of(group).perform("broadcast_coalesced", action)


def all_gather(
    tensor_list: list[Tensor], tensor: Tensor, group: Any = None, async_op: bool = False
) -> Work | None:
    """Copy the tensors of all processes into the list."""
    check_tensors("tensor", tensor)
    if not is_member(group, "all_gather"):
        return None
    _check_list("all_gather", tensor_list, group_of(group).size(), tensor)

    def action(x: Any) -> None:
        for out, array in zip(tensor_list, collectives.all_gather(x, values(tensor))):
            fill(out, array)

    return _perform("all_gather", action, tensor_list, group, async_op)


def all_gather_into_tensor(
    output_tensor: Tensor, input_tensor: Tensor, group: Any = None, async_op: bool = False
) -> Work | None:
    """Copy the tensors of all processes into one, one behind the other or stacked."""
    check_tensors("output_tensor", output_tensor, input_tensor)
    if not is_member(group, "all_gather_into_tensor"):
        return None
    _parts("all_gather_into_tensor", output_tensor, input_tensor, group_of(group).size())

    def action(x: Any) -> None:
        fill(output_tensor, np.concatenate(collectives.all_gather(x, values(input_tensor))))

    return _perform("all_gather_into_tensor", action, [output_tensor], group, async_op)


def all_gather_coalesced(
    output_tensor_lists: list[list[Tensor]],
    input_tensor_list: list[Tensor],
    group: Any = None,
    async_op: bool = False,
) -> Work | None:
    """:func:`all_gather` of several tensors: ``output_tensor_lists[rank][i]``."""
    if not is_member(group, "all_gather_coalesced"):
        return None
    check_tensors("input_tensor_list", *input_tensor_list)

    def action(x: Any) -> None:
        for i, tensor in enumerate(input_tensor_list):
            for outs, array in zip(output_tensor_lists, collectives.all_gather(x, values(tensor))):
                fill(outs[i], array)

    results = [tensor for outs in output_tensor_lists for tensor in outs]
    return _perform("all_gather_coalesced", action, results, group, async_op)


def gather(
    tensor: Tensor,
    gather_list: list[Tensor] | None = None,
    dst: int | None = None,
    group: Any = None,
    async_op: bool = False,
    group_dst: int | None = None,
) -> Work | None:
    """:func:`all_gather` whose result only process ``dst`` (default: 0) gets."""
    check_tensors("tensor", tensor)
    if not is_member(group, "gather"):
        return None
    members = group_of(group)
    root = resolve_rank(members, 0 if dst is None and group_dst is None else dst, group_dst)
    _check_at_root("gather_list", "destination", members.rank() == root, gather_list)
    if gather_list:
        _check_list("gather", gather_list, members.size(), tensor)

    def action(x: Any) -> None:
        array = values(tensor)
        for out, got in zip(
            gather_list or (), collectives.gather(x, array, root, [array] * x.size) or ()
        ):
            fill(out, got)

    return _perform("gather", action, gather_list or [], group, async_op)


def scatter(
    tensor: Tensor,
    scatter_list: list[Tensor] | None = None,
    src: int | None = None,
    group: Any = None,
    async_op: bool = False,
    group_src: int | None = None,
) -> Work | None:
    """Give each process its tensor of the list of process ``src`` (default: 0)."""
    check_tensors("tensor", tensor)
    if not is_member(group, "scatter"):
        return None
    members = group_of(group)
    root = resolve_rank(members, 0 if src is None and group_src is None else src, group_src)
    _check_at_root("scatter_list", "source", members.rank() == root, scatter_list)
    if scatter_list:
        _check_list("scatter", scatter_list, members.size(), tensor)

    def action(x: Any) -> None:
        parts = [values(part) for part in scatter_list or ()]
        fill(tensor, collectives.scatter(x, parts, root, values(tensor)))

    return _perform("scatter", action, [tensor], group, async_op)


def _check_at_root(name: str, place: str, at_root: bool, tensors: Any) -> None:
    if at_root and not tensors:
        raise ValueError(f"Argument ``{name}`` must be specified on {place} rank.")
    if not at_root and tensors:
        raise ValueError(f"Argument ``{name}`` must NOT be specified on non-{place} ranks.")


def reduce_scatter(
    output: Tensor,
    input_list: list[Tensor],
    op: Any = ReduceOp.SUM,
    group: Any = None,
    async_op: bool = False,
) -> Work | None:
    """Combine the lists of all processes, and give each process one entry of the result."""
    check_tensors("output", output)
    if not is_member(group, "reduce_scatter"):
        return None
    members = group_of(group)
    _check_list("reduce_scatter", input_list, members.size())
    _check_list("reduce_scatter", [input_list[members.rank()]], 1, output)
    combine = combiner("reduce_scatter", op, output.dtype)

    def action(x: Any) -> None:
        parts = [values(part) for part in input_list]
        fill(output, collectives.reduce_scatter(x, parts, combine))

    return _perform("reduce_scatter", action, [output], group, async_op)


def reduce_scatter_tensor(
    output: Tensor,
    input: Tensor,
    op: Any = ReduceOp.SUM,
    group: Any = None,
    async_op: bool = False,
) -> Work | None:
    """:func:`reduce_scatter` of one tensor in equal parts."""
    check_tensors("output", output, input)
    if not is_member(group, "reduce_scatter_tensor"):
        return None
    size = group_of(group).size()
    _parts("reduce_scatter_tensor", input, output, size)
    combine = combiner("reduce_scatter_tensor", op, output.dtype)

    def action(x: Any) -> None:
        fill(output, collectives.reduce_scatter(x, np.split(values(input), size), combine))

    return _perform("reduce_scatter_tensor", action, [output], group, async_op)


def all_to_all(
    output_tensor_list: list[Tensor],
    input_tensor_list: list[Tensor],
    group: Any = None,
    async_op: bool = False,
) -> Work | None:
    """Send entry i of the list to process i."""
    if not is_member(group, "all_to_all"):
        return None
    for tensors in (output_tensor_list, input_tensor_list):
        _check_list("all_to_all", tensors, group_of(group).size())
    _check_dtypes(*output_tensor_list, *input_tensor_list)

    def action(x: Any) -> None:
        parts, like = (
            [values(tensor) for tensor in tensors]
            for tensors in (input_tensor_list, output_tensor_list)
        )
        for out, array in zip(output_tensor_list, collectives.all_to_all(x, parts, like)):
            fill(out, array)

    return _perform("all_to_all", action, output_tensor_list, group, async_op)


def all_to_all_single(
    output: Tensor,
    input: Tensor,
    output_split_sizes: Sequence[int] | None = None,
    input_split_sizes: Sequence[int] | None = None,
    group: Any = None,
    async_op: bool = False,
) -> Work | None:
    """:func:`all_to_all` of the parts of one tensor, cut along its first dimension.

    Args:
        output_split_sizes, input_split_sizes: the sizes of the parts. Default: equal ones.
    """
    check_tensors("output", output, input)
    if not is_member(group, "all_to_all_single"):
        return None
    size = group_of(group).size()
    _check_dtypes(output, input)
    outs = _split("output", output, output_split_sizes, size)
    ins = _split("input", input, input_split_sizes, size)

    def action(x: Any) -> None:
        fill(output, np.concatenate(collectives.all_to_all(x, ins(), outs())))

    return _perform("all_to_all_single", action, [output], group, async_op)


def _split(
    name: str, tensor: Tensor, sizes: Sequence[int] | None, size: int
) -> Callable[[], list[np.ndarray]]:
    """Cuts a tensor's numbers into a part for each rank."""
    rows = tensor.shape[0]
    if not sizes:
        if rows % size:
            raise RuntimeError(
                f"all_to_all_single: the first dimension of {name}, {rows}, does not divide "
                f"equally among {size} processes"
            )
        sizes = [rows // size] * size
    if len(sizes) != size or sum(sizes) != rows:
        raise RuntimeError(
            f"all_to_all_single: {name}_split_sizes must be {size} numbers with the sum {rows}, "
            f"got {list(sizes)}"
        )
    each = tensor.numel() // rows if rows else 0
    ends = np.cumsum(sizes)[:-1] * each
    return lambda: np.split(values(tensor), ends)
