"""Models trained by several processes, in this package and in PyTorch."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

import minitorch_dl
from minitorch_dl import distributed as dist, nn
from tests.distributed import World

N = 3


def net(torch: Any) -> Any:
    nn = torch.nn
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def batch(torch: Any, rank: int, step: int, n: int = 2) -> Any:
    return torch.randn(n, 3, generator=torch.Generator().manual_seed(100 * step + rank))


def replicated(torch: Any, model: Any, **options: Any) -> Any:
    return torch.nn.parallel.DistributedDataParallel(model, **options)


def flat(model: Any) -> list[float]:
    return [value for p in model.parameters() for value in p.detach().flatten().tolist()]


def training(torch: Any, rank: int, n: int, bucket: float | None) -> Any:
    torch.manual_seed(rank)  # the processes begin with different parameters
    model = replicated(torch, net(torch), bucket_cap_mb=bucket)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    for step in range(3):
        optimizer.zero_grad()
        model(batch(torch, rank, step)).square().mean().backward()
        optimizer.step()
    assert next(iter(model.state_dict())) == "module.0.weight"
    return flat(model)


def alone(torch: Any) -> list[float]:
    """One process with the batches of all."""
    torch.manual_seed(0)
    model = net(torch)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    for step in range(3):
        optimizer.zero_grad()
        whole = torch.cat([batch(torch, rank, step) for rank in range(N)])
        model(whole).square().mean().backward()
        optimizer.step()
    return flat(model)


@pytest.mark.parametrize("bucket", [None, 1e-6])
def test_several_processes_train_as_one_with_the_whole_batch(
    world: World, bucket: float | None
) -> None:
    results = world.run(training, bucket)
    assert results[0] == results[1] == results[2]
    np.testing.assert_allclose(results[0], alone(minitorch_dl), rtol=1e-5, atol=1e-6)


def no_sync(torch: Any, rank: int, n: int) -> Any:
    model = replicated(torch, torch.nn.Linear(1, 1, bias=False))
    weight, x = model.module.weight, torch.tensor([[rank + 1.0]])
    with model.no_sync():
        model(x).sum().backward()
    mine = weight.grad.item()
    model(x * 10).sum().backward()
    return mine, weight.grad.item()


def test_gradients_are_added_up_before_they_are_averaged(world: World) -> None:
    assert world.run(no_sync) == [(1.0, 22.0), (2.0, 22.0), (3.0, 22.0)]


def branches(torch: Any) -> Any:
    """``forward(x, k)`` uses the first k of three weights of 1."""

    class Branches(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weights = torch.nn.ParameterList([torch.ones(1) for _ in range(3)])

        def forward(self, x: Any, k: int) -> Any:
            return {"y": [sum(weight * x for weight in self.weights[:k])]}

    return Branches()


def unused(torch: Any, rank: int, n: int, option: str) -> Any:
    model = replicated(torch, branches(torch), **{option: True})
    used = 1 if option == "static_graph" else 1 + rank % 2
    found = []
    for _ in range(2):
        model(torch.ones(1) * 3, used)["y"][0].sum().backward()
        found.append([None if w.grad is None else w.grad.item() for w in model.parameters()])
        model.zero_grad()
    return found


def test_unused_parameters(world: World) -> None:
    assert world.run(unused, "find_unused_parameters") == [[[3.0, 1.0, None]] * 2] * N
    assert world.run(unused, "static_graph") == [[[3.0, None, None]] * 2] * N


def unfinished(torch: Any, rank: int, n: int) -> None:
    model = replicated(torch, branches(torch))
    model(torch.ones(1), 2)["y"][0].sum().backward()
    with pytest.raises(RuntimeError, match="Expected to have finished reduction"):
        model(torch.ones(1), 2)


def test_a_parameter_without_a_gradient_is_an_error(world: World) -> None:
    world.run(unfinished)


def buffers(torch: Any, rank: int, n: int, broadcast: bool) -> Any:
    model = torch.nn.Sequential(torch.nn.BatchNorm1d(1), torch.nn.Linear(1, 1))
    model = replicated(torch, model, broadcast_buffers=broadcast)
    x = torch.tensor([[-1.0], [1.0]]) + 10 * rank
    for _ in range(2):
        model(x).sum().backward()
    mean = model.module[0].running_mean.item()
    with torch.no_grad():
        model.eval()(x)
    return round(mean, 4), round(model.module[0].running_mean.item(), 4)


def test_buffers(world: World) -> None:
    assert world.run(buffers, True) == [(0.0, 0.0), (1.0, 0.0), (2.0, 0.0)]
    assert world.run(buffers, False) == [(0.0, 0.0), (1.9, 1.9), (3.8, 3.8)]


def hooks(torch: Any, rank: int, n: int) -> Any:
    default, debugging = (
        importlib.import_module(
            f"{torch.__name__}.distributed.algorithms.ddp_comm_hooks.{name}_hooks"
        )
        for name in ("default", "debugging")
    )
    found = []
    for hook in (default.allreduce_hook, default.fp16_compress_hook, debugging.noop_hook):
        model = replicated(torch, torch.nn.Linear(1, 1, bias=False))
        model.register_comm_hook(None, hook)
        model(torch.tensor([[rank + 1 + 2**-13]])).sum().backward()
        found.append(model.module.weight.grad.item())
    with pytest.raises(RuntimeError, match="only be called once"):
        model.register_comm_hook(None, debugging.noop_hook)
    with pytest.raises(TypeError, match="must be callable"):
        model.register_comm_hook(None, 3)
    seen: list[Any] = []

    def double(state, bucket):  # PyTorch looks at annotations
        state.append((bucket.index(), bucket.is_last(), len(bucket.parameters())))
        assert [g.shape for g in bucket.gradients()] == [p.shape for p in bucket.parameters()]
        future = torch.futures.Future()
        future.set_result(bucket.buffer() * 2)
        return future

    model = replicated(torch, torch.nn.Linear(1, 1))
    model.register_comm_hook(seen, double)
    model(torch.ones(1, 1)).sum().backward()
    return found, seen, model.module.bias.grad.item()


def test_hooks_send_the_gradients(world: World) -> None:
    fine = 2**-13
    for rank, (found, seen, doubled) in enumerate(world.run(hooks)):
        exact, compressed, own = found
        assert (exact, own) == pytest.approx((2 + fine, rank + 1 + fine), abs=1e-6)
        assert compressed == pytest.approx(2, abs=2e-3)
        assert compressed == np.float16(compressed)
        assert (seen, doubled) == ([(0, True, 2)], 2.0)


def local_steps(torch: Any, rank: int, n: int) -> Any:
    """One step with everybody's gradients, one with those of ranks 0 and 1, one with the own."""
    name = f"{torch.__name__}.distributed.algorithms"
    local = importlib.import_module(f"{name}.ddp_comm_hooks.post_localSGD_hook")
    averagers = importlib.import_module(f"{name}.model_averaging.averagers")
    pair, _ = torch.distributed.new_subgroups_by_enumeration([[0, 1], [2]])
    model = replicated(torch, torch.nn.Linear(1, 1, bias=False))
    state = local.PostLocalSGDState(None, pair, 1)
    model.register_comm_hook(state, local.post_localSGD_hook)
    weight, found = model.module.weight, []
    for together in (True, True, False):
        model.zero_grad()
        state.post_local_gradient_allreduce = together
        model(torch.tensor([[float(rank)]])).sum().backward()
        found.append(weight.grad.item())
    with torch.no_grad():
        weight.fill_(float(rank))
    averager = averagers.PeriodicModelAverager(period=2, warmup_steps=1)
    for _ in range(2):
        averager.average_parameters(model.parameters())
        found.append(round(weight.item(), 4))
    return found


