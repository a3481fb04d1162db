"""The gradient check of every op and module of the tables ``op_cases`` and ``module_cases``."""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..backend import dtypes
from . import module_cases, op_cases
from .calls import Call, module_calls, op_calls
from .derivative_check import check_derivatives
from .findings import TYPED_ERRORS, CheckFailure, Measurement, Options


@dataclass(frozen=True)
class Subject:
    """An op or a module to check.

    Attributes:
        name: dotted, as seen from the package.
        kind: "op" or "module".
        row: in its table.
    """

    name: str
    kind: str
    row: Any

    def calls(self, examples: int, seed: int, device: Any = "cpu") -> Iterator[Call]:
        """Its calls at drawn points."""
        make: Any = op_calls if self.kind == "op" else module_calls
        return make(self.row, examples, seed, device)


@dataclass
class Result:
    """What the check of one op or module found.

    Attributes:
        name, kind: of the subject.
        family: the file of its table.
        points: how many calls were examined.
        kinks: how many of them lay at a kink.
        first_error, second_error: the greatest ``|analytical - numerical| / max(1, |numerical|)``.
        worst: the call with the greatest error.
        failure: what is wrong, or "".
        verdict: what probably explains it.
        refused: the message with which the op refused this device or dtype, or "".
        seconds: how long it took.
    """

    name: str
    kind: str
    family: str
    points: int = 0
    kinks: int = 0
    first_error: float | None = None
    second_error: float | None = None
    worst: str = ""
    failure: str = ""
    verdict: str = ""
    refused: str = ""
    seconds: float = 0.0


def op(row: op_cases.Row) -> Subject:
    return Subject(row.name, "op", row)


def subjects(pattern: str = "*") -> list[Subject]:
    """The differentiable ops, then the modules, whose name, or its last part, matches a shell
    pattern in upper or lower case."""
    ops = [op(row) for row in op_cases.table() if row.grad and row.numeric]
    modules = [Subject(f"nn.{row.name}", "module", row) for row in module_cases.table()]
    pattern = pattern.lower()
    return [
        subject
        for subject in (*ops, *modules)
        for name in [subject.name.lower()]
        if fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(name.split(".")[-1], pattern)
    ]


def check(
    subject: Subject,
    *,
    order: int = 2,
    examples: int = 3,
    seed: int = 0,
    device: Any = "cpu",
    dtype: dtypes.dtype = dtypes.float64,
) -> Result:
    """Compare the derivatives with differences at every call; stops at the first failure."""
    result = Result(subject.name, subject.kind, subject.row.family)
    start = time.perf_counter()
    worst = -1.0
    for call in subject.calls(examples, seed, device):
        options = Options(
            order=min(order, call.order), seed=seed, dtype=dtype, rtol=1e-5, atol=1e-6
        )
        found = Measurement()
        try:
            check_derivatives(call, call.inputs, options, found)
            result.points += 1
        except CheckFailure as failure:
            result.failure, result.verdict = failure.text, failure.verdict or ""
        except Exception as error:
            if dtype is not dtypes.float64 and isinstance(error, TYPED_ERRORS):
                result.refused = str(error)
                continue
            result.failure = f"{type(error).__name__}: {error}"
        result.kinks += found.kinks
        for level, off in found.errors.items():
            name = {1: "first_error", 2: "second_error"}[level]
            setattr(result, name, max(off, getattr(result, name) or 0.0))
            if off > worst:
                worst, result.worst = off, str(call)
        if result.failure:
            result.worst = str(call)
            break
    result.seconds = time.perf_counter() - start
    return result
