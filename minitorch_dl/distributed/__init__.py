"""A process group of one process: enough for a script written for several to run as a single one.
More processes are not supported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from ..compat.names import explain_missing
from ..tensor import Tensor

__all__ = [
    "Backend", "DistError", "DistStoreError", "GroupMember", "HashStore", "ProcessGroup",
    "ReduceOp", "Store", "TCPStore", "Work", "all_gather", "all_gather_into_tensor",
    "all_gather_object", "all_reduce", "all_to_all", "all_to_all_single", "barrier", "broadcast",
    "broadcast_object_list", "destroy_process_group", "gather", "gather_object", "get_backend",
    "get_global_rank", "get_group_rank", "get_node_local_rank", "get_process_group_ranks",
    "get_rank", "get_world_size", "group", "init_process_group", "is_available",
    "is_gloo_available", "is_initialized", "is_mpi_available", "is_nccl_available",
    "is_torchelastic_launched", "is_ucc_available", "is_xccl_available", "new_group", "nn",
    "reduce", "reduce_scatter", "reduce_scatter_tensor", "scatter", "scatter_object_list",
]  # fmt: skip

default_pg_timeout = timedelta(minutes=30)
"""How long groups of processes wait for each other in PyTorch."""

_backend: str | None = None


class Backend(str):
    """The name of what carries messages between processes, in lower case."""

    UNDEFINED, GLOO, NCCL, UCC, MPI, XCCL = "undefined", "gloo", "nccl", "ucc", "mpi", "xccl"

    def __new__(cls, name: str) -> Backend:
        return str.__new__(cls, name.lower())


class ReduceOp:
    """How ``all_reduce`` combines the processes' tensors, of which there is one."""

    SUM, AVG, PRODUCT, MIN, MAX, BAND, BOR, BXOR = (
        "sum", "avg", "product", "min", "max", "band", "bor", "bxor",
    )  # fmt: skip
    RedOpType = str


class ProcessGroup:
    """The group of this process alone."""

    def rank(self) -> int:
        """0."""
        return 0

    def size(self) -> int:
        """1."""
        return 1

    def name(self) -> str:
        """The backend's name."""
        return get_backend()


class GroupMember:
    """The group of all processes, and what stands for one that this process is not in."""

    WORLD: ProcessGroup | None = None
    NON_GROUP_MEMBER = -100


group = GroupMember


class Work:
    """A collective call that is done already."""

    def wait(self, timeout: Any = None) -> bool:
        """True, at once."""
        return True

    def is_completed(self) -> bool:
        """True."""
        return True


def is_available() -> bool:
    """Whether there are process groups: of one process, yes."""
    return True


def is_nccl_available() -> bool:
    """False: nothing is sent from GPU to GPU."""
    return False


def is_gloo_available() -> bool:
    """False: there is no library between processes."""
    return False


is_mpi_available = is_ucc_available = is_xccl_available = is_gloo_available


