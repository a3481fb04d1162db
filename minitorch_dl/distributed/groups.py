"""The world of this process, and its groups: who is in them, with which rank."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from ..backend.warning import warn
from .process_group import Backend, ProcessGroup, default_pg_timeout
from .rendezvous import rendezvous
from .stores import PrefixStore, Store
from .transport import Transport

__all__ = [
    "GroupMember", "destroy_process_group", "get_backend", "get_backend_config", "get_global_rank",
    "get_group_rank", "get_node_local_rank", "get_process_group_ranks", "get_rank",
    "get_world_size", "group", "init_process_group", "is_available", "is_gloo_available",
    "is_initialized", "is_mpi_available", "is_nccl_available", "is_torchelastic_launched",
    "is_ucc_available", "is_xccl_available", "new_group", "new_subgroups",
    "new_subgroups_by_enumeration",
]  # fmt: skip


class GroupMember:
    """The group of all processes, and what stands for one that this process is not in."""

    WORLD: ProcessGroup | None = None
    NON_GROUP_MEMBER = -100


group = GroupMember
_store: Store | None = None
_named: Counter[str] = Counter()
"""How many groups were made of the same ranks: their names tell them apart."""


def is_available() -> bool:
    """Whether there are process groups: yes."""
    return True


def is_nccl_available() -> bool:
    """False: nothing is sent from GPU to GPU."""
    return False


is_mpi_available = is_ucc_available = is_xccl_available = is_nccl_available


def is_gloo_available() -> bool:
    """True: ``gloo`` is the name of what sends over TCP, as it does in PyTorch."""
    return True


def is_torchelastic_launched() -> bool:
    """Whether torchrun started the script."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def init_process_group(
    backend: str | None = None,
    init_method: str | None = None,
    timeout: timedelta | None = None,
    world_size: int = -1,
    rank: int = -1,
    store: Store | None = None,
    group_name: str = "",
    pg_options: Any = None,
    device_id: Any = None,
) -> None:
    """Join the world: return when all its processes have called this.

    Args:
        backend: a name. Whatever it is, messages go over TCP, from and to the host's memory.
        init_method: where the processes meet, see :func:`rendezvous`. Default: ``env://``.
        timeout: how long they wait for each other, here and in each call. Default: 30 minutes.
        world_size, rank: how many processes there are, and which this is.
        store: where they meet, instead of ``init_method``.

    Raises:
        ValueError: this process is in a world already; or it is not said who it is.
        DistStoreError: a process did not come in time.
    """
    global _store
    if GroupMember.WORLD is not None:
        raise ValueError("trying to initialize the default process group twice!")
    if store is not None and init_method is not None:
        raise AssertionError("Cannot specify both init_method and store.")
    limit = default_pg_timeout if timeout is None else timeout
    if not isinstance(limit, timedelta):
        raise TypeError(f"Expected timeout argument to be of type datetime.timedelta, got {limit}")
    if store is not None:
        if world_size <= 0:
            raise AssertionError("world_size must be positive if using store")
        if rank < 0:
            raise AssertionError("rank must be non-negative if using store")
    else:
        found = rendezvous(init_method or "env://", rank, world_size, timeout=limit)
        store, rank, world_size = next(found)
    if not 0 <= rank < world_size:
        raise ValueError(f"rank {rank} is not in a world of {world_size} processes")
    store.set_timeout(limit)
    meeting = store.add(f"worlds_of_{rank}", 1)  # a store may serve one world after the other
    transport = Transport(
        PrefixStore(f"world_{meeting}", store), rank, world_size, limit.total_seconds()
    )
    _store = store
    GroupMember.WORLD = ProcessGroup(
        transport, range(world_size), "0", limit, Backend(backend or "gloo"), "default_pg"
    )


def destroy_process_group(group: ProcessGroup | None = None) -> None:
    """Leave the world, or with ``group`` forget a group in it."""
    global _store
    world = world_group()
    if group is None or group is world:
        world.close()
        _store = GroupMember.WORLD = None
        _named.clear()


def is_initialized() -> bool:
    """Whether this process is in a world."""
    return GroupMember.WORLD is not None


def world_group() -> ProcessGroup:
    """The group of all processes.

    Raises:
        ValueError: ``init_process_group`` was not called.
    """
    if GroupMember.WORLD is None:
        raise ValueError(
            "Default process group has not been initialized, please make sure to call "
            "init_process_group."
        )
    return GroupMember.WORLD


def group_of(group: Any) -> ProcessGroup:
    """The group that is meant: None is the world."""
    return world_group() if group is None else group


def is_member(group: Any, op: str) -> bool:
    """Whether this process takes part in a call of the group; warns if not."""
    world = world_group()
    if group is GroupMember.NON_GROUP_MEMBER or group == GroupMember.NON_GROUP_MEMBER:
        warn(
            f"Running {op} on global rank {world.rank()} which does not belong to the given group."
        )
        return False
    return True


def get_backend(group: Any = None) -> Backend:
    """The name that the world was started with."""
    world_group()
    if group == GroupMember.NON_GROUP_MEMBER:
        raise ValueError("Invalid process group specified")
    return Backend(group_of(group).name())


