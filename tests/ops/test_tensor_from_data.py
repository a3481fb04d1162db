"""What ``tensor`` makes of Python data, and which numbers an integer dtype refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch


@pytest.mark.parametrize(
    ("data", "dtype", "values"),
    [
        ([1, 2.5], torch.float32, [1.0, 2.5]),
        ([True, 2], torch.int64, [1, 2]),
        ([True, False], torch.bool, [True, False]),
        ([1, np.float64(1.5)], torch.float64, [1.0, 1.5]),
        ([np.float32(1.5), 2], torch.float32, [1.5, 2.0]),
        ([np.int16(1), np.int16(2)], torch.int16, [1, 2]),
        ([torch.tensor(1), torch.tensor(2.5)], torch.float32, [1.0, 2.5]),
        ([torch.tensor(1), 2.5], torch.float32, [1.0, 2.5]),
        ([[1, 2], [3, torch.tensor(4.5)]], torch.float32, [[1.0, 2.0], [3.0, 4.5]]),
        ([torch.tensor([1.5])], torch.float32, [1.5]),
        ([[], []], torch.float32, [[], []]),
        (range(3), torch.int64, [0, 1, 2]),
    ],
)
def test_the_dtype_holds_every_element(data: Any, dtype: Any, values: Any) -> None:
    x = torch.tensor(data)
    assert x.dtype is dtype
    assert x.tolist() == values


@pytest.mark.parametrize(
    ("number", "dtype"),
    [
        (300, torch.uint8),
        (-256, torch.uint8),
        (300.7, torch.uint8),
        (-129, torch.int8),
        (2**31, torch.int32),
        (2**63, torch.int64),
        (float("nan"), torch.int64),
        (float("inf"), torch.int32),
    ],
)
def test_a_number_out_of_range_is_refused(number: Any, dtype: Any) -> None:
    message = f"value cannot be converted to type {dtype.name} without overflow"
    for make in (
        lambda: torch.tensor([0, number], dtype=dtype),
        lambda: torch.full((2,), number, dtype=dtype),
        lambda: torch.full_like(torch.zeros(2), number, dtype=dtype),
    ):
        with pytest.raises(RuntimeError, match=message):
            make()


def test_unsigned_integers_take_negative_numbers_around() -> None:
    assert torch.tensor([-1], dtype=torch.uint8).tolist() == [255]
    assert torch.full((1,), -2, dtype=torch.uint8).tolist() == [254]


@pytest.mark.parametrize("data", [None, {1, 2}, {"a": 1}, [None], [object()]])
def test_what_is_no_number_is_named(data: Any) -> None:
    with pytest.raises(RuntimeError, match=r"Could not infer dtype of (NoneType|set|dict|object)"):
        torch.tensor(data)


def test_an_operand_out_of_range_wraps_around() -> None:
    x = torch.tensor([1, 2], dtype=torch.uint8)
    assert (x * -1).tolist() == [255, 254]
    assert (x + 300).tolist() == [45, 46]
    assert (torch.tensor([0], dtype=torch.int8) + 200).tolist() == [-56]
    with pytest.raises(RuntimeError, match="out of bounds for uint8"):
        x.clamp(-1, 300)


def test_pythons_float_means_float64() -> None:
    assert torch.zeros(1, dtype=float).dtype is torch.float64
    assert torch.zeros(1).to(float).dtype is torch.float64


@pytest.mark.filterwarnings("ignore:Setting the shape:DeprecationWarning")  # since NumPy 2.5
def test_an_array_keeps_its_shape_when_the_one_that_shares_its_memory_loses_it() -> None:
    n = np.arange(6.0)
    t = torch.from_numpy(n)
    n.shape = (2, 3)
    assert t.shape == (6,)
    t.numpy().shape = (3, 2)
    assert t.shape == (6,)
    t[0] = 5.0
    assert n[0, 0] == t.numpy()[0] == 5.0
