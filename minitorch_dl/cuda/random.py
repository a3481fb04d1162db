"""The GPU's random generator.

It counts (``backend/random/counter.py``), so that the GPU can draw its numbers itself. As in
PyTorch they differ from the CPU's; they also differ from those of PyTorch's GPU generator. All GPUs
share one generator.
"""

from __future__ import annotations

from typing import Any

from ..backend import random as _random

__all__ = [
    "get_rng_state", "get_rng_state_all", "initial_seed", "manual_seed", "manual_seed_all", "seed",
    "seed_all", "set_rng_state", "set_rng_state_all",
]  # fmt: skip


def _generator() -> Any:
    return _random.default_generator("cuda")


def manual_seed(seed: int) -> None:
    """Seed the GPU's generator; without a GPU, for when there is one."""
    _generator().manual_seed(int(seed))


def seed() -> None:
    """Seed the GPU's generator from the operating system."""
    _generator().seed()


def initial_seed() -> int:
    """The seed from which the GPU's generator started."""
    return _generator().initial_seed()


def get_rng_state(device: Any = "cuda") -> Any:
    """The generator's state, bytes on the CPU."""
    return _generator().get_state()


def set_rng_state(new_state: Any, device: Any = "cuda") -> None:
    """Continue from what ``get_rng_state`` gave."""
    _generator().set_state(new_state.cpu())


def get_rng_state_all() -> list[Any]:
    """The state of each GPU's generator: one, for they share it."""
    return [get_rng_state()]


def set_rng_state_all(new_states: Any) -> None:
    """Continue from what ``get_rng_state_all`` gave."""
    for state in new_states:
        set_rng_state(state)


manual_seed_all, seed_all = manual_seed, seed
