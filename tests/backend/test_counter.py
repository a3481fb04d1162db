"""The devices' random stream: its words, its distributions, its state, and its use in captures."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.backend.graph_capture import recording
from minitorch_dl.backend.random import counter
from minitorch_dl.testing import fake_gpu
from tests.devices import DEVICES, nothing_waits

# Published with the algorithm: counter and key of zeros, and of ones.
KNOWN = {
    (0, 0, None): (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8),
}


def test_known_words() -> None:
    for draw, expected in KNOWN.items():
        assert counter.words(np, draw, 4).tolist() == list(expected)


def test_words_do_not_depend_on_how_many_are_drawn() -> None:
    draw = ((1 << 64) - 1, 1 << 40, None)
    many = counter.words(np, draw, 101)
    assert len(set(many.tolist())) == 101
    for n in (0, 1, 4, 7):
        np.testing.assert_array_equal(counter.words(np, draw, n), many[:n])
    assert not np.isin(counter.words(np, ((1 << 64) - 1, 1, None), 101), many).any()


DRAWN = {
    "rand": (lambda **on: torch.rand(20000, **on), 0.5, 1 / 12),
    "rand float64": (lambda **on: torch.rand(20000, dtype=torch.float64, **on), 0.5, 1 / 12),
    "uniform": (lambda **on: torch.empty(20000, **on).uniform_(-1, 3), 1.0, 16 / 12),
    "randn": (lambda **on: torch.randn(20001, **on), 0.0, 1.0),
    "normal": (lambda **on: torch.empty(20000, **on).normal_(2, 3), 2.0, 9.0),
    "normal of tensors": (
        lambda **on: torch.normal(torch.full((20000,), 2.0, **on), torch.full((20000,), 3.0, **on)),
        2.0,
        9.0,
    ),
    "exponential": (lambda **on: torch.empty(20000, **on).exponential_(2.0), 0.5, 0.25),
    "bernoulli": (lambda **on: torch.empty(20000, **on).bernoulli_(0.3), 0.3, 0.21),
    "bernoulli of tensors": (
        lambda **on: torch.bernoulli(torch.full((20000,), 0.3, **on)), 0.3, 0.21,
    ),
    "randint": (lambda **on: torch.randint(-3, 4, (20000,), **on).float(), 0.0, 4.0),
    "wide randint": (
        lambda **on: torch.randint(0, 1 << 40, (20000,), **on).double() / 2**40, 0.5, 1 / 12,
    ),
    "gumbel": (
        lambda **on: torch.nn.functional.gumbel_softmax(torch.zeros(20000, 2, **on))[:, 0],
        0.5,
        None,
    ),
    "dropout": (lambda **on: torch.dropout(torch.ones(20000, **on), 0.25, True), 1.0, 1 / 3),
}  # fmt: skip


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", DRAWN)
def test_moments_without_waiting(name: str, device: str) -> None:
    draw, mean, variance = DRAWN[name]
    torch.manual_seed(0)
    draw(device=device)
    with nothing_waits(device):
        x = draw(device=device)
    x = x.cpu().double()
    spread = x.var().item() if variance is None else variance
    assert abs(x.mean().item() - mean) < 5 * (spread / 20000) ** 0.5
    if variance is not None:
        assert x.var().item() == pytest.approx(variance, rel=0.06)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_rounding_to_a_bound_stays_inside(dtype: Any) -> None:
    x = torch.rand(20000, dtype=dtype, device="fakegpu").cpu()
    assert x.min().item() >= 0
    assert x.max().item() < 1


def test_the_state() -> None:
    fake_gpu.register()
    g = torch.Generator("fakegpu").manual_seed(-1)
    draw = lambda: torch.rand(3, generator=g, device="fakegpu").tolist()  # noqa: E731
    first = draw()
    state = g.get_state()
    assert state.numel() == 16
    second = draw()
    assert first != second
    g.set_state(state)
    assert draw() == second
    assert g.manual_seed(-1).initial_seed() == (1 << 64) - 1
    assert draw() == first
    clone = g.clone_state()
    assert torch.rand(3, generator=clone, device="fakegpu").tolist() == second
    for wrong, error in ((np.zeros(16), TypeError), (np.zeros(5056, np.uint8), RuntimeError)):
        with pytest.raises(error):
            counter.CounterGenerator("fakegpu").set_state(wrong)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))])
def test_a_copy_goes_on_alike(copied: Any) -> None:
    fake_gpu.register()
    g = torch.Generator("fakegpu").manual_seed(5)
    torch.rand(3, generator=g, device="fakegpu")
    other = copied(g)
    drawn = [torch.rand(3, generator=x, device="fakegpu").tolist() for x in (g, other)]
    assert drawn[0] == drawn[1]


def test_the_rarer_distributions_are_drawn_on_the_host() -> None:
    torch.manual_seed(3)
    rate = torch.full((2000,), 4.0, device="fakegpu")
    assert torch.poisson(rate).mean().item() == pytest.approx(4, abs=0.3)
    weights = torch.tensor([0.0, 1.0, 3.0]).to("fakegpu")
    assert torch.multinomial(weights, 2000, True).float().mean().item() == pytest.approx(
        1.75, abs=0.1
    )
    order = torch.randperm(50, device="fakegpu").tolist()
    assert sorted(order) == list(range(50)) != order
    with recording(), pytest.raises(RuntimeError, match="can't be captured"):
        torch.poisson(rate)


def test_a_captured_draw_counts_from_the_devices_memory() -> None:
    """Replayed, it gives what would have been drawn then."""
    g = counter.CounterGenerator("fakegpu")
    g.manual_seed((1 << 63) + 11)
    plain = [counter.uniform(np, (5,), 0, 1, np.dtype("f4"), g) for _ in range(6)]
    g.manual_seed((1 << 63) + 11)
    base = np.zeros(2, np.uint64)

    def step(xp: Any) -> list[Any]:
        return [counter.uniform(xp, (5,), 0, 1, np.dtype("f4"), g) for _ in range(2)]

    with g.recording(base) as drawn:
        step(np)
    assert drawn == [2]
    for k in range(3):
        g.replay(base, drawn[0])
        with g.recording(base):  # what the device does: the same draws from another base
            for got, expected in zip(step(np), plain[2 * k :]):
                np.testing.assert_array_equal(got, expected)
    assert g.get_state().numpy().view(np.uint64).tolist() == [(1 << 63) + 11, 6]
