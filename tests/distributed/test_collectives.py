"""Collective calls among three processes, in this package and in PyTorch."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.distributed import World

N = 3


def mine(torch: Any, rank: int) -> Any:
    return torch.tensor([1.0, 2.0]) + 10 * rank


EVERYBODYS = [[1.0, 2.0], [11.0, 12.0], [21.0, 22.0]]
SUM = [33.0, 36.0]


def all_reduce(torch: Any, rank: int, n: int) -> Any:
    x = mine(torch, rank)
    assert torch.distributed.all_reduce(x) is None
    return x.tolist()


def all_reduce_async(torch: Any, rank: int, n: int) -> Any:
    x = mine(torch, rank)
    work = torch.distributed.all_reduce(x, async_op=True)
    assert work.wait()
    assert work.is_completed()
    assert work.is_success()
    assert work.result()[0].tolist() == x.tolist()
    return work.get_future().then(lambda done: done.value()[0].tolist()).wait()


def all_reduce_coalesced(torch: Any, rank: int, n: int) -> Any:
    x = list(mine(torch, rank).unbind())
    torch.distributed.all_reduce_coalesced(x)
    return [one.item() for one in x]


def reduce(torch: Any, rank: int, n: int) -> Any:
    x = mine(torch, rank)
    torch.distributed.reduce(x, 1)
    return x.tolist() if rank == 1 else None


def broadcast(torch: Any, rank: int, n: int) -> Any:
    x = mine(torch, rank)
    torch.distributed.broadcast(x, 2)
    return x.tolist()


def all_gather(torch: Any, rank: int, n: int) -> Any:
    parts = [torch.zeros(2) for _ in range(n)]
    torch.distributed.all_gather(parts, mine(torch, rank))
    return [part.tolist() for part in parts]


def all_gather_coalesced(torch: Any, rank: int, n: int) -> Any:
    parts = [[torch.zeros(2), torch.zeros(1)] for _ in range(n)]
    torch.distributed.all_gather_coalesced(parts, [mine(torch, rank), torch.ones(1)])
    assert all(one.item() == 1 for _, one in parts)
    return [part.tolist() for part, _ in parts]


def all_gather_into_tensor(torch: Any, rank: int, n: int) -> Any:
    whole = torch.zeros(2 * n)
    torch.distributed.all_gather_into_tensor(whole, mine(torch, rank))
    return whole.view(n, 2).tolist()


def gather(torch: Any, rank: int, n: int) -> Any:
    parts = [torch.zeros(2) for _ in range(n)] if rank == 1 else None
    torch.distributed.gather(mine(torch, rank), parts, dst=1)
    return None if parts is None else [part.tolist() for part in parts]


def scatter(torch: Any, rank: int, n: int) -> Any:
    x = torch.zeros(2)
    parts = [mine(torch, i) for i in range(n)] if rank == 1 else None
    torch.distributed.scatter(x, parts, src=1)
    return x.tolist()


def reduce_scatter(torch: Any, rank: int, n: int) -> Any:
    x = torch.zeros(2)
    torch.distributed.reduce_scatter(x, [mine(torch, rank) * i for i in range(n)])
    return x.tolist()


def reduce_scatter_tensor(torch: Any, rank: int, n: int) -> Any:
    x = torch.zeros(2)
    whole = torch.cat([mine(torch, rank) * i for i in range(n)])
    torch.distributed.reduce_scatter_tensor(x, whole)
    return x.tolist()


def all_to_all(torch: Any, rank: int, n: int) -> Any:
    parts = [torch.zeros(1) for _ in range(n)]
    torch.distributed.all_to_all(parts, [torch.tensor([10.0 * rank + i]) for i in range(n)])
    return [part.item() for part in parts]


def all_to_all_single(torch: Any, rank: int, n: int) -> Any:
    x = torch.zeros(n)
    torch.distributed.all_to_all_single(x, torch.arange(float(n)) + 10 * rank)
    return x.tolist()


def all_to_all_single_in_unequal_parts(torch: Any, rank: int, n: int) -> Any:
    """Rank i gets i + 1 rows of each."""
    rows = [i + 1 for i in range(n)]
    x = torch.zeros(n * (rank + 1), 2)
    given = torch.arange(2.0 * sum(rows)).view(-1, 2)
    torch.distributed.all_to_all_single(x, given, [rank + 1] * n, rows)
    return x[-1].tolist()


def objects(torch: Any, rank: int, n: int) -> Any:
    dist = torch.distributed
    gathered: list[Any] = [None] * n
    dist.all_gather_object(gathered, {"of": rank, "t": torch.ones(rank)})
    assert [len(found["t"]) for found in gathered] == [0, 1, 2]
    at_one = [None] * n if rank == 1 else None
    dist.gather_object("x" * rank, at_one, dst=1)
    assert at_one == (["", "x", "xx"] if rank == 1 else None)
    given = [rank, "of 2"] if rank == 2 else [None, None]
    dist.broadcast_object_list(given, src=2)
    assert given == [2, "of 2"]
    scattered = [None]
    dist.scatter_object_list(scattered, [(i, i) for i in range(n)] if rank == 0 else None, src=0)
    return scattered[0]


def barriers(torch: Any, rank: int, n: int) -> Any:
    torch.distributed.barrier()
    torch.distributed.monitored_barrier()
    return torch.distributed.barrier(async_op=True).wait()


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (all_reduce, [SUM] * N),
        (all_reduce_async, [SUM] * N),
        (all_reduce_coalesced, [SUM] * N),
        (reduce, [None, SUM, None]),
        (broadcast, [EVERYBODYS[2]] * N),
        (all_gather, [EVERYBODYS] * N),
        (all_gather_coalesced, [EVERYBODYS] * N),
        (all_gather_into_tensor, [EVERYBODYS] * N),
        (gather, [None, EVERYBODYS, None]),
        (scatter, EVERYBODYS),
        (reduce_scatter, [[0.0, 0.0], SUM, [66.0, 72.0]]),
        (reduce_scatter_tensor, [[0.0, 0.0], SUM, [66.0, 72.0]]),
        (all_to_all, [[0.0, 10.0, 20.0], [1.0, 11.0, 21.0], [2.0, 12.0, 22.0]]),
        (all_to_all_single, [[0.0, 10.0, 20.0], [1.0, 11.0, 21.0], [2.0, 12.0, 22.0]]),
        (all_to_all_single_in_unequal_parts, [[0.0, 1.0], [4.0, 5.0], [10.0, 11.0]]),
        (objects, [(0, 0), (1, 1), (2, 2)]),
        (barriers, [True] * N),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::FutureWarning")  # PyTorch's coalesced forms
def test_collective_call(world: World, function: Callable[..., Any], expected: list[Any]) -> None:
    assert world.run(function) == expected


def reductions(torch: Any, rank: int, n: int, op: str, dtype: str) -> Any:
    x = (torch.arange(4) + 1 + rank).to(getattr(torch, dtype))
    try:
        torch.distributed.all_reduce(x, getattr(torch.distributed.ReduceOp, op))
    except (RuntimeError, ValueError) as error:
        return type(error).__name__
    return [complex(one) for one in x.tolist()]


FLOATS = "float16 bfloat16 float32 float64".split()
INTEGERS = "uint8 int8 int32 int64".split()


@pytest.mark.parametrize(
    ("op", "dtypes", "expected"),
    [
        ("SUM", [*FLOATS, *INTEGERS, "complex64"], [6, 9, 12, 15]),
        ("PRODUCT", [*FLOATS, *INTEGERS], [6, 24, 60, 120]),
        ("MIN", [*FLOATS, *INTEGERS], [1, 2, 3, 4]),
        ("MAX", [*FLOATS, *INTEGERS], [3, 4, 5, 6]),
        ("AVG", [*FLOATS, "complex64"], [2, 3, 4, 5]),
        ("BAND", INTEGERS, [0, 0, 0, 4]),
        ("BOR", INTEGERS, [3, 7, 7, 7]),
        ("BXOR", INTEGERS, [0, 5, 2, 7]),
        ("SUM", ["bool"], [1, 1, 1, 1]),
        ("BAND", ["float32"], "RuntimeError"),
        ("AVG", ["int64"], "RuntimeError"),
        ("MAX", ["complex64"], "ValueError"),
    ],
)
def test_how_tensors_are_combined(world: World, op: str, dtypes: list[str], expected: Any) -> None:
    for dtype in dtypes:
        assert world.run(reductions, op, dtype) == [expected] * N, dtype


def messages(torch: Any, rank: int, n: int) -> Any:
    dist = torch.distributed
    x, y = torch.zeros(2), torch.zeros(2)
    works = [dist.isend(mine(torch, rank), (rank + 1) % n), dist.irecv(x, (rank - 1) % n)]
    for work in works:
        work.wait()
    assert works[1].is_completed()
    if rank == 0:  # two under one tag, in order, and one under another, which is received first
        given = [(torch.full((2,), float(value)), tag) for value, tag in ((1, 5), (2, 5), (3, 6))]
        for work in [dist.isend(message, 1, tag=tag) for message, tag in given]:
            work.wait()
    if rank == 1:
        for value, tag in ((1.0, 5), (3.0, 6), (2.0, 5)):
            assert dist.recv(y, 0, tag=tag) == 0
            assert y.tolist() == [value, value]
    if rank == 2:
        got = sorted((dist.recv(y), y[0].item()) for _ in range(2))
        assert got == [(0, 1.0), (1, 11.0)]
    else:
        dist.send(mine(torch, rank), 2)
    dist.barrier()  # or what follows could be received in place of these
    ops = [
        dist.P2POp(dist.isend, mine(torch, rank), (rank + 1) % n),
        dist.P2POp(dist.irecv, y, (rank - 1) % n),
    ]
    for work in dist.batch_isend_irecv(ops):
        work.wait()
    assert y.tolist() == x.tolist()
    found = [None, None]
    if rank == 0:
        dist.send_object_list(["a", {1: 2}], 1)
    if rank == 1:
        assert dist.recv_object_list(found, 0) == 0
        assert found == ["a", {1: 2}]
    return x.tolist()


def test_messages(world: World) -> None:
    assert world.run(messages) == [EVERYBODYS[2], EVERYBODYS[0], EVERYBODYS[1]]


def groups(torch: Any, rank: int, n: int) -> Any:
    dist = torch.distributed
    outer, x = dist.new_group([2, 0]), mine(torch, rank)
    assert dist.get_world_size(outer) == (-1 if rank == 1 else 2)
    if rank != 1:
        assert dist.get_process_group_ranks(outer) == [0, 2]
        assert dist.get_group_rank(outer, 2) == 1
        assert dist.get_global_rank(outer, 1) == 2
        dist.all_reduce(x, group=outer)
        y = mine(torch, rank)
        dist.broadcast(y, 2, group=outer)
        assert y.tolist() == EVERYBODYS[2]
        y += rank
        dist.broadcast(y, group_src=0, group=outer)
        assert y.tolist() == EVERYBODYS[2]
        with pytest.raises(ValueError, match="is not part of group"):
            dist.broadcast(y, 1, group=outer)
    else:
        assert outer == dist.GroupMember.NON_GROUP_MEMBER
        with pytest.warns(UserWarning, match="does not belong to the given group"):
            assert dist.all_reduce(x, group=outer) is None
        with pytest.raises(ValueError, match="Invalid process group"):
            dist.get_backend(outer)
    part, parts = dist.new_subgroups_by_enumeration([[0], [1, 2]])
    assert len(parts) == 2
    assert dist.get_process_group_ranks(part) == ([0] if rank == 0 else [1, 2])
    alone, _ = dist.new_subgroups(1)
    dist.barrier(alone)
    return x.tolist(), dist.get_rank(outer), dist.get_rank(part)


def test_groups(world: World) -> None:
    both = [22.0, 24.0]
    assert world.run(groups) == [(both, 0, 0), (EVERYBODYS[1], -1, 0), (both, 1, 1)]


def refusals(torch: Any, rank: int, n: int) -> None:
    dist, x = torch.distributed, torch.ones(2)
    with pytest.raises(ValueError, match="Must specify"):
        dist.broadcast(x)
    with pytest.raises(ValueError, match="both"):
        dist.broadcast(x, 0, group_src=0)
    with pytest.raises(ValueError, match="should not be the same"):
        dist.send(x, rank)
    with pytest.raises(TypeError, match="Expected parameter `tensor`"):
        dist.all_reduce([x])
    with pytest.raises(TypeError):
        dist.all_reduce(x, op="sum")
    with pytest.raises(RuntimeError, match="length 3"):
        dist.all_gather([x, x], x)
    with pytest.raises(RuntimeError, match="invalid tensor size at index 1"):
        dist.all_gather([x.clone(), torch.ones(3), x.clone()], x)
    with pytest.raises(ValueError, match="different dtypes"):
        dist.all_gather([x.double()] * n, x)
    with pytest.raises(ValueError, match="gather_list"):
        dist.gather(x, None if rank == 0 else [x], dst=0)
    with pytest.raises(ValueError, match="scatter_list"):
        dist.scatter(x, None if rank == 0 else [x], src=0)
    with pytest.raises(ValueError, match="``op``"):
        dist.P2POp(dist.broadcast, x, 0)
    with pytest.raises(ValueError, match="duplicate"):
        dist.new_group([1, 1])
    with pytest.raises(ValueError, match="out of range"):
        dist.new_group([1, 5])
    with pytest.raises(ValueError, match="divisible"):
        dist.new_subgroups(2)
    with pytest.raises(ValueError, match="twice"):
        dist.init_process_group("gloo", rank=rank, world_size=n)


def test_what_is_refused(world: World) -> None:
    world.run(refusals)


def gradients(torch: Any, rank: int, n: int) -> Any:
    """The loss of rank r is r + 1 times the sum of what it got, so that each gradient shows whom it
    came from."""
    calls = importlib.import_module(f"{torch.__name__}.distributed.nn.functional")
    found = {}
    for name, call in {
        "all_reduce": lambda x: calls.all_reduce(x * 2),
        "broadcast": lambda x: calls.broadcast(x, 1),
        "reduce": lambda x: calls.reduce(x, 1),
        "all_gather": lambda x: calls.all_gather(x)[2],
        "gather": lambda x: calls.gather(x, 1)[2],
        "scatter": lambda x: calls.scatter([x, x * 10, x * 100], 1),
        "reduce_scatter": lambda x: calls.reduce_scatter(torch.zeros(1), [x, x * 10, x * 100]),
        "all_to_all": lambda x: calls.all_to_all(
            [torch.zeros(1) for _ in range(n)], [x, x * 10, x * 100]
        )[0],
        "all_to_all_single": lambda x: calls.all_to_all_single(
            torch.zeros(n), torch.cat([x, x * 10, x * 100])
        )[0],
    }.items():  # fmt: skip
        x = torch.tensor([rank + 1.0], requires_grad=True)
        y = call(x)
        (y * (rank + 1)).sum().backward()
        found[name] = (y.sum().item(), x.grad.item())
    return found


def test_gradients_flow_to_whom_they_came_from(world: World) -> None:
    found = world.run(gradients)
    expected = {
        "all_reduce": [(12, 12)] * 3,
        "broadcast": [(2, 0), (2, 6), (2, 0)],
        "reduce": [(1, 2), (6, 2), (3, 2)],
        "all_gather": [(3, 0), (3, 0), (3, 6)],
        "gather": [(0, 0), (3, 0), (0, 2)],
        "scatter": [(2, 0), (20, 321), (200, 0)],
        "reduce_scatter": [(6, 321), (60, 321), (600, 321)],
        "all_to_all": [(1, 1 + 20 + 300), (10, 0), (100, 0)],
        "all_to_all_single": [(1, 1 + 20 + 300), (10, 0), (100, 0)],
    }
    for name, values in expected.items():
        if name != "reduce":
            assert [one[name] for one in found] == values, name
    assert [one["reduce"][1] for one in found] == [2, 2, 2]
    assert found[1]["reduce"][0] == 6


def bits(torch: Any, rank: int, n: int) -> Any:
    dist = torch.distributed
    found = []
    for size in (0, 1, 2, 1000, 100_001):
        torch.manual_seed(rank)
        x = torch.randn(size)
        y, parts = x.clone(), [torch.zeros(size) for _ in range(n)]
        dist.all_gather(parts, x)
        dist.all_reduce(y)
        in_order = (parts[0] + parts[1]) + parts[2]
        assert torch.equal(y, in_order)
        z = x.clone()
        dist.reduce(z, 2)
        assert torch.equal(z, in_order if rank == 2 else x)
        found.append(y.sum().item())
    return found


def test_sums_are_in_the_order_of_the_ranks_on_all(our_world: World) -> None:
    assert our_world.run(bits) == [our_world.run(bits)[0]] * N


def writes(torch: Any, rank: int, n: int) -> None:
    dist = torch.distributed
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    z = y**2
    dist.all_reduce(y)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()
    rows = torch.ones(2, 3)
    dist.all_reduce(rows.t())
    assert rows.tolist() == [[3.0] * 3] * 2


def test_calls_write_as_ops_in_place_do(our_world: World) -> None:
    our_world.run(writes)


def many_at_once(torch: Any, rank: int, n: int) -> Any:
    """Calls in several threads of each process, groups of the same ranks, large messages both
    ways."""
    dist = torch.distributed
    same = dist.new_group()
    tensors = [torch.full((50_000,), float(i)) for i in range(4)]
    works = [
        dist.all_reduce(x, group=same if i % 2 else None, async_op=True)
        for i, x in enumerate(tensors)
    ]
    direct = torch.ones(1_000_000) * rank
    dist.all_reduce(direct)
    for peer in range(n):
        if peer != rank:
            dist.isend(direct, peer, tag=rank)
    for peer in range(n):
        if peer != rank:
            dist.recv(direct, peer, tag=peer)
    for work in reversed(works):
        work.wait()
    return [x[-1].item() for x in tensors], direct.sum().item()


def test_many_calls_at_once(our_world: World) -> None:
    assert our_world.run(many_at_once) == [([0.0, 3.0, 6.0, 9.0], 3_000_000.0)] * N


def too_late(torch: Any, rank: int, n: int) -> Any:
    dist = torch.distributed
    hasty = dist.new_group(timeout=timedelta(seconds=0.1))
    if rank:
        dist.barrier()
        return None
    with pytest.raises(RuntimeError, match=r"100ms for recv operation from rank 1 \(process"):
        dist.recv(torch.zeros(1), 1, group=hasty)
    with pytest.raises(dist.DistBackendError, match="all_reduce: Timed out waiting 100ms for rank"):
        dist.all_reduce(torch.zeros(1), group=hasty)
    with pytest.raises(RuntimeError, match=r"Rank 1, 2 failed to pass monitoredBarrier in 50 ms"):
        dist.monitored_barrier(hasty, timedelta(seconds=0.05), wait_all_ranks=True)
    dist.barrier()
    return True


def test_who_does_not_come_in_time_is_named(our_world: World) -> None:
    assert our_world.run(too_late)[0]


def differing(torch: Any, rank: int, n: int) -> None:
    dist = torch.distributed
    with pytest.raises(RuntimeError, match="must make the same calls"):
        dist.all_reduce(torch.zeros(2 + rank))
    if rank == 0:
        dist.send(torch.zeros(2), 1)
    if rank == 1:
        with pytest.raises(RuntimeError, match="sent 8 bytes of float32"):
            dist.recv(torch.zeros(2, dtype=torch.int32), 0)


def test_calls_that_differ_are_told(our_world: World) -> None:
    our_world.run(differing)
