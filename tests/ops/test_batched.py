"""Ops inside ``vmap``: all entries at once give what each gives alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl import Tensor
from minitorch_dl.func import grad, vmap
from minitorch_dl.testing.op_cases import Row, leaves, replace, table

ENTRIES = 3
REFUSED: dict[Any, str] = {
    "layout": "memory",
    "resize": "memory",
    "reductions_into": "not possible",
    "nn.functional.batch_norm": "running_mean",
    "nn.functional.instance_norm": "running_mean",
    "batch_norm(running statistics)": "running_mean",
    "instance_norm(running statistics)": "running_mean",
    ("where", 6): "nonzero",
}
"""Rows, or samples of one, whose ops have no meaning for one entry among others, with what the
error says."""
ROWS = [row for row in table() if not row.nondeterministic and row.cases]


def entries_of(row: Row, i: int) -> list[list[Any]]:
    """The tensors among a sample's arguments, for each entry with other values."""

    def vary(a: np.ndarray, k: int) -> np.ndarray:
        return np.roll(a, k, axis=-1).copy() if a.ndim and a.dtype.kind in "fc" else a.copy()

    arrays = leaves(row.values(i), np.ndarray)
    return [[torch.from_numpy(vary(a, k)) for a in arrays] for k in range(ENTRIES)]


def calling(row: Row, i: int) -> Any:
    """The sample's call as a function of its tensors, which returns those of the result."""

    def call(*tensors: Any) -> tuple[Any, ...]:
        given = iter(tensors)
        args, kwargs = replace(row.values(i), lambda _: next(given), np.ndarray)
        return tuple(leaves(row.function(torch)(*args, **kwargs), Tensor))

    return call


def seeded(function: Any) -> Any:
    """The function with the same random numbers at every call."""

    def call(*args: Any) -> Any:
        torch.manual_seed(0)
        return function(*args)

    return call


def close(actual: Any, expected: list[Any]) -> None:
    wanted = torch.stack(expected)
    assert actual.shape == wanted.shape
    assert actual.dtype is wanted.dtype
    np.testing.assert_allclose(
        actual.detach().numpy(), wanted.detach().numpy(), rtol=1e-8, atol=1e-9
    )


FIRST = [
    pytest.param(row, shared, id=f"{row.name}-{'first' if shared else 'all'}")
    for row in ROWS
    for shared in (False, True)
    if len(entries_of(row, row.cases[0])[0]) > shared
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("row", "shared"), FIRST)
def test_a_batch_is_its_entries(row: Row, shared: bool) -> None:
    compare(row, row.cases[0], shared)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ROWS])
def test_a_batch_of_every_sample_is_its_entries(row: Row) -> None:
    for i in row.cases[1:] if row.name not in REFUSED else ():
        for shared in (False, True)[: len(entries_of(row, i)[0])]:
            compare(row, i, shared)


def compare(row: Row, i: int, shared: bool) -> None:
    """A sample's results and gradients inside vmap with those of each entry; ``shared``: only the
    first of its tensors is a batch."""
    call, tensors = calling(row, i), entries_of(row, i)
    dims = tuple(None if shared and j else 0 for j in range(len(tensors[0])))
    if shared:
        tensors = [[one[0], *tensors[0][1:]] for one in tensors]

    def batch() -> list[Any]:
        columns = zip(*tensors)
        return [c[0].clone() if d is None else torch.stack(list(c)) for c, d in zip(columns, dims)]

    run = vmap(call, in_dims=dims, randomness="same")
    refusal = REFUSED.get(row.name) or REFUSED.get((row.name, i))
    if shared and row.name == "batch_norm_update_stats":
        refusal = "running_mean"
    if refusal:
        with pytest.raises(RuntimeError, match=refusal):
            run(*batch())
        return
    expected = [seeded(call)(*[x.clone() for x in one]) for one in tensors]
    for y, *ys in zip(seeded(run)(*batch()), *expected, strict=True):
        close(y, ys)
    floats = tuple(j for j, x in enumerate(tensors[0]) if x.is_floating_point())
    smooth = any(y.is_floating_point() or y.is_complex() for y in expected[0])
    if not row.grad or not floats or not smooth or row.name.endswith("_"):
        return

    def loss(chosen: Any, rest: Any) -> Any:
        values = list(rest)
        for j, x in zip(floats, chosen):
            values[j] = x
        outputs = [y.real if y.is_complex() else y for y in call(*values)]
        return sum((k + 1) * y.sum() for k, y in enumerate(outputs) if y.is_floating_point())

    alone = [seeded(grad(loss))(tuple(one[j] for j in floats), one) for one in tensors]
    given = batch()
    per_entry = vmap(
        grad(loss), in_dims=(tuple(dims[j] for j in floats), list(dims)), randomness="same"
    )
    for g, *gs in zip(
        seeded(per_entry)(tuple(given[j] for j in floats), given), *alone, strict=True
    ):
        close(g, gs)


@pytest.mark.parametrize("make", [torch.nn.LSTM, torch.nn.GRU, torch.nn.RNN])
def test_layers_that_work_on_arrays_run_per_entry(make: Any) -> None:
    torch.manual_seed(0)
    layer = make(3, 2).double()
    parameters = {name: p.detach() for name, p in layer.named_parameters()}
    x = torch.randn(ENTRIES, 4, 3, dtype=torch.float64)

    def loss(parameters: Any, x: Any) -> Any:
        return torch.func.functional_call(layer, parameters, (x,))[0].pow(2).sum()

    found = vmap(grad(loss), in_dims=(None, 0))(parameters, x)
    alone = [grad(loss)(parameters, one) for one in x]
    for name, g in found.items():
        close(g, [one[name] for one in alone])
