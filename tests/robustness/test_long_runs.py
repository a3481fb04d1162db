"""Memory stays flat, results repeat bit for bit, threads do not disturb each other."""

from __future__ import annotations

import gc
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pytest

import minitorch_dl as torch
from tests.robustness.training import PROGRAMS, Step


def grown(step: Step, steps: int) -> int:
    """By how many bytes the memory in use grew over so many steps, which leave no cycles behind."""
    for _ in range(20):  # caches fill
        step()
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        for _ in range(20):
            step()
        gc.collect()  # also empties the interpreter's stocks of unused tuples and floats
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(steps):
            step()
        assert gc.collect() == 0, "a reference cycle"
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    return after - before


STEPS = {"mlp": 500, "cnn": 200, "rnn": 200, "gradient penalty": 200}


@pytest.mark.parametrize("name", PROGRAMS)
def test_memory_is_flat(name: str) -> None:
    # One array left behind by each step would be more: it takes 112 bytes before its elements.
    assert grown(PROGRAMS[name](), STEPS[name]) < 100 * STEPS[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_memory_is_flat_over_ten_thousand_steps(name: str) -> None:
    assert grown(PROGRAMS[name](), 10_000) < 100_000  # bytes


def test_a_chain_of_200_000_ops() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = (y * 1.00001).add(1e-6)
    y.sum().backward()
    expected = 1.00001**100_000
    assert x.grad is not None
    assert x.grad.tolist() == pytest.approx([expected] * 2, rel=1e-2)
    del y


def test_a_deep_chain_is_freed_without_recursion() -> None:
    y = torch.ones(2, requires_grad=True)
    for _ in range(100_000):
        y = y + 1
    del y


def losses(name: str, steps: int, seed: int) -> list[bytes]:
    step = PROGRAMS[name](seed)
    return [step().numpy().tobytes() for _ in range(steps)]


@pytest.mark.parametrize("name", PROGRAMS)
def test_one_seed_gives_the_same_bits(name: str) -> None:
    assert losses(name, 20, 3) == losses(name, 20, 3)
    assert losses(name, 20, 3) != losses(name, 20, 4)


def test_two_threads_train_as_one_does() -> None:
    names = ["cnn", "rnn", "gradient penalty"]  # nothing random after the start
    alone = [losses(name, 40, 0) for name in names]
    steps = [PROGRAMS[name](0) for name in names]

    def train(step: Step) -> list[bytes]:
        return [step().numpy().tobytes() for _ in range(40)]

    with ThreadPoolExecutor(len(names)) as pool:
        assert list(pool.map(train, steps)) == alone


def test_modes_belong_to_their_thread() -> None:
    with torch.no_grad(), ThreadPoolExecutor(1) as pool:
        there = pool.submit(torch.is_grad_enabled).result()
        assert there
        assert not torch.is_grad_enabled()
