"""The counter of NumPy's calls: what it sees of a piece of code."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest

from . import numpy_calls

LARGE = np.ones(numpy_calls.LARGE // 8)


@pytest.mark.parametrize(
    ("code", "calls", "arrays"),
    [
        ("a * b + 1", 2, 2),
        ("-a", 1, 1),
        ("a > b", 1, 0),  # of an eighth of the size
        ("np.add(a, b)", 1, 1),
        ("np.add(a, b, out=a)", 1, 0),
        ("np.add(a, b, a)", 1, 0),
        ("np.add.reduce(a)", 1, 0),
        ("a.copy()", 1, 1),
        ("a.reshape(2, -1)", 1, 0),
        ("a[1:]", 0, 0),
        ("a[[1, 2]]", 1, 0),
        ("a += b", 1, 0),
        ("a[:2] += 1", 1, 0),
        ("a[:2] = 0", 1, 0),
        ("a[...] = np.sqrt(b)", 2, 1),
        ("np.empty(3)", 1, 0),
        ("{}.get(1), len([2]) + 3, 'x' + 'y'", 0, 0),
        ("np.float32(1)", 0, 0),
    ],
)
def test_what_counts(code: str, calls: int, arrays: int, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = numpy_calls._Rewriter().visit(ast.parse(code))
    monkeypatch.setattr(numpy_calls, "calls", 0)
    monkeypatch.setattr(numpy_calls, "arrays", 0)
    scope: dict[str, Any] = {"np": np, "a": LARGE.copy(), "b": LARGE}
    scope |= {f"_look_{look.__name__}": look for look in numpy_calls.LOOKS}
    exec(compile(ast.fix_missing_locations(tree), "code", "exec"), scope)
    assert (numpy_calls.calls, numpy_calls.arrays) == (calls, arrays)
