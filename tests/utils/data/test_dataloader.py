"""DataLoader: batches, order, workers, and what goes wrong in them."""

from __future__ import annotations

import gc
import itertools
import multiprocessing
import os
import random
import signal
import time
from typing import Any

import numpy as np
import pytest

import minitorch_dl as mt
from minitorch_dl.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    SequentialSampler,
    TensorDataset,
    get_worker_info,
    random_split,
)


class Samples(Dataset):
    """Sample i is (i, a row filled with i); index ``bad_at`` does something else."""

    def __init__(self, n: int, bad_at: int = -1, what=None) -> None:
        self.n, self.bad_at, self.what = n, bad_at, what

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, index: int):
        if index == self.bad_at:
            return self.what()
        return index, np.full(3, index, np.float32)


class Stream(IterableDataset):
    """0, 1, ... n - 1, of which each worker yields its part."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __iter__(self):
        info = get_worker_info()
        first, step = (0, 1) if info is None else (info.id, info.num_workers)
        return iter(range(first, self.n, step))

    def __len__(self) -> int:
        return self.n


class Draws(Dataset):
    """Random numbers from the three generators that a worker seeds."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int):
        return random.random(), float(np.random.rand()), mt.rand(1).item()  # noqa: NPY002


def labels(loader) -> list:
    return [batch[0].tolist() for batch in loader]


# --- batches and order


def test_batches() -> None:
    loader = DataLoader(Samples(5), batch_size=2)
    assert len(loader) == 3
    first, rows = next(iter(loader))
    assert first.dtype == mt.int64
    assert rows.tolist() == [[0.0] * 3, [1.0] * 3]
    assert labels(loader) == labels(loader) == [[0, 1], [2, 3], [4]]
    dropping = DataLoader(Samples(5), batch_size=2, drop_last=True)
    assert labels(dropping) == [[0, 1], [2, 3]]
    assert len(dropping) == 2


def test_no_batching() -> None:
    loader = DataLoader(Samples(2), batch_size=None)
    assert len(loader) == 2
    assert [(i, row.tolist()) for i, row in loader] == [(0, [0.0] * 3), (1, [1.0] * 3)]


def test_samplers() -> None:
    assert labels(DataLoader(Samples(5), sampler=[4, 2], batch_size=2)) == [[4, 2]]
    loader = DataLoader(Samples(5), batch_sampler=[[1], [3, 0]])
    assert labels(loader) == [[1], [3, 0]]
    assert loader.batch_size is None
    assert len(loader) == 2


# The orders are PyTorch 2.13's.
@pytest.mark.parametrize("num_workers", [0, 1, 2])
def test_shuffled_order_is_pytorchs(num_workers: int) -> None:
    mt.manual_seed(0)
    loader = DataLoader(Samples(6), batch_size=4, shuffle=True, num_workers=num_workers)
    assert labels(loader) == [[0, 4, 3, 5], [2, 1]]
    assert labels(loader) == [[2, 3, 1, 5], [4, 0]]
    assert mt.rand(1).item() == pytest.approx(0.4556, abs=1e-4)


def test_shuffling_by_generator() -> None:
    generator = mt.Generator().manual_seed(1)
    state = mt.get_rng_state().tolist()
    loader = DataLoader(Samples(6), batch_size=4, shuffle=True, generator=generator)
    assert labels(loader) == [[0, 4, 5, 1], [2, 3]]
    assert labels(loader) == [[1, 0, 4, 3], [2, 5]]
    assert mt.get_rng_state().tolist() == state


def test_tensor_datasets_are_gathered_as_collate_would() -> None:
    x, y = mt.randn(10, 3), mt.arange(10)
    data = TensorDataset(x, y)
    part = random_split(data, [6, 4], generator=mt.Generator().manual_seed(0))[0]

    class Plain(TensorDataset):
        """A subclass may do anything, so it is read sample by sample."""

    for fast, slow in ((data, Plain(x, y)), (part, [data[i] for i in part.indices])):
        loaders = [DataLoader(d, batch_size=4, sampler=[3, -1, 0]) for d in (fast, slow)]
        (got,), (expected,) = map(list, loaders)
        assert type(got) is type(expected) is list
        for a, b in zip(got, expected):
            assert a.dtype == b.dtype
            assert np.array_equal(a.numpy(), b.numpy())
    got[0].zero_()
    assert x.numpy().any(axis=1).all()
    with pytest.raises(IndexError):
        list(DataLoader(data, sampler=[10]))


