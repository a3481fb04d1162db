"""The gradient check of every op of the table ``op_cases``."""

from __future__ import annotations

import fnmatch
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..backend import dtypes
from ..ops import from_numpy, manual_seed
from ..tensor import Tensor
from .derivative_check import check_derivatives
from .findings import TYPED_ERRORS, CheckFailure, Measurement, Options
from .op_cases import Row, Spec, leaves, replace, table


@dataclass
class RowResult:
    """What the check of one op found.

    Attributes:
        name, family: of the row.
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


@dataclass
class Call:
    """One call of a row's op, as a function of its float inputs alone.

    Attributes:
        row, sample: whose call it is.
        inputs: the float inputs.
        tree: ``(args, kwargs)`` with NumPy arrays.
    """

    row: Row
    sample: int
    tree: Any
    device: Any = "cpu"
    inputs: list[Tensor] = field(init=False)

    def __post_init__(self) -> None:
        floats = [a for a in leaves(self.tree, np.ndarray) if a.dtype == np.float64]
        self.inputs = [from_numpy(a.copy()).to(self.device) for a in floats]

    def __call__(self, *floats: Tensor) -> tuple[Tensor, ...]:
        """The op's float outputs."""
        given = iter(floats)
        in_place = self.row.name.endswith("_")

        def tensor(a: np.ndarray) -> Tensor:
            if a.dtype != np.float64:
                return from_numpy(a.copy()).to(self.device)
            x = next(given)
            return x.clone() if in_place else x

        args, kwargs = replace(self.tree, tensor, np.ndarray)
        manual_seed(0)  # a random op draws the same again
        outputs = leaves(self.row.function(_package())(*args, **kwargs), Tensor)
        return tuple(y for y in outputs if y.dtype.is_floating_point)

    def __str__(self) -> str:
        return f"sample {self.sample}: {self.row.samples[self.sample]!r}"


def _package() -> Any:
    return sys.modules[__name__.partition(".")[0]]


def rows(pattern: str = "*") -> list[Row]:
    """The differentiable rows whose name, or its last part, matches a shell pattern."""
    return [
        row
        for row in table()
        if row.grad
        and row.numeric
        and any(fnmatch.fnmatchcase(n, pattern) for n in (row.name, row.name.split(".")[-1]))
    ]


def calls(row: Row, examples: int, seed: int, device: Any = "cpu") -> Iterator[Call]:
    """Each sample of the row with ``examples`` different values of its floats; the integers and
    bools, which pick elements, stay."""
    for sample in row.cases:
        specs = leaves((row.samples[sample].args, row.samples[sample].kwargs), Spec)
        for example in range(examples):
            key = f"{row.name}/{sample}/{seed}/{example}"
            rng = np.random.default_rng(zlib.crc32(key.encode()))
            given = iter(specs)

            def drawn(array: np.ndarray, rng: Any = rng, given: Any = given) -> np.ndarray:
                spec = next(given)
                return spec.make(rng) if spec.kind == "float" else array

            yield Call(row, sample, replace(row.values(sample), drawn, np.ndarray), device)
            if not any(spec.kind == "float" for spec in specs):
                break


def check_row(
    row: Row,
    *,
    order: int = 2,
    examples: int = 3,
    seed: int = 0,
    device: Any = "cpu",
    dtype: dtypes.dtype = dtypes.float64,
) -> RowResult:
    """Compare the op's derivatives with differences at every call; stops at the first failure."""
    result = RowResult(row.name, row.family)
    options = Options(
        order=order if row.gradgrad else 1, seed=seed, dtype=dtype, rtol=1e-5, atol=1e-6
    )
    start = time.perf_counter()
    worst = -1.0
    for call in calls(row, examples, seed, device):
        found = Measurement()
        try:
            check_derivatives(call, call.inputs, options, found)
        except CheckFailure as failure:
            result.failure, result.verdict = failure.text, failure.verdict or ""
            result.worst = str(call)
            break
        except Exception as error:
            if dtype is not dtypes.float64 and isinstance(error, TYPED_ERRORS):
                result.refused = str(error)
                continue
            result.failure, result.worst = f"{type(error).__name__}: {error}", str(call)
            break
        result.points += 1
        result.kinks += found.kinks
        for level, off in found.errors.items():
            name = {1: "first_error", 2: "second_error"}[level]
            setattr(result, name, max(off, getattr(result, name) or 0.0))
            if off > worst:
                worst, result.worst = off, str(call)
    result.seconds = time.perf_counter() - start
    return result