def test_local_steps(world: World) -> None:
    assert world.run(local_steps) == [
        [1.0, 0.5, 0.0, 0.0, 1.0],
        [1.0, 0.5, 1.0, 1.0, 1.0],
        [1.0, 2.0, 2.0, 2.0, 1.0],
    ]


def join(torch: Any, rank: int, n: int, by_all: bool) -> Any:
    """Rank r has 2 - r steps, in which its gradient is r + 1."""
    model = torch.nn.Sequential(torch.nn.Linear(1, 1, bias=False), torch.nn.BatchNorm1d(1).eval())
    with torch.no_grad():
        model[0].weight.fill_(0.0)
    model = replicated(torch, model)
    optimizer = torch.optim.SGD([model.module[0].weight], 1.0)
    with model.join(divide_by_initial_world_size=by_all):
        for _ in range(2 - rank):
            optimizer.zero_grad()
            model(torch.tensor([[rank + 1.0]])).sum().backward()
            optimizer.step()
    return round(model.module[0].weight.item(), 4)


def test_processes_that_are_done_keep_the_others_company(world: World) -> None:
    assert world.run(join, True) == [-1.3333] * N  # (1 + 2) / 3 + 1 / 3
    assert world.run(join, False) == [-2.5] * N  # (1 + 2) / 2 + 1


def join_and_raise(torch: Any, rank: int, n: int) -> Any:
    model = replicated(torch, torch.nn.Linear(1, 1))
    with (
        pytest.raises(RuntimeError, match="exhausted"),
        model.join(throw_on_early_termination=True),
    ):
        for _ in range(1 + rank):
            model(torch.ones(1, 1)).sum().backward()


def test_all_stop_when_one_is_done(world: World) -> None:
    world.run(join_and_raise)


def sparse(torch: Any, rank: int, n: int) -> Any:
    model = torch.nn.Sequential(torch.nn.Embedding(4, 1, sparse=True), torch.nn.Linear(1, 1))
    with torch.no_grad():
        model[1].weight.fill_(3.0)
    model = replicated(torch, model)
    model(torch.tensor([rank, rank + 1])).sum().backward()
    return [round(x, 4) for x in model.module[0].weight.grad.to_dense().flatten().tolist()]


