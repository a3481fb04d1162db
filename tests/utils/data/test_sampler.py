"""Samplers: PyTorch's order for a seed, and their checks."""

from __future__ import annotations

import pytest

import minitorch_dl as mt
from minitorch_dl.utils.data import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

# All orders below are PyTorch 2.13's.


def test_sequential() -> None:
    assert list(SequentialSampler("abc")) == [0, 1, 2]
    assert len(SequentialSampler("abc")) == 3


def test_random_seeds_a_generator_for_each_pass() -> None:
    mt.manual_seed(0)
    sampler = RandomSampler(range(6))
    assert list(sampler) == [0, 1, 2, 3, 5, 4]
    assert list(sampler) == [0, 4, 3, 5, 2, 1]
    assert len(sampler) == 6


def test_random_goes_on_with_a_given_generator() -> None:
    sampler = RandomSampler(range(6), generator=mt.Generator().manual_seed(5))
    assert list(sampler) == [5, 0, 1, 3, 4, 2]
    assert list(sampler) == [1, 0, 5, 2, 4, 3]


def test_random_num_samples_and_replacement() -> None:
    mt.manual_seed(0)
    assert list(RandomSampler(range(4), num_samples=10)) == [2, 3, 0, 1, 1, 0, 3, 2, 1, 0]
    mt.manual_seed(0)
    drawn = list(RandomSampler(range(1000), replacement=True, num_samples=40))
    assert len(drawn) == 40
    assert drawn[28:36] == [442, 192, 892, 529, 524, 176, 278, 558]


def test_subset_random() -> None:
    mt.manual_seed(0)
    assert list(SubsetRandomSampler([10, 20, 30, 40])) == [10, 20, 40, 30]


def test_weighted() -> None:
    mt.manual_seed(0)
    weights = [0.1, 0.2, 0.3, 0.4]
    assert list(WeightedRandomSampler(weights, 8)) == [3, 3, 2, 3, 3, 3, 1, 2]
    assert list(WeightedRandomSampler(weights, 3, replacement=False)) == [3, 1, 2]


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("n", [0, 1, 6, 7])
def test_batches(n: int, drop_last: bool) -> None:
    sampler = BatchSampler(range(n), 3, drop_last)
    batches = list(sampler)
    assert len(sampler) == len(batches)
    sizes = [3] * (n // 3) + ([n % 3] if n % 3 and not drop_last else [])
    assert [len(batch) for batch in batches] == sizes
    assert [i for batch in batches for i in batch] == list(range(sum(sizes)))


def test_old_programs_pass_a_data_source() -> None:
    class Mine(Sampler):
        def __init__(self, data_source):
            super().__init__(data_source)

    with pytest.raises(NotImplementedError):
        iter(Mine([1]))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: RandomSampler(range(3), replacement=1), TypeError, "replacement=1"),
        (lambda: RandomSampler(range(3), num_samples=0), ValueError, "num_samples=0"),
        (lambda: RandomSampler([]), ValueError, "num_samples=0"),
        (lambda: BatchSampler(range(3), 0, False), ValueError, "positive integer.*batch_size=0"),
        (lambda: BatchSampler(range(3), True, False), ValueError, "batch_size=True"),
        (lambda: BatchSampler(range(3), 2.5, False), ValueError, "batch_size=2.5"),
        (lambda: BatchSampler(range(3), 1, 1), ValueError, "drop_last=1"),
        (lambda: WeightedRandomSampler([1.0], -1), ValueError, "num_samples=-1"),
        (lambda: WeightedRandomSampler([1.0], 1, 3), ValueError, "replacement=3"),
        (lambda: WeightedRandomSampler([[1.0]], 1), ValueError, r"weights have shape \(1, 1\)"),
    ],
)
def test_nonsense(make, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        make()
