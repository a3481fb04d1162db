"""``share_memory_``: what one process writes, the others see."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl import multiprocessing as mp, nn


def write(index: int, tensor: torch.Tensor, layer: nn.Linear) -> None:
    tensor[index] += 5
    layer.weight.data.fill_(3.0)


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_processes_write_to_shared_memory(start: str) -> None:
    tensor, layer = torch.zeros(3, 2).share_memory_(), nn.Linear(2, 1).share_memory()
    view = tensor.t()
    mp.spawn(write, args=(tensor[1:], layer), nprocs=2, start_method=start)
    assert tensor.tolist() == [[0, 0], [5, 5], [5, 5]]
    assert view[0].tolist() == [0, 5, 5]
    assert layer.weight.tolist() == [[3, 3]]


def answer(queue: Any, back: Any) -> None:
    shared, plain = queue.get()
    assert shared.requires_grad
    shared.detach().mul_(2)
    plain.mul_(2)
    back.put(shared.detach()[1:])
    queue.get(timeout=60)  # the memory is fetched from this process


def test_tensors_go_through_queues_as_their_memory() -> None:
    context = mp.get_context("fork")  # type: ignore[attr-defined]
    queue, back = context.Queue(), context.Queue()
    process = context.Process(target=answer, args=(queue, back))
    process.start()
    shared, plain = torch.ones(3).share_memory_(), torch.ones(3)
    queue.put((shared.requires_grad_(), plain))
    received = back.get(timeout=60)
    received[0] = 7.0
    queue.put(None)
    process.join()
    assert shared.tolist() == [2, 7, 2]
    assert plain.tolist() == [1, 1, 1]
    assert received.is_shared()


def test_what_is_shared() -> None:
    x = torch.ones(2, 3)
    assert not x.is_shared()
    assert x.share_memory_() is x
    before = x.data_ptr()
    assert x.share_memory_().data_ptr() == before
    assert x.is_shared()
    assert x[0].is_shared()
    assert x.untyped_storage().share_memory_().is_shared()
    assert not x.clone().is_shared()
    assert torch.zeros(0).share_memory_().is_shared()
    assert torch.ones(2, dtype=torch.bfloat16).share_memory_().tolist() == [1, 1]


def test_a_storage_is_shared_through_its_tensor() -> None:
    with pytest.raises(RuntimeError, match="on the tensor"):
        torch.ones(2).untyped_storage().share_memory_()


def step(_: int, optimizer: torch.optim.Optimizer, layer: nn.Linear) -> None:
    layer(torch.ones(1, 2)).sum().backward()
    optimizer.step()


@pytest.mark.parametrize("name", ["Adam", "Adagrad"])
def test_processes_share_an_optimizers_state(name: str) -> None:
    layers = [nn.Linear(2, 3), nn.Linear(2, 3)]
    layers[1].load_state_dict(layers[0].state_dict())
    optimizers = [getattr(torch.optim, name)(layer.parameters(), lr=0.1) for layer in layers]
    shared, alone = optimizers
    layers[0].share_memory()
    if name == "Adagrad":
        shared.share_memory()
    for p in layers[0].parameters() if name == "Adam" else ():
        moments = {n: torch.zeros_like(p).share_memory_() for n in ("exp_avg", "exp_avg_sq")}
        shared.state[p] = {"step": torch.zeros(1).share_memory_(), **moments}
    for _ in range(2):
        mp.spawn(step, args=(shared, layers[0]), nprocs=1, start_method="fork")
        alone.zero_grad()
        step(0, alone, layers[1])
    for ours, other in zip(layers[0].parameters(), layers[1].parameters()):
        assert np.allclose(ours.detach().numpy(), other.detach().numpy())
        assert shared.state[ours]["step"].item() == 2
