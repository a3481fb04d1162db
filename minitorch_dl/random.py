"""Seeds and states of the random generators; what is drawn is in ``ops/random.py``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .backend import random as _draw
from .ops.random import get_rng_state, initial_seed, manual_seed, seed, set_rng_state

__all__ = [
    "default_generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed", "seed",
    "set_rng_state", "thread_safe_generator",
]  # fmt: skip

default_generator = _draw.default_generator("cpu")


@contextmanager
def fork_rng(
    devices: Any = None, enabled: bool = True, device_type: str = "cuda", **options: Any
) -> Iterator[None]:
    """Draw inside the block without a trace: afterwards the generators are as before.

    Args:
        devices: GPUs whose generator is kept too, beside the CPU's.

    >>> import minitorch_dl as torch
    >>> with torch.random.fork_rng():
    ...     inside = torch.rand(1)
    >>> torch.equal(inside, torch.rand(1))
    True
    """
    if not enabled:
        yield
        return
    types = ["cpu", device_type] if devices else ["cpu"]
    generators = [_draw.default_generator(name) for name in types]
    states = [g.get_state() for g in generators]
    try:
        yield
    finally:
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)


def thread_safe_generator() -> None:
    """None, which stands for the default generator: the workers of a ``DataLoader`` are processes,
    each of which has its own."""
