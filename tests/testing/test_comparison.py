"""``assert_close`` against the texts and rules of PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch_dl
from minitorch_dl import testing

nan, inf = float("nan"), float("inf")

CALLS: dict[str, Callable[[Any], tuple[Any, ...]]] = {
    "one of three": lambda t: (t.tensor([1.0, 2, 3]), t.tensor([1.0, 2, 4])),
    "within float32": lambda t: (t.tensor([1.0, 2.0]), t.tensor([1.0, 2.000001])),
    "float64 is stricter": lambda t: (t.tensor([1.0]).double(), t.tensor([1.000001]).double()),
    "half": lambda t: (t.tensor([1.0]).half(), t.tensor([1.01]).half()),
    "integers": lambda t: (t.tensor([1, 2, 3]), t.tensor([1, 2, 4])),
    "integers with bounds": lambda t: (
        t.tensor([1, 2]),
        t.tensor([1, 3]),
        {"rtol": 0.0, "atol": 1.0},
    ),
    "0-d": lambda t: (t.tensor(1.0), t.tensor(2.0)),
    "0-d integers": lambda t: (t.tensor(5), t.tensor(6)),
    "absolute only": lambda t: (t.tensor([1.0, 2]), t.tensor([1.0, 2.5]), {"rtol": 0, "atol": 0.1}),
    "NaN": lambda t: (t.tensor([[1.0, nan]]), t.tensor([[1.0, nan]])),
    "equal NaN": lambda t: (t.tensor([1.0, nan]), t.tensor([1.0, nan]), {"equal_nan": True}),
    "infinities": lambda t: (t.tensor([inf, -inf]), t.tensor([inf, -inf])),
    "infinite against finite": lambda t: (t.tensor([inf]), t.tensor([1.0])),
    "finite against infinite": lambda t: (t.tensor([1.0]), t.tensor([inf])),
    "expected zero": lambda t: (t.tensor([1.0]), t.tensor([0.0])),
    "bools": lambda t: (t.tensor([True, False]), t.tensor([True, True])),
    "shapes": lambda t: (t.tensor([1.0]), t.tensor([1.0, 2])),
    "no broadcasting": lambda t: (t.ones(2, 1), t.ones(2, 2)),
    "dtypes": lambda t: (t.tensor([1.0]), t.tensor([1.0]).double()),
    "dtypes left out": lambda t: (
        t.tensor([1.0]),
        t.tensor([1.0]).double(),
        {"check_dtype": False},
    ),
    "looser of two dtypes": lambda t: (
        t.tensor([1.0]),
        t.tensor([1.000001]).double(),
        {"check_dtype": False},
    ),
    "strides": lambda t: (t.ones(2, 3), t.ones(3, 2).T, {"check_stride": True}),
    "strides left out": lambda t: (t.ones(2, 3), t.ones(3, 2).T),
    "empty": lambda t: (t.empty(0, 2), t.empty(0, 2)),
    "floats": lambda t: (1.0, 2.0),
    "ints": lambda t: (1, 2),
    "int and float": lambda t: (1, 1.0),
    "int and float, any dtype": lambda t: (1, 1.0, {"check_dtype": False}),
    "Python bools": lambda t: (True, False),
    "None": lambda t: (None, None),
    "None and a number": lambda t: (None, 1),
    "a list": lambda t: ([t.ones(1), t.ones(1)], [t.ones(1), t.zeros(1) + 3]),
    "lengths": lambda t: ([t.ones(1)], [t.ones(1), t.ones(1)]),
    "list and tuple": lambda t: ([t.ones(1)], (t.ones(1),)),
    "keys": lambda t: ({"a": t.ones(1)}, {"b": t.ones(1)}),
    "nested": lambda t: ({"a": [t.ones(1)]}, {"a": [t.zeros(1) + 2]}),
    "arrays": lambda t: (np.array([1.0]), np.array([2.0])),
    "a text": lambda t: (t.ones(1), t.zeros(1), {"msg": "different"}),
    "a text from the report": lambda t: (t.ones(1), t.zeros(1), {"msg": lambda m: "seed 3: " + m}),
    "only rtol": lambda t: (t.ones(1), t.ones(1), {"rtol": 1.0}),
    "strings": lambda t: ("a", "a"),
    "a mapping and a list": lambda t: ({1: 2}, [1]),
    "layouts": lambda t: (t.eye(2), t.eye(2).to_sparse()),
    "any layout": lambda t: (t.eye(2), 2 * t.eye(2).to_sparse_csr(), {"check_layout": False}),
    "sparse": lambda t: (t.eye(2).to_sparse(), t.eye(2).to_sparse()),
    "sparse values": lambda t: (t.eye(2).to_sparse(), 3 * t.eye(2).to_sparse()),
    "sparse indices": lambda t: (t.eye(2).to_sparse(), t.eye(2).flip(0).to_sparse()),
    "numbers of sparse values": lambda t: (t.eye(2).to_sparse(), t.ones(2, 2).to_sparse()),
    "a coalesced tensor and one that is not": lambda t: (
        t.sparse_coo_tensor(t.tensor([[0, 0]]), t.tensor([1.0, 2.0]), (2,)),
        t.tensor([3.0, 0.0]).to_sparse(),
    ),
    "rows": lambda t: (t.eye(2).to_sparse_csr(), 3 * t.eye(2).to_sparse_csr()),
    "starts of rows": lambda t: (
        t.tensor([[1.0, 1.0], [0.0, 0.0]]).to_sparse_csr(),
        t.eye(2).to_sparse_csr(),
    ),
}


def outcome(torch: Any, call: Callable[[Any], tuple[Any, ...]]) -> str:
    """What ``assert_close`` raises, or nothing."""
    actual, expected, *options = call(torch)
    try:
        torch.testing.assert_close(actual, expected, **(options[0] if options else {}))
    except (AssertionError, TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore:Sparse")
@pytest.mark.parametrize("name", CALLS)
def test_the_report_is_pytorchs(name: str) -> None:
    torch = pytest.importorskip("torch")
    assert outcome(minitorch_dl, CALLS[name]) == outcome(torch, CALLS[name])


EQUAL = {
    "within float32", "integers with bounds", "equal NaN", "infinities", "dtypes left out",
    "looser of two dtypes", "strides left out", "int and float, any dtype", "None", "empty",
    "list and tuple", "sparse",
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_which_calls_pass(name: str) -> None:
    assert (outcome(minitorch_dl, CALLS[name]) == "") == (name in EQUAL)


def test_the_report_says_where_and_how_much() -> None:
    a = minitorch_dl.zeros(2, 3)
    b = a.clone()
    b[1, 2] = 0.5
    assert outcome(minitorch_dl, lambda t: (a, b)) == (
        "AssertionError: Tensor-likes are not close!\n\n"
        "Mismatched elements: 1 / 6 (16.7%)\n"
        "Greatest absolute difference: 0.5 at index (1, 2) (up to 1e-05 allowed)\n"
        "Greatest relative difference: 1.0 at index (1, 2) (up to 1.3e-06 allowed)"
    )


def test_devices() -> None:
    testing.fake_gpu.register()
    a, b = minitorch_dl.ones(2), minitorch_dl.ones(2, device="fakegpu")
    with pytest.raises(AssertionError, match="attribute 'device' do not match: cpu != fakegpu"):
        testing.assert_close(a, b)
    testing.assert_close(a, b, check_device=False)


def test_large_integers_are_compared_exactly() -> None:
    a = minitorch_dl.tensor([2**53 + 1])
    with pytest.raises(AssertionError, match="Greatest absolute difference: 1 at"):
        testing.assert_close(a, a - 1)


def test_negative_tolerances_are_refused() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        testing.assert_close(1.0, 1.0, rtol=0.0, atol=-1.0)
