"""Whether the checks of the op table notice a broken formula."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

import minitorch_dl
from minitorch_dl.autograd.modes import listening
from minitorch_dl.autograd.primitive import PRIMITIVES
from minitorch_dl.backend import attention, blocks, lstm, standardization, sums
from minitorch_dl.testing import check_op, fake_gpu, suite
from minitorch_dl.testing.op_cases import Row
from tests.ops import test_op_table as checks

from .equivalent import explanation
from .mutants import Mutant, applied, mutants

Case = tuple[Row, int]


def real(x: Any) -> Any:
    return minitorch_dl.view_as_real(x.resolve_conj()) if x.is_complex() else x


@functools.cache
def users() -> dict[str, list[Case]]:
    """The samples whose forward or backward pass runs each primitive, the quickest first."""
    found: dict[str, dict[tuple[str, int], tuple[bool, float, Row]]] = defaultdict(dict)
    for row in checks.ROWS:
        if not row.grad:
            continue
        for i in row.cases:
            seen: set[str] = set()
            start = time.perf_counter()
            with listening(lambda primitive, *_, seen=seen: seen.add(primitive.name)):
                got = checks.evaluate(row, i)
                forward = set(seen)
                live = [o for o in got["outputs"] if o.requires_grad]
                if live:
                    total = [real(o).sum() for o in live]
                    grads = minitorch_dl.autograd.grad(
                        total, got["inputs"], create_graph=row.gradgrad, allow_unused=True
                    )
                    second = [real(g).sum() for g in grads if g is not None and g.requires_grad]
                    if second and row.gradgrad:
                        minitorch_dl.autograd.grad(second, got["inputs"], allow_unused=True)
            seconds = time.perf_counter() - start
            for name in seen:
                found[name][row.name, i] = (name not in forward, seconds, row)
    return {
        name: [(row, i) for (_, i), (_, _, row) in sorted(cases.items(), key=lambda c: c[1][:2])]
        for name, cases in found.items()
    }


def notices(row: Row, i: int) -> bool:
    """Whether a check of this sample fails."""
    try:
        checks.test_values_and_gradients_are_pytorchs(row, i)
        if row.numeric:
            checks.test_first_derivative_by_finite_differences(row, i)
            if row.gradgrad:
                checks.test_second_derivative_by_finite_differences(row, i)
                return bool(suite.check(suite.op(row), examples=1).failure)
    except Exception:
        return True
    return False


def _moved() -> None:
    """The gradient through a copy to another device."""
    fake_gpu.register()
    x = minitorch_dl.tensor([[1.0, 2.0, 3.0]], requires_grad=True)
    w = minitorch_dl.tensor([[4.0, 5.0, 6.0]])
    (x.to("fakegpu") * w.to("fakegpu")).sum().backward()
    assert x.grad.tolist() == w.tolist()


def _third_derivative_of_pooling() -> None:
    """Of the fourth power of the largest m, the operator x d/dx makes 4 m^4 at the largest element,
    then 16 m^4, whose derivative is 64 m^3.
    """
    x = minitorch_dl.tensor([[[1.0, 2.0, 4.0, 3.0]]], requires_grad=True)
    y = minitorch_dl.nn.functional.max_pool1d(x, 2) ** 4
    (g,) = minitorch_dl.autograd.grad(y.sum(), x, create_graph=True)
    for _ in range(2):
        (g,) = minitorch_dl.autograd.grad((g * x).sum(), x, create_graph=True)
    assert g.tolist() == [[[0.0, 512.0, 4096.0, 0.0]]]


def _third_derivative_of_softmax() -> None:
    w = minitorch_dl.tensor([1.0, -2.0, 0.5]).double()
    slope = minitorch_dl.func.grad(lambda x: (minitorch_dl.softmax(x, 0) * w).sum())
    check_op(slope, (minitorch_dl.tensor([0.3, -0.5, 1.0]).double(),), edges=False)


def _logcumsumexp_of_float16() -> None:
    x = minitorch_dl.tensor([0.5, -1.0, 2.0, 1.0])
    g = minitorch_dl.tensor([1.0, -2.0, 0.5, -1.0])
    wide, narrow = x.clone().requires_grad_(), x.to(minitorch_dl.float16).requires_grad_()
    for a in (wide, narrow):
        minitorch_dl.logcumsumexp(a, 0).backward(g.to(a.dtype))
    assert minitorch_dl.allclose(narrow.grad.float(), wide.grad, rtol=1e-2, atol=1e-2)


def _with_sizes(primitive: str, *modules: Any, **sizes: int) -> Callable[[], None]:
    """A check of the primitive's rows with other sizes of what its kernel does at a time."""

    def check() -> None:
        before = [(m, name, vars(m)[name]) for m in modules for name in sizes if name in vars(m)]
        assert {name for _, name, _ in before} == sizes.keys()
        for module, name, _ in before:
            setattr(module, name, sizes[name])
        try:
            for row, i in users()[primitive]:
                assert not notices(row, i)
        finally:
            for module, name, value in before:
                setattr(module, name, value)

    check.__name__ = f"{primitive} with other sizes"
    return check


BEYOND_THE_TABLE = {
    "transfer": _moved,
    "max_gather": _third_derivative_of_pooling,
    "dot_along": _third_derivative_of_softmax,
    "logcumsumexp": _logcumsumexp_of_float16,
    "lstm_layer": _with_sizes("lstm_layer", lstm, _HOST_CHUNK=1),
    "scaled_dot_product_attention": _with_sizes(
        "scaled_dot_product_attention", attention, _HOST_TILE=1, _CAUSAL_ROWS=1
    ),
    "standardize": _with_sizes(
        "standardize", blocks, standardization, sums, BLOCK=1, MOST=1, FEW=1, _LONG=2, _ALONE=1
    ),
}
"""Checks of derivatives that no row can reach."""


def killer(mutant: Mutant) -> str | None:
    """The first sample whose checks notice the mutant; None if it survives."""
    for primitive in mutant.concerned:
        for row, i in users().get(primitive, ()):
            with applied(mutant):
                found = notices(row, i)
            if found and passes(row.name, i):
                return f"{row.name}-{i}"
    check = BEYOND_THE_TABLE.get(mutant.primitive)
    if check is None:
        return None
    try:
        with applied(mutant):
            check()
    except Exception:
        return check.__name__
    return None


@functools.cache
def passes(name: str, i: int) -> bool:
    """Whether the sample passes its checks when nothing is broken: only then it proves anything."""
    return not notices(next(row for row in checks.ROWS if row.name == name), i)


class Outcome(NamedTuple):
    """What became of the mutants of one primitive: how many were caught, the others by their
    text."""

    caught: int
    explained: list[str]
    survived: list[str]


def outcome(name: str) -> Outcome:
    caught, explained, survived = 0, [], []
    for mutant in mutants(PRIMITIVES[name]):
        if killer(mutant) is not None:
            caught += 1
        elif explanation(mutant):
            explained.append(str(mutant))
        else:
            survived.append(str(mutant))
    return Outcome(caught, explained, survived)
