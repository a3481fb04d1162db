"""A process group of one process: enough for a script written for several to run as a single one.
More processes are not supported.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ..tensor import Tensor

__all__ = [
    "ReduceOp", "all_gather", "all_gather_into_tensor", "all_gather_object", "all_reduce",
    "barrier", "broadcast", "broadcast_object_list", "destroy_process_group", "gather",
    "get_backend", "get_rank", "get_world_size", "init_process_group", "is_available",
    "is_initialized", "is_nccl_available", "new_group", "reduce", "scatter",
]  # fmt: skip

_backend: str | None = None


class ReduceOp:
    """How ``all_reduce`` combines the processes' tensors, of which there is one."""

    SUM, AVG, PRODUCT, MIN, MAX, BAND, BOR, BXOR = (
        "sum", "avg", "product", "min", "max", "band", "bor", "bxor",
    )  # fmt: skip


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


def destroy_process_group(group: Any = None) -> None:
    """End the group."""
    global _backend
    _backend = None


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
    return 0


def get_world_size(group: Any = None) -> int:
    """The number of processes: 1."""
    return 1


def new_group(ranks: Sequence[int] | None = None, *args: Any, **kwargs: Any) -> Any:
    """A group of the same single process."""
    _check_started()
    return None


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
