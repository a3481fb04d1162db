"""DataLoader: batches of a dataset, loaded here or by worker processes."""

from __future__ import annotations

import functools
import itertools
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from ...accelerator import is_available
from ...backend.dtypes import int64
from ...backend.random import Generator
from ...backend.warning import warn
from ...ops import empty
from .collate import default_collate, default_convert
from .dataset import Dataset, IterableDataset
from .fetch import make_fetch
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler
from .worker import Ended, Failure, WorkerPool, get_worker_info as get_worker_info

__all__ = ["DataLoader"]

T_co = TypeVar("T_co", covariant=True)
_collate_fn_t = Callable[[list], Any]
_worker_init_fn_t = Callable[[int], None]


class _DatasetKind:
    """The two kinds of datasets."""

    Map, Iterable = 0, 1


class DataLoader(Generic[T_co]):
    """Iterates over ``dataset`` in batches.

    Args:
        dataset: map-style (``__getitem__`` and ``__len__``) or an :class:`IterableDataset`.
        batch_size: samples in a batch; None yields single samples. Default: 1.
        shuffle: a new random order for each pass. Default: False.
        sampler: indices in the order to visit; excludes ``shuffle``.
        batch_sampler: lists of indices; excludes ``batch_size``, ``shuffle``, ``sampler`` and
            ``drop_last``.
        num_workers: processes that load; 0 loads in this one. Results don't depend on it unless
            the dataset draws random numbers: worker i is seeded with base seed + i.
        collate_fn: makes a batch of a list of samples. Default: :func:`default_collate`.
        pin_memory, pin_memory_device: accepted; nothing is pinned.
        drop_last: leave out a last batch that is not full.
        timeout: seconds to wait for a worker's batch; 0 waits forever.
        worker_init_fn: called with the worker's id in each worker.
        multiprocessing_context: a context or a start method ("fork", "spawn", "forkserver").
        generator: draws the order and the workers' base seed.
        prefetch_factor: batches that each worker loads ahead. Default: 2.
        persistent_workers: keep the workers from one pass to the next.
        in_order: False yields the batches as they are ready.

    A worker's exception is raised here with its traceback; a killed worker is a RuntimeError.

    >>> import minitorch_dl as torch
    >>> data = torch.utils.data.TensorDataset(torch.arange(5))
    >>> [batch for (batch,) in torch.utils.data.DataLoader(data, batch_size=2)]
    [tensor([0, 1]), tensor([2, 3]), tensor([4])]
    """

    dataset: Any
    batch_size: int | None
    num_workers: int
    pin_memory: bool
    drop_last: bool
    timeout: float
    sampler: Sampler | Iterable
    prefetch_factor: int | None
    __initialized = False

    def __init__(
        self,
        dataset: Dataset[T_co] | Sequence[T_co],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler | Iterable | None = None,
        batch_sampler: Sampler[list] | Iterable[list] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        self._is_iterable = isinstance(dataset, IterableDataset)
        _check_order(self._is_iterable, batch_size, shuffle, sampler, batch_sampler, drop_last)
        if batch_sampler is not None:
            batch_size = None
        if sampler is None:
            if self._is_iterable:
                sampler = _Endless()
            elif shuffle:
                sampler = RandomSampler(dataset, generator=generator)  # type: ignore[arg-type]
            else:
                sampler = SequentialSampler(dataset)  # type: ignore[arg-type]
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate

        self.dataset = dataset
        self.batch_size = batch_size
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.num_workers = num_workers
        self.collate_fn = collate_fn
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.drop_last = drop_last
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = _context(multiprocessing_context, num_workers)
        self.generator = generator
        self.prefetch_factor = 2 if num_workers > 0 and prefetch_factor is None else prefetch_factor
        self.persistent_workers = persistent_workers
        self.in_order = in_order
        self._iterator: _BaseDataLoaderIter | None = None
        self._IterableDataset_len_called: int | None = None
        self.__initialized = True
        self.check_worker_number_rationality()

    @property
    def _dataset_kind(self) -> int:
        return _DatasetKind.Iterable if self._is_iterable else _DatasetKind.Map

    def check_worker_number_rationality(self) -> None:
        """Warn of more workers than there are cores for them."""
        at_hand = getattr(os, "sched_getaffinity", None)  # Linux only
        cores = len(at_hand(0)) if at_hand else os.cpu_count()
        if cores is not None and self.num_workers > cores:
            warn(
                f"This DataLoader will create {self.num_workers} worker processes in total, more "
                f"than the {cores} cores of this system: excessive worker creation might get "
                "DataLoader running slow or even freeze",
            )

    def __setattr__(self, name: str, value: Any) -> None:
        fixed = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset")
        if self.__initialized and name in (*fixed, "persistent_workers"):
            raise ValueError(
                f"{name} attribute should not be set after {type(self).__name__} is initialized"
            )
        super().__setattr__(name, value)

    @property
    def _auto_collation(self) -> bool:
        return self.batch_sampler is not None

    @property
    def _index_sampler(self) -> Any:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def _get_iterator(self) -> _BaseDataLoaderIter:
        if self.num_workers == 0:
            return _SingleProcessDataLoaderIter(self)
        return _MultiProcessingDataLoaderIter(self)

    def __iter__(self) -> Iterator[Any]:
        if not self.persistent_workers:
            return self._get_iterator()
        if self._iterator is None:
            self._iterator = self._get_iterator()
        else:
            self._iterator._reset(self)
        return self._iterator

    def __len__(self) -> int:
        if not self._is_iterable:
            return len(self._index_sampler)
        length = self._IterableDataset_len_called = len(self.dataset)
        if self.batch_size is None:
            return length
        full, rest = divmod(length, self.batch_size)
        return full if self.drop_last or not rest else full + 1


class _Endless(Sampler):
    """The "indices" of an IterableDataset, which ends by itself."""

    def __iter__(self) -> Iterator[None]:
        return itertools.repeat(None)


class _BaseDataLoaderIter:
    """One pass over a loader, or over an object with the same attributes."""

    def __init__(self, loader: DataLoader) -> None:
        if getattr(loader, "pin_memory", False) and not is_available():
            warn(
                "'pin_memory' argument is set as true but no accelerator is found, then device "
                "pinned memory won't be used."
            )
        # no reference to the loader, which may hold this pass: a cycle would keep the workers
        self._index_sampler = loader._index_sampler
        _BaseDataLoaderIter._reset(self, loader)
        # drawn before a lazy sampler draws its order, and with no workers too: as PyTorch does
        self._base_seed = int(empty((), dtype=int64).random_(generator=loader.generator).item())
        self._start = functools.partial(
            make_fetch,
            loader.dataset,
            loader._dataset_kind == _DatasetKind.Iterable,
            loader._auto_collation,
            loader.collate_fn,
            loader.drop_last,
        )
        self._begin(loader)

    def _reset(self, loader: DataLoader) -> None:
        """Begin another pass."""
        self._sampler_iter = iter(self._index_sampler)
        self._IterableDataset_len_called = loader._IterableDataset_len_called
        self._num_yielded = 0

    def _begin(self, loader: DataLoader) -> None:
        raise NotImplementedError

    def __iter__(self) -> _BaseDataLoaderIter:
        return self

    def __len__(self) -> int:
        return len(self._index_sampler)

    def __next__(self) -> Any:
        data = self._next_data()
        self._num_yielded += 1
        length = self._IterableDataset_len_called
        if length is not None and self._num_yielded > length:
            self._warn_of_length(length)
        return data

    def _next_data(self) -> Any:
        raise NotImplementedError

    def _warn_of_length(self, length: int) -> None:
        warn(
            f"Length of IterableDataset was reported to be {length} (when accessing "
            f"len(dataloader)), but {self._num_yielded} samples have been fetched. For "
            "multiprocessing data-loading, this is what workers do that each yield the whole: let "
            "each yield its own part only, by get_worker_info().",
        )


class _SingleProcessDataLoaderIter(_BaseDataLoaderIter):
    """A pass that loads in this process."""

    def _begin(self, loader: DataLoader) -> None:
        self._fetch = self._start()

    def _next_data(self) -> Any:
        return self._fetch(next(self._sampler_iter))


class _MultiProcessingDataLoaderIter(_BaseDataLoaderIter):
    """A pass whose tasks go to the workers in turn; the replies are taken in the same order."""

    def _begin(self, loader: DataLoader) -> None:
        self._num_workers = loader.num_workers
        self._n_ahead = loader.num_workers * (loader.prefetch_factor or 1)
        self._in_order = loader.in_order
        self._timeout = loader.timeout
        self._persistent_workers = loader.persistent_workers
        self._pool = WorkerPool(
            loader.multiprocessing_context or _default_context(),
            loader.num_workers,
            self._base_seed,
            loader.dataset,
            loader.worker_init_fn,
            self._start,
        )
        self._epoch = 0
        self._prefetch()

    def _reset(self, loader: DataLoader) -> None:
        super()._reset(loader)
        self._pool.restart()
        self._epoch += 1  # replies to tasks of an abandoned pass are dropped
        self._prefetch()

    def _prefetch(self) -> None:
        self._pending: deque[int] = deque()  # the worker of each task that is not yet answered
        self._active = set(range(self._num_workers))
        self._turns = itertools.cycle(range(self._num_workers))
        for _ in range(self._n_ahead):
            self._hand_out()

    def _hand_out(self) -> None:
        """Give the next task, if there is one, to the next worker that has not ended."""
        if not self._active:
            return
        try:
            index = next(self._sampler_iter)
        except StopIteration:
            return
        if self._in_order:
            worker = next(worker for worker in self._turns if worker in self._active)
        else:
            worker = min(self._active, key=self._pending.count)
        self._pool.submit(worker, self._epoch, index)
        self._pending.append(worker)

    def _next_data(self) -> Any:
        while self._pending:
            reply = self._next_reply()
            if isinstance(reply, Ended):
                continue
            self._hand_out()
            if isinstance(reply, Failure):
                reply.reraise()
            return reply
        if not self._persistent_workers:
            self._pool.close()
        raise StopIteration

    def _next_reply(self) -> Any:
        worker = self._pending[0]
        if not self._in_order:
            worker = self._pool.ready(set(self._pending), self._timeout)
        epoch, reply = self._pool.receive(worker, self._timeout)
        while epoch != self._epoch:
            epoch, reply = self._pool.receive(worker, self._timeout)
        self._pending.remove(worker)
        if isinstance(reply, Ended) and worker in self._active:
            self._active.discard(worker)
            self._hand_out()
        return reply

    def __getstate__(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__} cannot be pickled")


def pin_memory(data: Any, device: Any = None) -> Any:
    """The data: nothing is pinned."""
    return data


def _check_workers(
    num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool
) -> None:
    if num_workers < 0:
        raise ValueError(
            "num_workers option should be non-negative; use num_workers=0 to disable "
            f"multiprocessing, got num_workers={num_workers}."
        )
    if timeout < 0:
        raise ValueError(f"timeout option should be non-negative, got timeout={timeout}")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing. Let "
            "num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None."
        )
    if prefetch_factor is not None and prefetch_factor <= 0:
        raise ValueError(
            f"prefetch_factor option should be positive, got prefetch_factor={prefetch_factor}"
        )
    if persistent_workers and num_workers == 0:
        raise ValueError("persistent_workers option needs num_workers > 0")


