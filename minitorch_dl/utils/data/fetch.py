"""How an index, or a list of them, becomes what a DataLoader yields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...tensor import Tensor
from .collate import collate_tensor_fn, default_collate, default_collate_fn_map
from .dataset import Subset, TensorDataset, get_items

__all__ = ["make_fetch"]

Fetch = Callable[[Any], Any]


def make_fetch(
    dataset: Any,
    iterable: bool,
    batched: bool,
    collate_fn: Callable[[Any], Any],
    drop_last: bool,
) -> Fetch:
    """The function from an index (a list of them where ``batched``) to the collated data.

    For an ``iterable`` dataset the indices only count, and StopIteration says that it has ended.
    """
    if iterable:
        return _iterable_fetch(dataset, batched, collate_fn, drop_last)
    fetch = _batched_fetch(dataset, collate_fn) if batched else None

    def one(index: Any) -> Any:
        return collate_fn(dataset[index])

    return _no_early_stop(fetch or one)


def _batched_fetch(dataset: Any, collate_fn: Callable[[Any], Any]) -> Fetch:
    gather = _gather(dataset)

    def samples(indices: list) -> Any:
        return collate_fn(get_items(dataset, indices))

    def rows(indices: list) -> Any:
        if set(map(type, indices)) != {int} or not _stacks_tensors():
            return samples(indices)
        return gather(indices)  # type: ignore[misc]

    return rows if gather is not None and collate_fn is default_collate else samples


def _gather(dataset: Any) -> Callable[[list[int]], list[Tensor]] | None:
    """What default_collate makes of a tensor dataset's samples, by one indexing for each tensor."""
    kind = type(dataset)
    if kind is TensorDataset:
        return lambda indices: [tensor[indices] for tensor in dataset.tensors]
    if kind is Subset:
        inner = _gather(dataset.dataset)
        if inner is not None:
            return lambda indices: inner([dataset.indices[i] for i in indices])
    return None


def _stacks_tensors() -> bool:
    return default_collate_fn_map.get(Tensor) is collate_tensor_fn


def _no_early_stop(fetch: Fetch) -> Fetch:
    """A StopIteration from a map-style dataset would silently end the loop over its loader."""

    def checked(index: Any) -> Any:
        try:
            return fetch(index)
        except StopIteration as error:
            raise RuntimeError("the dataset or collate_fn raised StopIteration") from error

    return checked


def _iterable_fetch(
    dataset: Any, batched: bool, collate_fn: Callable[[Any], Any], drop_last: bool
) -> Fetch:
    samples = iter(dataset)
    ended = False

    def fetch(index: Any) -> Any:
        nonlocal ended
        if ended:
            raise StopIteration
        if not batched:
            return collate_fn(next(samples))
        batch = [sample for _, sample in zip(index, samples)]
        ended = len(batch) < len(index)
        if not batch or (drop_last and ended):
            raise StopIteration
        return collate_fn(batch)

    return fetch
