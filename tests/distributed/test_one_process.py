"""A process group of one, and names that programs for several import."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterator
from typing import Any

import pytest

import minitorch_dl as torch
from minitorch_dl import distributed as dist, nn
from minitorch_dl.utils.data import DistributedSampler


@pytest.fixture
def group() -> Iterator[None]:
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def test_a_group_of_one(group: None) -> None:
    assert dist.is_initialized()
    assert (dist.get_rank(), dist.get_world_size(), dist.get_backend()) == (0, 1, "gloo")
    x, others, objects = torch.arange(3.0), [torch.zeros(3)], [None]
    work = dist.all_reduce(x, op=dist.ReduceOp.SUM, async_op=True)
    assert work.wait()
    dist.all_gather(others, x)
    dist.all_gather_object(objects, "mine")
    dist.broadcast(x, 0)
    dist.barrier()
    assert x.tolist() == others[0].tolist() == [0.0, 1.0, 2.0]
    assert objects == ["mine"]
    with pytest.raises(ValueError, match="twice"):
        dist.init_process_group()


def test_without_a_group() -> None:
    assert not dist.is_initialized()
    for call in (dist.barrier, dist.get_rank, dist.get_world_size, dist.get_process_group_ranks):
        with pytest.raises(ValueError, match="has not been initialized"):
            call()
    with pytest.raises(ValueError, match="rank 2 is not in a world of 2 processes"):
        dist.init_process_group("gloo", store=dist.HashStore(), rank=2, world_size=2)


def test_a_distributed_module_is_its_module(group: None) -> None:
    layer = nn.Linear(2, 1)
    model = nn.parallel.DistributedDataParallel(layer, device_ids=None, find_unused_parameters=True)
    x = torch.ones(1, 2)
    with model.no_sync():
        model(x).sum().backward()
    assert torch.equal(model(x), layer(x))
    assert layer.weight.grad is not None
    assert list(model.state_dict()) == ["module.weight", "module.bias"]
    with pytest.raises(RuntimeError, match="is not needed"):
        nn.parallel.DistributedDataParallel(nn.ReLU())


@pytest.mark.parity
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("n", [0, 1, 10, 11])
def test_a_processs_share(n: int, shuffle: bool, drop_last: bool) -> None:
    theirs = pytest.importorskip("torch").utils.data.DistributedSampler
    for rank in range(3):
        samplers: list[Any] = [
            kind(range(n), 3, rank, shuffle, seed=7, drop_last=drop_last)
            for kind in (DistributedSampler, theirs)
        ]
        for epoch in range(2):
            for sampler in samplers:
                sampler.set_epoch(epoch)
            mine, expected = map(list, samplers)
            assert mine == expected
            assert len(samplers[0]) == len(samplers[1])


def test_names_that_model_files_import() -> None:
    with torch.as_torch():
        from torch._C import _log_api_usage_once
        from torch.distributions.relaxed_bernoulli import LogitRelaxedBernoulli
        from torch.distributions.utils import broadcast_all
        from torch.hub import load_state_dict_from_url
        from torch.nn.functional import _in_projection_packed
        from torch.nn.modules.module import _addindent, _IncompatibleKeys
        from torch.nn.modules.transformer import (
            _detect_is_causal_mask,
            _generate_square_subsequent_mask,
            _get_activation_fn,
            _get_clones,
            _get_seq_len,
        )
        from torch.nn.modules.utils import _quadruple, _reverse_repeat_tuple
        from torch.overrides import has_torch_function
        from torch.storage import UntypedStorage
        from torch.utils.data.distributed import DistributedSampler as Sampler
        from torch.utils.model_zoo import load_url
    _log_api_usage_once("here")
    assert load_url is load_state_dict_from_url
    assert Sampler is DistributedSampler
    assert len(_get_clones(nn.Linear(1, 1), 3)) == 3
    assert _get_activation_fn("relu")(torch.tensor(-1.0)).item() == 0.0
    x = torch.ones(2, 3, 4)
    assert (_get_seq_len(x, True), _get_seq_len(x, False)) == (3, 2)
    causal = _generate_square_subsequent_mask(3)
    assert _detect_is_causal_mask(causal, None, 3)
    assert _detect_is_causal_mask(causal)
    assert not _detect_is_causal_mask(causal.T, size=3)
    q, k, v = _in_projection_packed(x, x, x, torch.arange(48.0).reshape(12, 4))
    assert [y[0, 0, 0].item() for y in (q, k, v)] == [6.0, 70.0, 134.0]
    assert (_quadruple(1), _reverse_repeat_tuple((1, 2), 2)) == ((1, 1, 1, 1), (2, 2, 1, 1))
    assert _addindent("a\nb\nc", 3) == "a\n   b\n   c"
    assert LogitRelaxedBernoulli(torch.tensor(1.0), torch.tensor(0.5)).support.event_dim == 0
    assert not has_torch_function((1,))
    assert [x.shape for x in broadcast_all(torch.ones(2), 1.0)] == [(2,), (2,)]
    assert _IncompatibleKeys([], []).missing_keys == []
    assert isinstance(torch.ones(1).untyped_storage(), UntypedStorage)


def test_names_of_several_processes_can_be_imported_only() -> None:
    with torch.as_torch():
        from torch.distributed._functional_collectives import wait_tensor
        from torch.distributed.device_mesh import DeviceMesh
        from torch.distributed.fsdp import FullyShardedDataParallel, MixedPrecisionPolicy
        from torch.distributed.tensor import DTensor, Shard, distribute_tensor
    x = torch.ones(1)
    assert not isinstance(x, DTensor)
    assert wait_tensor(x) is x
    assert repr(Shard(0)) == "Shard(0)"
    assert MixedPrecisionPolicy(reduce_dtype=torch.float32).kwargs == {
        "reduce_dtype": torch.float32
    }
    for refused in (DeviceMesh, FullyShardedDataParallel, distribute_tensor):
        with pytest.raises(RuntimeError, match="is not supported"):
            refused(x)


def test_collective_calls_among_one_process(group: None) -> None:
    assert dist.group.WORLD.size() == 1
    assert dist.get_process_group_ranks(None) == [0]
    out, parts = torch.zeros(2), [torch.tensor([1.0, 2.0])]
    dist.reduce_scatter(out, parts)
    assert out.tolist() == [1.0, 2.0]
    dist.all_to_all([out], [torch.tensor([3.0, 4.0])])
    assert out.tolist() == [3.0, 4.0]
    x = torch.ones(2, requires_grad=True)
    sum(dist.nn.all_gather(x)).sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]
    gathered = [None]
    dist.gather_object("mine", gathered)
    assert gathered == ["mine"]


def test_the_parts_of_data_parallel() -> None:
    from minitorch_dl.nn.parallel import gather, parallel_apply, replicate, scatter, scatter_kwargs

    Pair = namedtuple("Pair", "a b")
    given = {"x": [torch.ones(2, device="meta")], "pair": Pair(torch.zeros(1, device="meta"), 3)}
    (moved,) = scatter(given, ["meta"])
    assert moved["pair"].b == 3
    assert moved["x"][0].shape == (2,)
    layer = torch.nn.Linear(2, 1)
    (copy,) = replicate(layer, ["cpu"])
    x = torch.ones(3, 2)
    (y,) = parallel_apply([copy], [x])
    torch.testing.assert_close(gather([y], "cpu"), layer(x))
    assert scatter_kwargs((x,), {"out": None}, ["cpu"]) == (((x,),), ({"out": None},))
    assert scatter_kwargs((1,), None, ["cpu"]) == (((1,),), ({},))
    with pytest.raises(RuntimeError, match="runs on one device here"):
        scatter(x, [0, 1])


def test_names_of_backends() -> None:
    assert dist.Backend("GLOO") == dist.Backend.GLOO == "gloo"
    assert isinstance(dist.Backend("nccl"), str)


def test_states_of_models() -> None:
    from minitorch_dl.distributed import sharding_names as several

    one, other = nn.Linear(2, 1), nn.Linear(2, 1)
    state = several.get_model_state_dict(one)
    several.set_model_state_dict(other, state)
    assert torch.equal(other.weight, one.weight)
    del state["bias"]
    options = several.StateDictOptions(full_state_dict=True, strict=False)
    assert several.set_model_state_dict(other, state, options=options).missing_keys == ["bias"]
    with pytest.raises(RuntimeError, match="bias"):
        several.set_model_state_dict(other, state)
