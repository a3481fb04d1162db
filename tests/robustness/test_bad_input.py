"""Wrong arguments to every op and layer: an ordinary exception, and inputs as they were."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl import Tensor
from minitorch_dl.testing import module_cases
from minitorch_dl.testing.op_cases import Row, leaves, replace, table
from tests.robustness.bad_input import ALLOWED, OTHER_KINDS, Call, mistakes

ROWS = table()
MODULES = module_cases.table()


def check(call: Call, function: Any) -> None:
    """Make the call. A value of another kind where a Tensor or a number belongs may also end in
    Python's own AttributeError; nothing else may."""
    allowed = (*ALLOWED, AttributeError) if call.kind in OTHER_KINDS else ALLOWED
    message = raised(allowed, function, call.args, call.kwargs)
    if message is not None:
        assert message.strip(), f"{call.what}: the exception says nothing"
        assert call.unchanged(), f"{call.what}: the call raised, but changed an input"


def raised(allowed: Any, function: Any, args: Any, kwargs: Any) -> str | None:
    """The message of the exception, if the call raises one of these."""
    try:
        function(*args, **kwargs)
    except allowed as error:
        return str(error)
    return None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_ops(row: Row) -> None:
    for call in mistakes(row, 8):
        check(call, row.function(torch))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_ops_with_every_mistake(row: Row) -> None:
    for call in mistakes(row, 10**6):
        check(call, row.function(torch))


SHAPES = [(), (0,), (1,), (2, 3), (3, 0, 2), (2, 3, 4), (1, 2, 3, 4), (1, 1, 2, 3, 4), (1,) * 6]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", MODULES, ids=lambda row: row.name)
def test_modules(row: Any) -> None:
    module = row.make(0, torch, lambda a: torch.from_numpy(a.copy()))
    given = row.given(0)
    for shape in SHAPES:
        for dtype in (torch.float32, torch.int64, torch.bool):
            wrong = torch.ones(shape, dtype=dtype)
            count = iter(range(100))
            args, kwargs = replace(
                given,
                lambda a, wrong=wrong, count=count: (
                    wrong if next(count) == 0 else torch.from_numpy(a.copy())
                ),
                np.ndarray,
            )
            before = [x.clone() for x in leaves((args, kwargs), Tensor)]
            assert raised(ALLOWED, module, args, kwargs) != "", f"{shape} {dtype}: no message"
            for x, was in zip(leaves((args, kwargs), Tensor), before):
                assert torch.equal(x, was) or getattr(module, "inplace", False)
