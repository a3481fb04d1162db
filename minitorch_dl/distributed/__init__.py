"""Training over several processes is not supported; these answer a program that asks."""

from __future__ import annotations


def is_available() -> bool:
    """Always False: there is one process."""
    return False


def is_initialized() -> bool:
    """Always False: there is no process group."""
    return False


def get_rank() -> int:
    """The number of this process among all: 0."""
    return 0


def get_world_size() -> int:
    """The number of processes: 1."""
    return 1
