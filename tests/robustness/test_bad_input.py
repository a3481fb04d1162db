"""Wrong arguments to every op and layer: a typed exception that names the op, and inputs as they
were."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl import Tensor
from minitorch_dl.testing import module_cases
from minitorch_dl.testing.op_cases import Row, leaves, replace, table
from tests.robustness.bad_input import ALLOWED, Call, mistakes

ROWS = table()
MODULES = module_cases.table()


def check(call: Call, row: Row) -> None:
    """Make the call; if it raises, the exception tells who and what, and nothing has changed."""
    error = raised(row.function(torch), call.args, call.kwargs)
    if error is not None and not raised_by_the_row(error):
        assert type(error) in ALLOWED, f"{call.what}: {error!r}"
        assert named(row, str(error)), f"{call.what}: {error!r} names no op"
        assert call.unchanged(), f"{call.what}: the call raised, but changed an input"


def raised(function: Any, args: Any, kwargs: Any) -> Exception | None:
    """The exception that the call raises, if any."""
    try:
        function(*args, **kwargs)
    except Exception as error:
        return error
    return None


def raised_by_the_row(error: BaseException) -> bool:
    """Whether the row's own code tripped over the argument before any op saw it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    assert trace is not None
    where = trace.tb_frame.f_globals["__name__"]
    return where.startswith(("minitorch_dl.testing.op_cases", "minitorch_dl.compat.names"))


def named(row: Row, message: str) -> bool:
    """Whether the message names the op. Rows with code of their own call several ops, operators
    and attributes, so that there any message will do."""
    if row.call is not None:
        return message.strip() != ""
    names = {row.name.rpartition(".")[2], row.function(torch).__name__}  # special.expit is sigmoid
    return any(re.search(rf"(?<!\w){name}[(:]|^{name} ", message) for name in names)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_ops(row: Row) -> None:
    for call in mistakes(row, 8):
        check(call, row)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_ops_with_every_mistake(row: Row) -> None:
    for call in mistakes(row, 10**6):
        check(call, row)


SHAPES = [(), (0,), (1,), (2, 3), (3, 0, 2), (2, 3, 4), (1, 2, 3, 4), (1, 1, 2, 3, 4), (1,) * 6]
WRONG = [
    torch.ones(shape, dtype=dtype)
    for shape in SHAPES
    for dtype in (torch.float32, torch.int64, torch.bool)
]
OTHER_KINDS = [[1.0, 2.0], "text", None, object(), 3, np.ones(3, np.float32)]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", MODULES, ids=lambda row: row.name)
def test_modules(row: Any) -> None:
    module = row.make(0, torch, lambda a: torch.from_numpy(a.copy()))
    given = replace(row.given(0), lambda a: torch.from_numpy(a.copy()), np.ndarray)
    for i in range(len(leaves(given, Tensor))):
        for wrong in WRONG if i == 0 else OTHER_KINDS:
            count = iter(range(100))
            args, kwargs = replace(
                given, lambda x, i=i, wrong=wrong, n=count: wrong if next(n) == i else x, Tensor
            )
            tensors = [*leaves((args, kwargs), Tensor), *module.parameters(), *module.buffers()]
            before = [x.clone() for x in tensors]
            error = raised(module, args, kwargs)
            if error is not None:
                assert type(error) in ALLOWED, f"{wrong!r}: {error!r}"
                assert re.match(r"Module \[|[\w.]+([(:]|( \w+)? should)", str(error)), repr(error)
                for x, was in zip(tensors, before, strict=True):
                    assert torch.equal(x, was), f"{wrong!r}: the call raised, but changed a tensor"
