"""Calls that are made with a warning, in this library and in PyTorch."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import minitorch_dl


@contextlib.contextmanager
def _always(torch: Any) -> Iterator[None]:
    """Also what is given once."""
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    try:
        yield
    finally:
        torch.set_warn_always(before)


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
    "Converting a tensor with requires_grad=True to a scalar": lambda torch: float(
        torch.ones(1, requires_grad=True)
    ),
    "stft with return_complex=False is deprecated": lambda torch: torch.stft(
        torch.ones(8), 4, window=torch.ones(4), return_complex=False
    ),
    "where received a uint8 condition": lambda torch: torch.where(
        torch.ones(1, dtype=torch.uint8), 1, 2
    ),
    "Tensor.T is deprecated on 0-D tensors": lambda torch: torch.tensor(1.0).T,
    "Tensor.mT is deprecated on 0-D tensors": lambda torch: torch.tensor(1.0).mT,
    "Tensor.H is deprecated on 0-D tensors": lambda torch: torch.tensor(1.0).H,
    "list of numpy.ndarrays is extremely slow": lambda torch: torch.tensor([np.ones(2)]),
    "degrees of freedom is <= 0": lambda torch: torch.cov(torch.ones(1)),
    "Casting complex values to real discards": lambda torch: torch.ones(1).__setitem__(
        0, torch.tensor(1j)
    ),
    "TypedStorage is deprecated": lambda torch: torch.ones(1).storage(),
    "no accelerator is found": lambda torch: list(
        torch.utils.data.DataLoader([1], pin_memory=True)
    ),
    "buffer is not writable": lambda torch: torch.frombuffer(b"ab", dtype=torch.int8),
}


@pytest.mark.parametrize("words", CALLS)
def test_a_warning_at_the_call(words: str) -> None:
    with _always(minitorch_dl), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        CALLS[words](minitorch_dl)
    (warning,) = [w for w in caught if not issubclass(w.category, RuntimeWarning)]
    assert warning.category is UserWarning
    assert words in str(warning.message)
    assert warning.filename == __file__


@pytest.mark.parity
@pytest.mark.parametrize("words", CALLS)
def test_pytorch_warns_too(words: str) -> None:
    torch: Any = pytest.importorskip("torch")
    torch.storage._reset_warn_typed_storage_removal()  # which is given once all the same
    with _always(torch), pytest.warns(UserWarning, match=words):
        CALLS[words](torch)


def test_some_warnings_come_once() -> None:
    minitorch_dl.stft(minitorch_dl.ones(8), 4, window=minitorch_dl.ones(4), return_complex=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CALLS["stft with return_complex=False is deprecated"](minitorch_dl)


@pytest.mark.parametrize(
    "call",
    [
        lambda torch: torch.ones(2, dtype=torch.complex64).float(),
        lambda torch: torch.stft(torch.ones(8), 4, return_complex=True),
    ],
)
def test_some_warnings_come_once_in_a_process(call: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        call(minitorch_dl)
        warnings.simplefilter("error")
        call(minitorch_dl)
