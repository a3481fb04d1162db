"""Calls that must be refused, as text, so that each can be made in this library and in PyTorch."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest


class Refusal(NamedTuple):
    """A call, what it raises (or its name in ``torch.linalg``), and a part of the message."""

    code: str
    error: type[Exception] | str
    words: str
    differs: bool = False
    """Whether PyTorch raises something else, or nothing."""


def evaluated(code: str, torch: Any) -> Any:
    """What the code gives where ``torch`` is this library or PyTorch."""
    names = {
        "torch": torch,
        "F": torch.nn.functional,
        "nn": torch.nn,
        "T": torch.tensor,
        "Z": torch.zeros,
    }
    return eval(code, names)


def _error(refusal: Refusal, torch: Any) -> Any:
    if isinstance(refusal.error, str):
        return getattr(torch.linalg, refusal.error)
    return refusal.error


def check(refusal: Refusal, torch: Any) -> None:
    """Make the call in this library."""
    with pytest.raises(_error(refusal, torch)) as caught:
        evaluated(refusal.code, torch)
    assert refusal.words in str(caught.value)


def check_error(refusal: Refusal, torch: Any) -> None:
    """Make the call in PyTorch, whose words may be others."""
    if not refusal.differs:
        with pytest.raises(_error(refusal, torch)):
            evaluated(refusal.code, torch)