def is_torchelastic_launched() -> bool:
    """Whether torchrun started the script."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def init_process_group(
    backend: str | None = None,
    init_method: str | None = None,
    timeout: Any = None,
    world_size: int = -1,
    rank: int = -1,
    store: Any = None,
    group_name: str = "",
    pg_options: Any = None,
    device_id: Any = None,
) -> None:
    """Start the group, of this process alone.

    Raises:
        RuntimeError: ``world_size``, or the environment's WORLD_SIZE, is more than 1.
    """
    global _backend
    size = world_size if world_size >= 0 else int(os.environ.get("WORLD_SIZE", "1"))
    if size != 1:
        raise RuntimeError(
            f"init_process_group: {size} processes are not supported, only one. Start the script "
            "without torchrun, or with a world size of 1"
        )
    if _backend is not None:
        raise ValueError("trying to initialize the default process group twice!")
    _backend = (backend or "gloo").lower()
    GroupMember.WORLD = ProcessGroup()


def destroy_process_group(group: Any = None) -> None:
    """End the group."""
    global _backend
    _backend = GroupMember.WORLD = None


def is_initialized() -> bool:
    """Whether ``init_process_group`` was called."""
    return _backend is not None


def get_backend(group: Any = None) -> str:
    """The name that the group was started with."""
    _check_started()
    assert _backend is not None
    return _backend


def get_rank(group: Any = None) -> int:
    """The number of this process among all: 0."""
    _check_started()
    return 0


def get_world_size(group: Any = None) -> int:
    """The number of processes: 1."""
    _check_started()
    return 1


def new_group(ranks: Sequence[int] | None = None, *args: Any, **kwargs: Any) -> Any:
    """A group of the same single process."""
    _check_started()
    return ProcessGroup()


def get_process_group_ranks(group: Any = None) -> list[int]:
    """The processes of the group: [0]."""
    _check_started()
    return [0]


def get_global_rank(group: Any, group_rank: int) -> int:
    """The number among all processes of one of the group."""
    return group_rank


def get_group_rank(group: Any, global_rank: int) -> int:
    """The number in the group of one of all processes."""
    return global_rank


def get_node_local_rank(fallback_rank: int | None = None) -> int:
    """The number of this process among those of its machine: LOCAL_RANK, or ``fallback_rank``."""
    if "LOCAL_RANK" in os.environ:
        return int(os.environ["LOCAL_RANK"])
    if fallback_rank is None:
        raise RuntimeError(
            "LOCAL_RANK is not in the environment. Consider passing fallback_rank to allow "
            "`get_node_local_rank` to work"
        )
    return fallback_rank


def _check_started() -> None:
    if _backend is None:
        raise ValueError(
            "Default process group has not been initialized, please make sure to call "
            "init_process_group."
        )


def _done(async_op: bool) -> Work | None:
    _check_started()
    return Work() if async_op else None


def barrier(group: Any = None, async_op: bool = False, device_ids: Any = None) -> Work | None:
    """Wait for all processes: none is behind."""
    return _done(async_op)


def all_reduce(
    tensor: Tensor, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False
) -> Work | None:
    """Combine the tensors of all processes in place; one stays as it is."""
    return _done(async_op)


def reduce(
    tensor: Tensor,
    dst: int | None = None,
    op: Any = ReduceOp.SUM,
    group: Any = None,
    async_op: bool = False,
    group_dst: int | None = None,
) -> Work | None:
    """``all_reduce`` whose result only process ``dst`` gets."""
    return _done(async_op)


def broadcast(
    tensor: Tensor,
    src: int | None = None,
    group: Any = None,
    async_op: bool = False,
    group_src: int | None = None,
) -> Work | None:
    """Give all processes the tensor of process ``src``."""
    return _done(async_op)


def broadcast_object_list(object_list: list[Any], src: int | None = None, *args: Any) -> None:
    """Give all processes the objects of process ``src``."""
    _check_started()


def all_gather(
    tensor_list: list[Tensor], tensor: Tensor, group: Any = None, async_op: bool = False
) -> Work | None:
    """Copy the tensors of all processes into the list."""
    work = _done(async_op)
    (target,) = tensor_list
    target.copy_(tensor)
    return work


def all_gather_into_tensor(
    output_tensor: Tensor, input_tensor: Tensor, group: Any = None, async_op: bool = False
) -> Work | None:
    """Copy the tensors of all processes into one."""
    work = _done(async_op)
    output_tensor.copy_(input_tensor.reshape(output_tensor.shape))
    return work


def all_gather_object(object_list: list[Any], obj: Any, group: Any = None) -> None:
    """Put the objects of all processes into the list."""
    _check_started()
    object_list[0] = obj


def gather(
    tensor: Tensor,
    gather_list: list[Tensor] | None = None,
    dst: int | None = None,
    group: Any = None,
    async_op: bool = False,
    group_dst: int | None = None,
) -> Work | None:
    """``all_gather`` whose result only process ``dst`` gets."""
    work = _done(async_op)
    if gather_list is not None:
        gather_list[0].copy_(tensor)
    return work


def scatter(
    tensor: Tensor,
    scatter_list: list[Tensor] | None = None,
    src: int | None = None,
    group: Any = None,
    async_op: bool = False,
    group_src: int | None = None,
) -> Work | None:
    """Give each process its tensor of the list of process ``src``."""
    work = _done(async_op)
    if scatter_list is not None:
        tensor.copy_(scatter_list[0])
    return work


def gather_object(
    obj: Any, object_gather_list: list[Any] | None = None, *args: Any, **kwargs: Any
) -> None:
    """``all_gather_object`` whose result only one process gets."""
    _check_started()
    if object_gather_list is not None:
        object_gather_list[0] = obj


def scatter_object_list(
    scatter_object_output_list: list[Any],
    scatter_object_input_list: list[Any] | None = None,
    *args: Any,
    **kwargs: Any,
) -> None:
    """Give each process its object of one process's list."""
    _check_started()
    if scatter_object_input_list is not None:
        scatter_object_output_list[0] = scatter_object_input_list[0]


def reduce_scatter(
    output: Tensor,
    input_list: list[Tensor],
    op: Any = ReduceOp.SUM,
    group: Any = None,
    async_op: bool = False,
) -> Work | None:
    """Combine the lists of all processes, and give each process one entry of the result."""
    work = _done(async_op)
    output.copy_(input_list[0])
    return work


def reduce_scatter_tensor(
    output: Tensor,
    input: Tensor,
    op: Any = ReduceOp.SUM,
    group: Any = None,
    async_op: bool = False,
) -> Work | None:
    """``reduce_scatter`` of one tensor in equal parts."""
    return reduce_scatter(output, [input.reshape(output.shape)], op, group, async_op)


def all_to_all(
    output_tensor_list: list[Tensor],
    input_tensor_list: list[Tensor],
    group: Any = None,
    async_op: bool = False,
) -> Work | None:
    """Send entry i of the list to process i."""
    work = _done(async_op)
    output_tensor_list[0].copy_(input_tensor_list[0])
    return work


def all_to_all_single(
    output: Tensor,
    input: Tensor,
    output_split_sizes: list[int] | None = None,
    input_split_sizes: list[int] | None = None,
    group: Any = None,
    async_op: bool = False,
) -> Work | None:
    """``all_to_all`` of the parts of one tensor."""
    return all_to_all([output], [input], group, async_op)


from . import nn  # noqa: E402  (uses the names above)
from .stores import DistError, DistStoreError, HashStore, Store, TCPStore  # noqa: E402

explain_missing(sys.modules[__name__])
