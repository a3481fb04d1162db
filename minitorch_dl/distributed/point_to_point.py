"""Messages from one process to another: ``send``, ``recv``, ``isend``, ``irecv``."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future as Result
from typing import Any

import numpy as np

from ..tensor import Tensor
from .communication import check_tensors, fill, values
from .groups import get_global_rank, group_of, is_member, resolve_rank
from .process_group import ProcessGroup, Work

__all__ = ["P2POp", "batch_isend_irecv", "irecv", "isend", "recv", "send"]


def _peer(members: ProcessGroup, peer: int | None, group_peer: int | None, role: str) -> int:
    rank = resolve_rank(members, peer, group_peer)
    if rank == members.rank():
        raise ValueError(
            f"Invalid {role} rank: {role} rank should not be the same as the rank of the current "
            "process."
        )
    return rank


def isend(
    tensor: Tensor,
    dst: int | None = None,
    group: Any = None,
    tag: int = 0,
    group_dst: int | None = None,
) -> Work | None:
    """Send a tensor to process ``dst``, which receives it under the same tag. The message is on its
    way when this returns: the tensor may be changed."""
    check_tensors("tensor", tensor)
    if not is_member(group, "isend"):
        return None
    members = group_of(group)
    members.send(values(tensor), _peer(members, dst, group_dst, "destination"), tag)
    done: Result[Any] = Result()
    done.set_result([tensor])
    return Work(done, "send operation")


def send(
    tensor: Tensor,
    dst: int | None = None,
    group: Any = None,
    tag: int = 0,
    group_dst: int | None = None,
) -> None:
    """:func:`isend`."""
    isend(tensor, dst, group, tag, group_dst)


def irecv(
    tensor: Tensor,
    src: int | None = None,
    group: Any = None,
    tag: int = 0,
    group_src: int | None = None,
) -> Work | None:
    """Fill a tensor with what process ``src`` (default: any) sends under the tag. It may be read
    after ``wait()`` of the Work returned."""
    check_tensors("tensor", tensor)
    if not is_member(group, "irecv"):
        return None
    members = group_of(group)
    anybody = src is None and group_src is None
    source = None if anybody else _peer(members, src, group_src, "source")

    def take(array: np.ndarray) -> list[Tensor]:
        fill(tensor, array)
        return [tensor]

    return members.receive(source, tag, values(tensor), take)


def recv(
    tensor: Tensor,
    src: int | None = None,
    group: Any = None,
    tag: int = 0,
    group_src: int | None = None,
) -> int:
    """:func:`irecv`, waited for. Returns who sent it, -1 where this process is not in the group."""
    work = irecv(tensor, src, group, tag, group_src)
    if work is None:
        return -1
    work.wait()
    return get_global_rank(group_of(group), work.source_rank())


class P2POp:
    """A message for :func:`batch_isend_irecv`.

    Args:
        op: :func:`isend` or :func:`irecv`.
        tensor: what to send, or where to.
        peer, group_peer: the other process, by its rank in the world or the group.
    """

    def __init__(
        self,
        op: Callable[..., Work | None],
        tensor: Tensor,
        peer: int | None = None,
        group: Any = None,
        tag: int = 0,
        group_peer: int | None = None,
    ) -> None:
        if op not in (isend, irecv):
            raise ValueError(
                "Invalid ``op``. Expected ``op`` to be of type ``torch.distributed.isend`` or "
                "``torch.distributed.irecv``."
            )
        check_tensors("tensor", tensor)
        self.op, self.tensor, self.group, self.tag = op, tensor, group, tag
        self.group_peer = resolve_rank(group_of(group), peer, group_peer)
        self.peer = get_global_rank(group_of(group), self.group_peer)


def batch_isend_irecv(p2p_op_list: list[P2POp]) -> list[Work]:
    """Start all messages; wait for each of the Works returned."""
    if not p2p_op_list or not all(isinstance(op, P2POp) for op in p2p_op_list):
        raise ValueError("Invalid ``p2p_op_list``. Expected a list of ``P2POp``, with at least one")
    works = [
        one.op(one.tensor, group=one.group, tag=one.tag, **{_ROLES[one.op]: one.group_peer})
        for one in p2p_op_list
    ]
    return [work for work in works if work is not None]


_ROLES = {isend: "group_dst", irecv: "group_src"}
