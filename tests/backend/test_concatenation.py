"""Joining while a step is captured gives what joining gives."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from minitorch_dl.backend import concatenation
from minitorch_dl.backend.graph_capture import recording

ARRAYS = [np.arange(6.0).reshape(2, 3), np.ones((2, 3), np.float32), np.zeros((2, 3)), np.eye(2, 3)]


@pytest.mark.parametrize("axis", [0, 1, -1, None])
def test_concatenate(axis: Any) -> None:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("the host's addresses are copied to the device")

    expected = np.concatenate(ARRAYS, axis)
    concatenate, _ = concatenation.for_cupy(SimpleNamespace(empty=np.empty, concatenate=refuse))
    with recording():
        got = concatenate(ARRAYS, axis)
        out = np.empty_like(expected)
        assert concatenate(ARRAYS, axis, out=out) is out
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(out, expected)
    assert got.dtype == expected.dtype
    with pytest.raises(AssertionError):
        concatenate(ARRAYS, axis)  # outside, CuPy does it


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_stack(axis: int) -> None:
    _, stack = concatenation.for_cupy(np)
    with recording():
        got = stack(ARRAYS, axis)
    np.testing.assert_array_equal(got, np.stack(ARRAYS, axis))
    np.testing.assert_array_equal(stack(ARRAYS, axis), got)
