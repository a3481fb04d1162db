"""default_collate and default_convert: dtypes, containers and errors."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, namedtuple

import numpy as np
import pytest

import minitorch_dl as mt
from minitorch_dl.utils.data import default_collate, default_convert
from minitorch_dl.utils.data.collate import collate, default_collate_fn_map

Point = namedtuple("Point", ["x", "y"])


@pytest.mark.parametrize(
    ("batch", "dtype", "expected"),
    [
        ([1, 2], "int64", [1, 2]),
        ([1.5, 2], "float64", [1.5, 2.0]),
        ([True, False], "bool", [True, False]),
        ([np.float32(1), np.float32(2)], "float32", [1.0, 2.0]),
        ([np.int8(1)], "int8", [1]),
        ([np.bool_(True)], "bool", [True]),
        ([np.ones(2, np.float32), np.zeros(2, np.float32)], "float32", [[1.0, 1.0], [0.0, 0.0]]),
        ([np.array(3, np.int32)], "int32", [3]),
    ],
)
def test_numbers_and_arrays(batch: list, dtype: str, expected: list) -> None:
    out = default_collate(batch)
    assert out.dtype == getattr(mt, dtype)
    assert out.tolist() == expected


def test_tensors_are_stacked() -> None:
    out = default_collate([mt.ones(2, 3), mt.zeros(2, 3)])
    assert out.shape == (2, 2, 3)
    x = mt.ones(2, requires_grad=True)
    default_collate([x, x * 2]).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]
    with pytest.raises(RuntimeError, match="stack expects each tensor to be equal size"):
        default_collate([mt.ones(2), mt.ones(3)])


def test_strings_stay() -> None:
    assert default_collate(["a", "b"]) == ["a", "b"]
    assert default_collate([b"a", b"b"]) == [b"a", b"b"]


def test_containers() -> None:
    out = default_collate([(1, "a"), (2, "b")])
    assert type(out) is list
    assert out[0].tolist() == [1, 2]
    assert out[1] == ("a", "b")

    point = default_collate([Point(1, [2.0]), Point(3, [4.0])])
    assert type(point) is Point
    assert point.x.tolist() == [1, 3]
    assert point.y[0].tolist() == [2.0, 4.0]

    nested = default_collate([{"a": {"b": 1}}, {"a": {"b": 2}}])
    assert nested["a"]["b"].tolist() == [1, 2]


def test_container_types_are_kept() -> None:
    ordered = default_collate([OrderedDict(b=1, a=2)] * 2)
    assert type(ordered) is OrderedDict
    assert list(ordered) == ["b", "a"]
    sample = defaultdict(list, k=1)
    out = default_collate([sample, sample])
    assert out.default_factory is list
    assert sample["k"] == 1
    assert [t.tolist() for t in default_collate([range(2), range(2)])] == [[0, 0], [1, 1]]


@pytest.mark.parametrize(
    ("batch", "error", "message"),
    [
        ([object()], TypeError, "batch must contain tensors.*found <class 'object'>"),
        ([None], TypeError, "found <class 'NoneType'>"),
        ([{"a": None}], TypeError, "found <class 'NoneType'>"),
        ([np.array(["s"])], TypeError, "found <U1"),
        ([[1], [1, 2]], RuntimeError, r"equal size, got lengths \[1, 2\]"),
        ([], IndexError, "out of range"),
    ],
)
def test_errors(batch: list, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        default_collate(batch)


def test_own_collate_functions() -> None:
    def join(batch, *, collate_fn_map=None):
        return "".join(batch)

    out = collate([("a", 1), ("b", 2)], collate_fn_map={**default_collate_fn_map, str: join})
    assert out[0] == "ab"
    assert out[1].tolist() == [1, 2]


def test_convert() -> None:
    tensor = mt.ones(2)
    assert default_convert(tensor) is tensor
    assert default_convert(np.arange(3)).tolist() == [0, 1, 2]
    assert default_convert(np.float64(2.5)).item() == 2.5
    assert default_convert(5) == 5
    assert default_convert("text") == "text"
    assert default_convert(np.array(["s"])).dtype.kind == "U"
    out = default_convert({"p": Point(np.array(1), 2), "t": (np.array(1), "x"), "l": [np.array(4)]})
    assert isinstance(out["p"], Point)
    assert out["p"].x.item() == 1
    assert type(out["t"]) is list
    assert out["l"][0].item() == 4
