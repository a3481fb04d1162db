"""Arguments that are no tensors: a TypeError that names the op and what came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import minitorch_dl as torch
from minitorch_dl.nn import functional as F

OPS: list[Callable[[Any], Any]] = [
    torch.relu, torch.exp, torch.floor, torch.sign, torch.all, torch.sum, torch.mean, torch.amax,
    torch.argmax, torch.squeeze, torch.sort, torch.cumsum, torch.det, torch.linalg.inv,
    lambda x: torch.mm(x, torch.ones(2, 2)), lambda x: torch.dot(x, torch.ones(2)), F.dropout,
    lambda x: F.conv2d(x, torch.ones(1, 1, 1, 1)),
    lambda x: F.conv2d(torch.ones(1, 1, 1, 1), torch.ones(1, 1, 1, 1), x),
]  # fmt: skip


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("value", ["a", [1.0], object()], ids=["str", "list", "object"])
def test_the_op_and_the_kind_are_named(op: Callable[[Any], Any], value: Any) -> None:
    arguments = (value, 0) if op is torch.cumsum else (value,)
    with pytest.raises(TypeError, match=rf"\w+\(\).* (Tensor|tensor).* {type(value).__name__}"):
        op(*arguments)
