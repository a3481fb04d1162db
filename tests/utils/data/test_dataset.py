"""Datasets: combining, subsets and random splits."""

from __future__ import annotations

import pytest

import minitorch_dl as mt
from minitorch_dl.utils.data import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)


class Squares(Dataset):
    def __init__(self, n: int) -> None:
        self.n = n

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, index: int) -> int:
        return index * index


class Stream(IterableDataset):
    def __init__(self, n: int) -> None:
        self.n = n

    def __iter__(self):
        return iter(range(self.n))

    def __len__(self) -> int:
        return self.n


def test_base_class_wants_getitem() -> None:
    with pytest.raises(NotImplementedError, match="should implement __getitem__"):
        Dataset()[0]


def test_tensor_dataset() -> None:
    data = TensorDataset(mt.arange(6).reshape(3, 2), mt.tensor([7, 8, 9]))
    assert len(data) == 3
    row, label = data[-1]
    assert row.tolist() == [4, 5]
    assert label.item() == 9
    with pytest.raises(AssertionError, match=r"Size mismatch between tensors.*\[3, 2\]"):
        TensorDataset(mt.ones(3), mt.ones(2))


def test_concat_dataset() -> None:
    data = Squares(3) + Squares(2)
    assert type(data) is ConcatDataset
    assert data.cumulative_sizes == [3, 5]
    assert [data[i] for i in range(5)] == [0, 1, 4, 0, 1]
    assert data[-1] == 1
    assert data[-5] == 0
    with pytest.raises(ValueError, match="should not exceed dataset length"):
        data[-6]
    with pytest.raises(IndexError, match="index 5 is out of range for 5 samples"):
        data[5]
    with pytest.raises(AssertionError, match="not be an empty iterable"):
        ConcatDataset([])
    with pytest.raises(AssertionError, match="does not support IterableDataset"):
        ConcatDataset([Stream(2)])


def test_chain_dataset() -> None:
    data = Stream(2) + Stream(3)
    assert type(data) is ChainDataset
    assert list(data) == [0, 1, 0, 1, 2]
    assert len(data) == 5
    with pytest.raises(AssertionError, match="only supports IterableDataset"):
        list(ChainDataset([Squares(2)]))


def test_stack_dataset() -> None:
    pairs = StackDataset(Squares(3), TensorDataset(mt.arange(3)))
    assert len(pairs) == 3
    assert pairs[2] == (4, (mt.tensor(2),))
    assert [sample[0] for sample in pairs.__getitems__([2, 0])] == [4, 0]
    assert StackDataset(a=Squares(3), b=Squares(3)).__getitems__([2]) == [{"a": 4, "b": 4}]
    with pytest.raises(ValueError, match=r"Size mismatch between datasets.*\[2, 3\]"):
        StackDataset(Squares(2), Squares(3))
    with pytest.raises(ValueError, match="both types are given"):
        StackDataset(Squares(2), b=Squares(2))
    with pytest.raises(ValueError, match="At least one dataset"):
        StackDataset()

    class Short(Squares):
        def __getitems__(self, indices):
            return [0]

    with pytest.raises(ValueError, match="Expected 2, got 1"):
        StackDataset(Short(3)).__getitems__([0, 1])


def test_subset() -> None:
    part = Subset(Squares(5), [4, 2])
    assert len(part) == 2
    assert [part[0], part[1]] == [16, 4]
    assert part.__getitems__([1, 0]) == [4, 16]
    nested = Subset(part, [1])
    assert nested.__getitems__([0]) == [4]

    class Half(Subset):
        def __getitem__(self, idx):
            return 0

    with pytest.raises(NotImplementedError, match="overrides __getitem__ but not __getitems__"):
        Half(Squares(2), [0])


def test_random_split_draws_as_pytorch() -> None:
    generator = mt.Generator().manual_seed(42)
    first, second = random_split(range(10), [3, 7], generator=generator)
    assert list(first.indices) == [2, 6, 1]
    assert list(second.indices) == [8, 4, 5, 0, 9, 3, 7]


def test_random_split_by_fractions() -> None:
    parts = random_split(range(10), [0.33, 0.33, 0.34])
    assert [len(part) for part in parts] == [4, 3, 3]
    assert sorted(i for part in parts for i in part.indices) == list(range(10))
    with pytest.warns(UserWarning, match="split at index 1 is 0"):
        random_split(range(3), [1.0, 0.0])


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([3, 3], "does not equal the length of the input dataset.*for 10 samples"),
        ([0.3, 0.3], "does not equal the length"),
        ([1.5, -0.5], "Fraction at index 0 is not between 0 and 1"),
    ],
)
def test_random_split_checks_lengths(lengths: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        random_split(range(10), lengths)
