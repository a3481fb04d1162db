"""Calls that are made with a warning, in this library and in PyTorch."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import minitorch_dl


def _read_only() -> np.ndarray:
    array = np.zeros(2)
    array.flags.writeable = False
    return array


CALLS = {
    "indexing with dtype torch.uint8": lambda torch: torch.ones(2)[
        torch.tensor([1, 0], dtype=torch.uint8)
    ],
    "torch.range is deprecated": lambda torch: torch.range(0, 2),
    "required to pass the indexing": lambda torch: torch.meshgrid(torch.ones(2), torch.ones(1)),
    "The use of `x.T` on tensors of dimension other": lambda torch: torch.ones(2, 1, 1).T,
    "NumPy array is not writable": lambda torch: torch.from_numpy(_read_only()),
    "buffer is not writable": lambda torch: torch.frombuffer(b"ab", dtype=torch.int8),
}


@pytest.mark.parametrize("words", CALLS)
def test_a_warning_at_the_call(words: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        CALLS[words](minitorch_dl)
    (warning,) = caught
    assert warning.category is UserWarning
    assert words in str(warning.message)
    assert warning.filename == __file__


@pytest.mark.parity
@pytest.mark.parametrize("words", CALLS)
def test_pytorch_warns_too(words: str) -> None:
    torch: Any = pytest.importorskip("torch")
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    try:
        with pytest.warns(UserWarning, match=words):
            CALLS[words](torch)
    finally:
        torch.set_warn_always(before)
