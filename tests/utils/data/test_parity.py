"""The DataLoader beside PyTorch's: the same batches, and the generators left in the same state."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

import minitorch_dl as mt

pytestmark = pytest.mark.parity

OPTIONS: list[dict[str, Any]] = [
    {"batch_size": 3},
    {"batch_size": 3, "shuffle": True},
    {"batch_size": 3, "shuffle": True, "drop_last": True},
    {"batch_size": 3, "shuffle": True, "generator": 5},
    {"batch_size": None, "shuffle": True},
    {"batch_size": 4, "sampler": lambda data: data.RandomSampler(range(10), True, 70)},
    {"batch_size": 4, "sampler": lambda data: data.RandomSampler(range(10), num_samples=25)},
    {"batch_size": 4, "sampler": lambda data: data.SubsetRandomSampler([3, 1, 4, 5])},
    {"batch_size": 4, "sampler": lambda data: data.WeightedRandomSampler([1, 2, 0, 4], 9)},
    {"batch_size": 4, "sampler": lambda data: data.WeightedRandomSampler([1, 2, 3], 3, False)},
]


def both(run: Callable[[Any], Any]) -> tuple[Any, Any]:
    torch = pytest.importorskip("torch")
    from torch.utils import data as torch_data

    ours = SimpleNamespace(lib=mt, data=mt.utils.data)
    return run(ours), run(SimpleNamespace(lib=torch, data=torch_data))


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_two_passes(options: dict[str, Any], num_workers: int) -> None:
    def run(of: Any) -> list:
        of.lib.manual_seed(7)
        chosen = dict(options)
        if "generator" in chosen:
            chosen["generator"] = of.lib.Generator().manual_seed(chosen["generator"])
        if "sampler" in chosen:
            chosen["sampler"] = chosen["sampler"](of.data)
        loader = of.data.DataLoader(range(10), num_workers=num_workers, **chosen)
        passes = [[getattr(b, "tolist", lambda b=b: b)() for b in loader] for _ in range(2)]
        left = of.lib.randint(1000, (3,), generator=chosen.get("generator")).tolist()
        return [*passes, left, of.lib.randint(1000, (3,)).tolist()]

    ours, theirs = both(run)
    assert ours == theirs


def test_random_split() -> None:
    def run(of: Any) -> list:
        of.lib.manual_seed(3)
        parts = of.data.random_split(range(17), [0.5, 0.3, 0.2])
        return [list(part.indices) for part in parts]

    ours, theirs = both(run)
    assert ours == theirs


def test_random_numbers_in_workers() -> None:
    def run(of: Any) -> list:
        class Draws(of.data.Dataset):
            def __len__(self) -> int:
                return 6

            def __getitem__(self, index: int) -> Any:
                import random

                import numpy as np

                return random.random(), np.random.rand(), of.lib.rand(2)  # noqa: NPY002

        of.lib.manual_seed(3)
        loader = of.data.DataLoader(Draws(), num_workers=2)
        return [[value.tolist() for value in batch] for batch in loader]

    ours, theirs = both(run)
    assert ours == theirs