def test_gathered_batches_are_differentiable() -> None:
    x = mt.ones(4, 2, requires_grad=True)
    for (batch,) in DataLoader(TensorDataset(x), batch_size=3):
        batch.sum().backward()
    assert x.grad.tolist() == [[1.0, 1.0]] * 4


def test_collate_fn_and_getitems() -> None:
    assert list(DataLoader(range(5), batch_size=2, collate_fn=sum)) == [1, 5, 4]

    class Fetched(Samples):
        def __getitems__(self, indices):
            return [index * 10 for index in indices]

    assert [b.tolist() for b in DataLoader(Fetched(3), batch_size=2)] == [[0, 10], [20]]


def test_iterable_dataset() -> None:
    loader = DataLoader(Stream(5), batch_size=2)
    assert [batch.tolist() for batch in loader] == [[0, 1], [2, 3], [4]]
    assert len(loader) == 3
    dropping = DataLoader(Stream(5), batch_size=2, drop_last=True)
    assert [batch.tolist() for batch in dropping] == [[0, 1], [2, 3]]
    assert len(dropping) == 2
    assert list(DataLoader(Stream(3), batch_size=None)) == [0, 1, 2]


def test_a_stream_longer_than_it_said_warns() -> None:
    class Liar(Stream):
        def __len__(self) -> int:
            return 2

    loader = DataLoader(Liar(3), batch_size=None)
    assert len(loader) == 2
    with pytest.warns(UserWarning, match="reported to be 2.*but 3 samples"):
        list(loader)


def stop() -> None:
    raise StopIteration


@pytest.mark.parametrize("num_workers", [0, 1])
def test_stop_iteration_in_a_dataset_does_not_end_the_loop_silently(num_workers: int) -> None:
    with pytest.raises(RuntimeError, match="raised StopIteration"):
        list(DataLoader(Samples(3, 1, stop), num_workers=num_workers))


# --- workers


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("in_order", [False, True])
def test_results_do_not_depend_on_workers(in_order: bool, persistent: bool) -> None:
    loader = DataLoader(
        Samples(11), batch_size=2, num_workers=2, in_order=in_order, persistent_workers=persistent
    )
    for _ in range(2):
        got = labels(loader)
        assert (got if in_order else sorted(got)) == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [10]]


def test_streams_are_taken_from_the_workers_in_turn() -> None:
    loader = DataLoader(Stream(7), batch_size=2, num_workers=2)
    assert [batch.tolist() for batch in loader] == [[0, 2], [1, 3], [4, 6], [5]]
    kept = DataLoader(Stream(3), batch_size=None, num_workers=2, persistent_workers=True)
    assert list(kept) == list(kept) == [0, 1, 2]


def test_workers_are_seeded_as_pytorchs() -> None:
    mt.manual_seed(0)
    base_seed = int(mt.empty((), dtype=mt.int64).random_().item())
    mt.manual_seed(0)
    samples = [tuple(v.item() for v in b) for b in DataLoader(Draws(), num_workers=2)]
    for worker in range(2):
        seed = base_seed + worker
        words = np.random.SeedSequence([worker, base_seed & 0xFFFFFFFF, base_seed >> 32, 0])
        expected = (
            random.Random(seed).random(),
            np.random.RandomState(words.generate_state(4)).rand(),
            mt.rand(1, generator=mt.Generator().manual_seed(seed)).item(),
        )
        assert samples[worker] == pytest.approx(expected)
    assert len(set(samples)) == len(samples)


def test_worker_info_and_init() -> None:
    class Who(Dataset):
        tag = 0

        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int):
            info = get_worker_info()
            return info.id, info.num_workers, info.dataset is self, self.tag

    def tag(worker: int) -> None:
        get_worker_info().dataset.tag = worker + 100

    assert get_worker_info() is None
    loader = DataLoader(Who(), num_workers=2, worker_init_fn=tag)
    seen = [tuple(int(v) for v in batch) for batch in loader]
    assert seen == [(0, 2, 1, 100), (1, 2, 1, 101)] * 2
    assert get_worker_info() is None


