"""The copies of a module, one for each device: here there is one."""

from __future__ import annotations

from typing import Any

from ..module import Module
from .scatter_gather import one_device

__all__ = ["replicate"]


def replicate(network: Module, devices: Any, detach: bool = False) -> list[Module]:
    """The module, for the one device named, in a list of one."""
    one_device("replicate", devices)
    return [network]
