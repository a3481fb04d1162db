"""Calls that carry any objects, pickled. Unpickling runs what the sender says: use them among
processes that trust each other."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np

from ..ops import empty, tensor
from . import collectives
from .communication import values
from .groups import group_of, is_member, resolve_rank
from .point_to_point import recv, send

__all__ = [
    "all_gather_object", "broadcast_object_list", "gather_object", "recv_object_list",
    "scatter_object_list", "send_object_list",
]  # fmt: skip


def _packed(obj: Any) -> np.ndarray:
    return np.frombuffer(pickle.dumps(obj), np.uint8)


def _unpacked(data: np.ndarray) -> Any:
    return pickle.loads(data.tobytes())


def _length(data: np.ndarray | None = None) -> np.ndarray:
    return np.array([0 if data is None else len(data)])


def _room(length: np.ndarray) -> np.ndarray:
    return np.empty(int(length[0]), np.uint8)


def all_gather_object(object_list: list[Any], obj: Any, group: Any = None) -> None:
    """Put the objects of all processes into the list."""
    if not is_member(group, "all_gather_object"):
        return

    def action(x: Any) -> None:
        data = _packed(obj)
        room = [_room(length) for length in collectives.all_gather(x, _length(data))]
        object_list[: x.size] = map(_unpacked, collectives.all_gather(x, data, room))

    group_of(group).perform("all_gather_object", action)


def gather_object(
    obj: Any,
    object_gather_list: list[Any] | None = None,
    dst: int | None = None,
    group: Any = None,
    group_dst: int | None = None,
) -> None:
    """:func:`all_gather_object` whose result only process ``dst`` (default: 0) gets."""
    if not is_member(group, "gather_object"):
        return
    members = group_of(group)
    root = resolve_rank(members, 0 if dst is None and group_dst is None else dst, group_dst)
    if (members.rank() == root) != (object_gather_list is not None):
        raise ValueError("gather_object: object_gather_list is for the destination rank only")

    def action(x: Any) -> None:
        data = _packed(obj)
        lengths = collectives.gather(x, _length(data), root, [_length()] * x.size)
        room = [_room(length) for length in lengths or ()]
        got = collectives.gather(x, data, root, room)
        if object_gather_list is not None and got is not None:
            object_gather_list[: x.size] = map(_unpacked, got)

    members.perform("gather_object", action)


def broadcast_object_list(
    object_list: list[Any],
    src: int | None = None,
    group: Any = None,
    device: Any = None,
    group_src: int | None = None,
) -> None:
    """Give all processes the objects of process ``src`` (default: 0), in their lists of the same
    length."""
    if not is_member(group, "broadcast_object_list"):
        return
    members = group_of(group)
    root = resolve_rank(members, 0 if src is None and group_src is None else src, group_src)

    def action(x: Any) -> None:
        data = _packed(object_list) if x.rank == root else None
        length = collectives.broadcast(x, _length(data), root)
        got = collectives.broadcast(x, _room(length) if data is None else data, root)
        if data is None:
            object_list[:] = _unpacked(got)

    members.perform("broadcast_object_list", action)


def scatter_object_list(
    scatter_object_output_list: list[Any],
    scatter_object_input_list: list[Any] | None = None,
    src: int | None = None,
    group: Any = None,
    group_src: int | None = None,
) -> None:
    """Put into the first place of each process's list its object of the list of process ``src``
    (default: 0)."""
    if not is_member(group, "scatter_object_list"):
        return
    if not isinstance(scatter_object_output_list, list) or not scatter_object_output_list:
        raise ValueError(
            "Expected argument scatter_object_output_list to be a list of size at least 1."
        )
    members = group_of(group)
    root = resolve_rank(members, 0 if src is None and group_src is None else src, group_src)
    given = scatter_object_input_list or []
    if members.rank() == root and len(given) != members.size():
        raise ValueError(
            f"scatter_object_list: expected {members.size()} objects, got {len(given)}"
        )

    def action(x: Any) -> None:
        parts = [_packed(obj) for obj in given] if x.rank == root else []
        length = collectives.scatter(x, [_length(part) for part in parts], root, _length())
        got = collectives.scatter(x, parts, root, _room(length))
        scatter_object_output_list[0] = _unpacked(got)

    members.perform("scatter_object_list", action)


def send_object_list(
    object_list: list[Any],
    dst: int | None = None,
    group: Any = None,
    device: Any = None,
    group_dst: int | None = None,
    use_batch: bool = False,
) -> None:
    """Send objects to process ``dst``."""
    data = _packed(object_list).copy()
    send(tensor(_length(data)), dst, group, group_dst=group_dst)
    send(tensor(data), dst, group, group_dst=group_dst)


def recv_object_list(
    object_list: list[Any],
    src: int | None = None,
    group: Any = None,
    device: Any = None,
    group_src: int | None = None,
    use_batch: bool = False,
) -> int:
    """Fill a list with the objects that process ``src`` (default: any) sends. Returns who did."""
    length = tensor(_length())
    source = recv(length, src, group, group_src=group_src)
    if source >= 0:
        data = empty(int(length), dtype="uint8")
        recv(data, source, group)
        object_list[:] = _unpacked(values(data))
    return source