@pytest.fixture
def workers():
    """Gives the processes that were started during the test and still run."""
    gc.collect()  # an exception that another test caught keeps its loader, in a cycle
    others = set(multiprocessing.active_children())
    return lambda: set(multiprocessing.active_children()) - others


def test_persistent_workers_stay(workers) -> None:
    loader = DataLoader(Samples(4), num_workers=2, persistent_workers=True)
    next(iter(loader))  # a pass that is left early must not leak into the next
    started = workers()
    assert len(started) == 2
    assert labels(loader) == labels(loader) == [[0], [1], [2], [3]]
    assert workers() == started
    del loader
    assert not workers()


def test_leaving_early_stops_the_workers(workers) -> None:
    for _ in DataLoader(Samples(100), num_workers=2):
        break
    assert not workers()


def test_other_start_methods() -> None:
    data = TensorDataset(mt.arange(5))
    loader = DataLoader(data, batch_size=2, num_workers=1, multiprocessing_context="spawn")
    assert labels(loader) == [[0, 1], [2, 3], [4]]


def test_large_tasks_and_results_do_not_block() -> None:
    data = TensorDataset(mt.ones(20_000, 50))
    loader = DataLoader(data, batch_size=10_000, num_workers=1, prefetch_factor=4)
    assert [batch.shape for (batch,) in loader] == [(10_000, 50)] * 2


# --- what goes wrong in a worker


class Mishap(Exception):
    pass


class TwoArguments(Exception):
    def __init__(self, a: int, b: int) -> None:
        super().__init__(a, b)


def mishap() -> None:
    raise Mishap("of its own")


def two_arguments() -> None:
    raise TwoArguments(1, 2)


def missing_key() -> None:
    {}["nokey"]


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def left() -> None:
    os._exit(3)


@pytest.mark.parametrize(
    ("what", "error", "texts"),
    [
        (mishap, Mishap, ["Caught Mishap in DataLoader worker process 0", "Mishap: of its own"]),
        (two_arguments, RuntimeError, ["Caught TwoArguments", "in two_arguments\n"]),
        (missing_key, KeyError, ["Caught KeyError", "in missing_key\n", "KeyError: 'nokey'"]),
        (killed, RuntimeError, ["DataLoader worker (pid(s) ", "killed by signal SIGKILL"]),
        (left, RuntimeError, ["exited unexpectedly: exit code 3"]),
    ],
)
def test_failures_reach_the_user(what, error: type, texts: list) -> None:
    with pytest.raises(error) as caught:
        list(DataLoader(Samples(8, 4, what), batch_size=2, num_workers=2))
    assert type(caught.value) is error
    for text in texts:
        assert text in str(caught.value)


def test_the_loop_can_go_on_after_an_exception() -> None:
    batches = iter(DataLoader(Samples(6, 2, mishap), batch_size=2, num_workers=2))
    assert next(batches)[0].tolist() == [0, 1]
    with pytest.raises(Mishap):
        next(batches)
    assert next(batches)[0].tolist() == [4, 5]


def test_a_batch_that_cannot_be_pickled() -> None:
    loader = DataLoader(Samples(2), num_workers=1, collate_fn=lambda batch: lambda: batch)
    with pytest.raises((AttributeError, TypeError, RuntimeError), match=r"[Pp]ickle"):
        list(loader)


def test_failing_init() -> None:
    def fail(worker: int) -> None:
        raise Mishap("at the start")

    with pytest.raises(Mishap, match="at the start"):
        list(DataLoader(Samples(2), num_workers=1, worker_init_fn=fail))


def test_timeout(workers) -> None:
    loader = DataLoader(Samples(3, 1, lambda: time.sleep(30)), num_workers=1, timeout=0.2)
    batches = iter(loader)
    assert next(batches)[0].tolist() == [0]
    with pytest.raises(RuntimeError, match=r"timed out after 0\.2 seconds"):
        next(batches)
    for process in workers():
        process.terminate()