def test_sparse_gradients(world: World) -> None:
    assert world.run(sparse) == [[1.0, 2.0, 2.0, 1.0]] * N


def refusals(torch: Any, rank: int, n: int) -> None:
    with pytest.raises(RuntimeError, match="is not needed"):
        replicated(torch, torch.nn.ReLU())
    with pytest.raises(ValueError, match="device_ids"):
        replicated(torch, torch.nn.Linear(1, 1), device_ids=[0])


def test_what_is_refused(world: World) -> None:
    world.run(refusals)


def shapes(torch: Any, rank: int, n: int) -> None:
    with pytest.raises(RuntimeError, match=r"params\[0\] \(weight\) .* not to match sizes"):
        replicated(torch, torch.nn.Linear(1 + rank, 1))
    with pytest.raises(RuntimeError, match="same model across all ranks"):
        replicated(torch, torch.nn.Linear(1, 1, bias=rank == 0))


def copies(torch: Any, rank: int, n: int) -> Any:
    from copy import deepcopy

    model = deepcopy(replicated(torch, torch.nn.Linear(1, 1, bias=False)))
    model(torch.tensor([[float(rank)]])).sum().backward()
    part = torch.distributed.new_group([0, 1])
    if rank < 2:
        with pytest.raises(RuntimeError, match="default process group"):
            deepcopy(replicated(torch, torch.nn.Linear(1, 1), process_group=part))
    return model.module.weight.grad.item()


def test_models_of_other_shapes_and_copies(our_world: World) -> None:
    our_world.run(shapes)
    assert our_world.run(copies) == [1.0] * N


def norm_net(torch: Any) -> Any:
    torch.manual_seed(0)
    layers = torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Tanh(), torch.nn.Linear(4, 1)
    return torch.nn.Sequential(*layers)


def normalised(torch: Any, rank: int, n: int) -> Any:
    model = torch.nn.SyncBatchNorm.convert_sync_batchnorm(norm_net(torch))
    model = replicated(torch, model)
    for step in range(2):
        model.zero_grad()
        model(batch(torch, rank, step, 2 + rank)).sum().backward()
    norm = model.module[1]
    sums = [n * x for p in model.parameters() for x in p.grad.flatten().tolist()]
    y = torch.nn.SyncBatchNorm(3, affine=False, track_running_stats=False)(
        batch(torch, rank, 0, 4).half()
    )
    assert y.dtype == torch.float16
    return sums, norm.running_mean.tolist(), norm.running_var.tolist()


def test_batch_norm_over_all_processes(our_world: World) -> None:
    """Gradients, running mean and variance as in one process with all samples."""
    model = norm_net(minitorch_dl)
    for step in range(2):
        model.zero_grad()
        parts = [batch(minitorch_dl, rank, step, 2 + rank) for rank in range(N)]
        model(minitorch_dl.cat(parts)).sum().backward()
    grads = [x for p in model.parameters() for x in p.grad.flatten().tolist()]
    for sums, mean, var in our_world.run(normalised):
        np.testing.assert_allclose(sums, grads, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(mean, model[1].running_mean.tolist(), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(var, model[1].running_var.tolist(), rtol=1e-5)


def sampled(torch: Any, rank: int, n: int) -> Any:
    data = torch.utils.data
    sampler = data.DistributedSampler(range(7), shuffle=False)
    return [x for part in data.DataLoader(range(7), 2, sampler=sampler) for x in part.tolist()]


def test_each_process_gets_its_share_of_the_data(world: World) -> None:
    assert world.run(sampled) == [[0, 3, 6], [1, 4, 0], [2, 5, 1]]


def test_a_sampler_asks_the_process_group() -> None:
    with pytest.raises(ValueError, match="has not been initialized"):
        minitorch_dl.utils.data.DistributedSampler(range(3))


def test_a_second_pass_over_a_bucket_is_refused() -> None:
    """A leaf that gets its gradient in parts, from two passes of one forward."""
    dist.init_process_group(store=dist.HashStore(), rank=0, world_size=1)
    try:
        model = nn.parallel.DistributedDataParallel(nn.Linear(1, 1))
        y = model(minitorch_dl.ones(1, 1))
        weight = model.module.weight
        minitorch_dl.autograd.backward(y.sum(), retain_graph=True, inputs=[weight])
        with pytest.raises(RuntimeError, match="mark a variable ready only once"):
            minitorch_dl.autograd.backward(y.sum(), inputs=[weight])
    finally:
        dist.destroy_process_group()


def test_what_joins_needs_hooks() -> None:
    from minitorch_dl.distributed.algorithms.join import Join, Joinable, JoinHook

    with pytest.raises(ValueError, match="at least one joinable"):
        Join([])
    for ask in (Joinable.join_hook, Joinable.join_device.fget, Joinable.join_process_group.fget):
        with pytest.raises(NotImplementedError):
            ask(Joinable())
    JoinHook().main_hook()
    JoinHook().post_hook(True)
