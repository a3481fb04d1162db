"""Conditions and sizes, stated for a compiler that isn't here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch

YES, NO = torch.tensor(True), torch.tensor(False)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: torch._check(False), RuntimeError, "Expected cond to be True"),
        (lambda: torch._check_index(False, lambda: "here"), IndexError, "here"),
        (lambda: torch._check_value(False, lambda: 5), ValueError, "5"),
        (lambda: torch._check_type(False), TypeError, "Expected cond"),
        (lambda: torch._check_not_implemented(False), NotImplementedError, "Expected cond"),
        (lambda: torch._check_with(KeyError, False, lambda: "k"), KeyError, "k"),
        (lambda: torch._check_is_size(-1), RuntimeError, "Expected cond"),
        (lambda: torch._check_is_size(4, max=3), RuntimeError, "Expected cond"),
        (lambda: torch._check_tensor_all(torch.tensor([True, False])), RuntimeError, "Expected"),
        (lambda: torch._check_tensor_all(True), TypeError, "must be a tensor"),
        (
            lambda: torch._check_tensor_all_with(IndexError, torch.tensor([False]), lambda: "no"),
            IndexError,
            "no",
        ),
        (lambda: torch._check(YES), TypeError, "_check_tensor_all takes tensors"),
        (lambda: torch._check(1), TypeError, "must be a bool, but got int"),
        (lambda: torch._check(False, "text"), TypeError, "must be a callable"),
        (lambda: torch._assert(NO, "why"), AssertionError, "why"),
        (lambda: torch._assert_async(NO), RuntimeError, "single nonzero value"),
        (lambda: torch._assert_async(NO, "why"), RuntimeError, "why"),
    ],
)
def test_what_does_not_hold_is_raised(call: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        call()


def test_what_holds_passes() -> None:
    torch._check(True, lambda: 1 / 0)
    torch._check_is_size(3, max=3)
    torch._check_tensor_all(torch.tensor([True]))
    torch._assert(YES, "never")
    torch._assert_async(torch.tensor([2.0]))


def test_sizes_are_numbers() -> None:
    assert (torch.sym_int(2.7), torch.sym_int(-2.5), torch.sym_float(2)) == (2, -2, 2.0)
    assert isinstance(torch.sym_max(3, 2.0), float)
    assert torch.sym_max(3, 2) == 3
    assert isinstance(torch.sym_min(1, 2.0), float)
    assert torch.sym_min(3, 2) == 2
    assert torch.sym_ite(True, 1, 2) == 1
    assert torch.sym_not(True) is False
    assert torch.sym_sum([1, 2]) == 3
    assert torch.sym_sqrt(4) == 2.0
    assert torch._shape_as_tensor(torch.zeros(2, 3)).tolist() == [2, 3]
    assert not isinstance(3, (torch.SymInt, torch.SymFloat, torch.SymBool))


def test_sizes_are_ints_however_they_came() -> None:
    size = torch.Size((torch.tensor(3), np.int64(2)))
    assert size == (3, 2)
    assert {type(n) for n in size} == {int}
    assert type(torch.zeros(2, 3).shape[1:]) is torch.Size
    for wrong in (2.0, torch.tensor(3.5)):
        with pytest.raises(TypeError, match="takes an iterable of 'int'"):
            torch.Size((wrong,))
    x = torch.tensor([1])
    assert x.add(x, alpha=torch.tensor(2)).tolist() == [3]
    assert torch.sub(x, x, alpha=torch.tensor(2)).tolist() == [-1]
    assert torch.zeros(2).normal_(mean=torch.tensor(3.0), std=torch.tensor(0.0)).tolist() == [3, 3]