# --- nonsense


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"batch_size": 0}, ValueError, "positive integer value, but got batch_size=0"),
        ({"batch_size": 2.5}, ValueError, "batch_size=2.5"),
        ({"num_workers": -1}, ValueError, "non-negative.*got num_workers=-1"),
        ({"num_workers": 1, "timeout": -1}, ValueError, "non-negative, got timeout=-1"),
        ({"prefetch_factor": 2}, ValueError, "num_workers > 0"),
        ({"num_workers": 1, "prefetch_factor": 0}, ValueError, "positive.*prefetch_factor=0"),
        ({"persistent_workers": True}, ValueError, "needs num_workers > 0"),
        ({"sampler": [1], "shuffle": True}, ValueError, "mutually exclusive with shuffle"),
        ({"batch_sampler": [[1]], "batch_size": 2}, ValueError, "batch_sampler option is mutually"),
        ({"batch_sampler": [[1]], "drop_last": True}, ValueError, "batch_sampler option is"),
        ({"batch_size": None, "drop_last": True}, ValueError, "disables auto-batching"),
        ({"multiprocessing_context": "fork"}, ValueError, "but got num_workers=0"),
        ({"num_workers": 1, "multiprocessing_context": "x"}, ValueError, "valid start method"),
        ({"num_workers": 1, "multiprocessing_context": 3}, TypeError, "valid context object"),
    ],
)
def test_nonsense_is_named(options: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        DataLoader(Samples(3), **options)


@pytest.mark.parametrize("options", [{"shuffle": True}, {"sampler": [1]}, {"batch_sampler": [[1]]}])
def test_streams_have_no_order_to_choose(options: dict) -> None:
    (name,) = options
    with pytest.raises(ValueError, match=f"IterableDataset: expected unspecified {name} option"):
        DataLoader(Stream(3), **options)


def test_what_defines_the_batches_is_fixed() -> None:
    loader = DataLoader(Samples(3))
    assert isinstance(loader.sampler, SequentialSampler)
    assert isinstance(loader.batch_sampler, BatchSampler)
    for name in ("batch_size", "sampler", "batch_sampler", "drop_last", "dataset"):
        with pytest.raises(ValueError, match=f"{name} attribute should not be set after"):
            setattr(loader, name, None)
    loader.num_workers = 0


def test_inner_names_that_libraries_ask_for() -> None:
    from minitorch_dl.utils.data.dataloader import _DatasetKind, pin_memory

    class Stream(IterableDataset):
        def __iter__(self):
            return iter(range(3))

    assert DataLoader([1, 2])._dataset_kind == _DatasetKind.Map
    assert DataLoader(Stream())._dataset_kind == _DatasetKind.Iterable
    batch = {"x": mt.ones(2)}
    assert pin_memory(batch) is batch


def test_an_object_with_a_loaders_attributes() -> None:
    from minitorch_dl.utils.data.dataloader import _DatasetKind, _SingleProcessDataLoaderIter

    class Batches:
        """Takes whole batches from its dataset, which is an ordinary iterable."""

        dataset = ([mt.tensor(i), mt.tensor(-i)] for i in range(3))
        _dataset_kind = _DatasetKind.Iterable
        _IterableDataset_len_called = None
        _auto_collation = drop_last = False
        _index_sampler = itertools.count()
        generator = None
        num_workers = timeout = 0

        def collate_fn(self, batch: list) -> list:
            return batch

    assert [int(x) + int(y) for x, y in _SingleProcessDataLoaderIter(Batches())] == [0, 0, 0]


@pytest.mark.parametrize("persistent", [False, True])
def test_a_loader_whose_passes_are_its_own(persistent: bool) -> None:
    class Counting(DataLoader):
        made = 0

        def _get_iterator(self) -> Any:
            self.made += 1
            return super()._get_iterator()

    workers = int(persistent)
    loader = Counting([1, 2, 3], num_workers=workers, persistent_workers=persistent)
    for _ in range(2):
        assert [int(x) for x in loader] == [1, 2, 3]
    assert loader.made == (1 if persistent else 2)