def get_backend_config(group: Any = None) -> str:
    """The backend of each kind of device."""
    name = get_backend(group)
    return name if ":" in name else f"cpu:{name},cuda:{name}"


def get_rank(group: Any = None) -> int:
    """The number of this process in the group; -1: it is not in it."""
    world_group()
    return -1 if group == GroupMember.NON_GROUP_MEMBER else group_of(group).rank()


def get_world_size(group: Any = None) -> int:
    """The number of processes in the group; -1: this one is not in it."""
    world_group()
    return -1 if group == GroupMember.NON_GROUP_MEMBER else group_of(group).size()


def get_process_group_ranks(group: Any = None) -> list[int]:
    """The processes of the group, by their ranks in the world."""
    return list(group_of(group).ranks)


def get_global_rank(group: ProcessGroup, group_rank: int) -> int:
    """The rank in the world of one of the group."""
    if not 0 <= group_rank < group.size():
        raise ValueError(f"Group rank {group_rank} is not part of group {group}")
    return group.ranks[group_rank]


def get_group_rank(group: ProcessGroup, global_rank: int) -> int:
    """The rank in the group of one of the world."""
    if global_rank not in group.ranks:
        raise ValueError(f"Global rank {global_rank} is not part of group {group}")
    return group.ranks.index(global_rank)


def resolve_rank(group: ProcessGroup, rank: int | None, group_rank: int | None) -> int:
    """The rank in the group, given there or in the world.

    Raises:
        ValueError: both are given, or none.
    """
    if rank is not None and group_rank is not None:
        raise ValueError("Can't specify both group_rank and global_rank")
    if rank is None and group_rank is None:
        raise ValueError("Must specify global_rank or group_rank")
    if group_rank is None:
        return get_group_rank(group, int(rank or 0))
    get_global_rank(group, group_rank)
    return group_rank


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


def new_group(
    ranks: Sequence[int] | None = None,
    timeout: timedelta | None = None,
    backend: str | None = None,
    pg_options: Any = None,
    use_local_synchronization: bool = False,
    group_desc: str | None = None,
    device_id: Any = None,
    sort_ranks: bool = True,
) -> Any:
    """A group of some processes. All of its members call this, in the same order as other groups.

    Args:
        ranks: which, by their ranks in the world. Default: all.
        timeout: how long they wait for each other. Default: as long as in the world.
        sort_ranks: whether their order in the group is that in the world, or that of ``ranks``.

    Returns:
        ``GroupMember.NON_GROUP_MEMBER`` in a process that is not in it.
    """
    world = world_group()
    chosen = list(world.ranks if ranks is None else ranks)
    if len(set(chosen)) != len(chosen):
        raise ValueError(f"ranks list must not contain duplicate entries, got {chosen}")
    for rank in chosen:
        if rank not in world.ranks:
            raise ValueError(
                f"Rank {rank} is out of range. Valid ranks are 0 to {world.size() - 1} "
                f"(world_size={world.size()})"
            )
    if sort_ranks:
        chosen.sort()
    if world.rank() not in chosen:
        return GroupMember.NON_GROUP_MEMBER
    members = ",".join(map(str, chosen))
    _named[members] += 1
    return ProcessGroup(
        world._transport, chosen, f"{members}.{_named[members]}", timeout or world.timeout,
        Backend(backend or world.backend), group_desc or "undefined",
    )  # fmt: skip


def new_subgroups_by_enumeration(
    ranks_per_subgroup_list: Sequence[Sequence[int]],
    timeout: timedelta | None = None,
    backend: str | None = None,
    pg_options: Any = None,
    group_desc: str | None = None,
) -> tuple[Any, list[Any]]:
    """A group for each list of ranks, which don't overlap: the one that this process is in (None:
    it is in none), and all."""
    every = [rank for ranks in ranks_per_subgroup_list for rank in ranks]
    if len(set(every)) != len(every):
        raise ValueError(f"a rank is in two subgroups: {list(ranks_per_subgroup_list)}")
    groups = [
        new_group(ranks, timeout, backend, pg_options, group_desc=group_desc)
        for ranks in ranks_per_subgroup_list
    ]
    mine = next((one for one in groups if one != GroupMember.NON_GROUP_MEMBER), None)
    return mine, groups


def new_subgroups(
    group_size: int | None = None,
    group: Any = None,
    timeout: timedelta | None = None,
    backend: str | None = None,
    pg_options: Any = None,
    group_desc: str | None = None,
) -> tuple[Any, list[Any]]:
    """Groups of ``group_size`` consecutive ranks: the one that this process is in, and all.

    Args:
        group_size: default: the processes of a machine, by LOCAL_WORLD_SIZE.
    """
    size = get_world_size()
    each = group_size or int(os.environ.get("LOCAL_WORLD_SIZE", size))
    if each > size:
        raise ValueError(f"'group_size={each}' must not exceed the world size ({size})")
    if size % each:
        raise ValueError(f"The world size ({size}) must be divisible by 'group_size={each}'")
    parts = [list(range(first, first + each)) for first in range(0, size, each)]
    return new_subgroups_by_enumeration(parts, timeout, backend, pg_options, group_desc)
