"""Sampling for several processes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sized

from ...backend.random import Generator
from ...ops import randperm
from .sampler import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler[int]):
    """The indices of one process of ``num_replicas``: every ``num_replicas``-th of all, from
    ``rank`` on, so that each process gets equally many.

    Args:
        dataset: what is sampled.
        num_replicas, rank: how many processes there are, and which this is. Default: as in the
            process group.
        shuffle: in a random order, which is another one after each ``set_epoch``.
        seed: of that order.
        drop_last: leave out what doesn't divide evenly, rather than repeat some.

    >>> import minitorch_dl as torch
    >>> list(torch.utils.data.DistributedSampler(range(5), 2, 1, shuffle=False))
    [1, 3, 0]
    """

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        from ...distributed import get_rank, get_world_size  # which few programs need

        self.dataset = dataset
        self.num_replicas = get_world_size() if num_replicas is None else num_replicas
        self.rank = get_rank() if rank is None else rank
        if not 0 <= self.rank < self.num_replicas:
            raise ValueError(
                f"Invalid rank {self.rank}, rank should be in the interval "
                f"[0, {self.num_replicas - 1}]"
            )
        self.shuffle, self.seed, self.drop_last = shuffle, seed, drop_last
        self.epoch = 0
        n = len(dataset)
        each = n // self.num_replicas if drop_last else math.ceil(n / self.num_replicas)
        self.num_samples = each
        self.total_size = each * self.num_replicas

    def __iter__(self) -> Iterator[int]:
        n = len(self.dataset)
        if self.shuffle:
            generator = Generator().manual_seed(self.seed + self.epoch)
            indices = randperm(n, generator=generator).tolist()
        else:
            indices = list(range(n))
        if n and len(indices) < self.total_size:
            indices *= math.ceil(self.total_size / n)
        return iter(indices[self.rank : self.total_size : self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Shuffle in the order of this epoch from now on."""
        self.epoch = epoch