def _check_order(
    iterable: bool, batch_size: Any, shuffle: Any, sampler: Any, batch_sampler: Any, drop_last: bool
) -> None:
    """Refuse options that contradict each other."""
    chosen = {"shuffle": shuffle or None, "sampler": sampler, "batch_sampler": batch_sampler}
    for name, value in chosen.items() if iterable else ():
        if value is not None:
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified {name} option, but got "
                f"{name}={value}"
            )
    if sampler is not None and shuffle:
        raise ValueError("sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None:
        if batch_size != 1 or shuffle or sampler is not None or drop_last:
            raise ValueError(
                "batch_sampler option is mutually exclusive with batch_size, shuffle, "
                "sampler, and drop_last"
            )
    elif batch_size is None and drop_last:
        raise ValueError(
            "batch_size=None option disables auto-batching and is mutually exclusive with drop_last"
        )


def _context(given: Any, num_workers: int) -> Any:
    """The multiprocessing context that the user asked for, or None."""
    if given is None:
        return None
    import multiprocessing.context  # late: few programs start workers

    if num_workers == 0:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading "
            f"(num_workers > 0), but got num_workers={num_workers}"
        )
    if isinstance(given, str):
        methods = multiprocessing.get_all_start_methods()
        if given not in methods:
            raise ValueError(
                "multiprocessing_context option should specify a valid start method in "
                f"{methods!r}, but got multiprocessing_context={given!r}"
            )
        return multiprocessing.get_context(given)
    if not isinstance(given, multiprocessing.context.BaseContext):
        raise TypeError(
            "multiprocessing_context option should be a valid context object or a string "
            f"specifying the start method, but got multiprocessing_context={given}"
        )
    return given


def _default_context() -> Any:
    """The platform's way to start processes; but once CUDA is in use a fork would break it."""
    import multiprocessing

    chosen = multiprocessing.get_start_method(allow_none=True)
    method = chosen or multiprocessing.get_context().get_start_method()
    if method == "fork" and "cupy" in sys.modules:
        method = "spawn"
    return multiprocessing.get_context(method)
