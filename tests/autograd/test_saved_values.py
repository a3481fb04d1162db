"""A write to an op's input or output, after the op and before the backward pass, is refused or
does no harm: for every op."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.testing.op_cases import Row, Spec, replace, table

ROWS = [row for row in table() if row.grad and not row.nondeterministic]


def tensors_in(tree: Any) -> list[Any]:
    if isinstance(tree, (tuple, list)):
        return [t for part in tree for t in tensors_in(part)]
    return [tree] if isinstance(tree, torch.Tensor) else []


def gradients(row: Row, i: int, overwritten: int | None) -> list[Any] | None:
    """The gradients of the inputs when tensor number ``overwritten`` (inputs, then outputs) is
    written to; None when refused."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    leaves, inputs = [], []

    def make(spec: Spec) -> Any:
        x = torch.tensor(spec.make(rng))
        if spec.kind in ("float", "complex"):
            leaves.append(x.requires_grad_())
            inputs.append(x := x * 1)
        return x

    sample = row.samples[i]
    args, kwargs = replace(list(sample.args), make, Spec), replace(sample.kwargs, make, Spec)
    if row.call is not None:
        result = row.call(torch, *args, **kwargs)
    else:
        function: Any = torch
        for part in row.name.split("."):
            function = getattr(function, part)
        result = function(*args, **kwargs)
    outputs = [y for y in tensors_in(result) if y.requires_grad]
    if not outputs:  # a sample of integers
        return []
    sums = [(y * (k + 1)).sum() for k, y in enumerate(outputs)]
    sums = [s.real + 2 * s.imag if s.is_complex() else s for s in sums]
    distinct = [x for x in inputs if not any(x is y for y in outputs)] + outputs
    if overwritten is not None and overwritten < len(distinct):
        try:
            distinct[overwritten].add_(1)
        except RuntimeError:  # a view that can't be written to
            return None
    try:
        torch.autograd.backward(sums)
    except RuntimeError as error:
        if "modified by an inplace operation" in str(error):
            return None
        raise
    return [leaf.grad for leaf in leaves]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_later_write_never_changes_a_gradient(row: Row) -> None:
    for i in range(len(row.samples)):
        expected = gradients(row, i, None)
        assert expected is not None
        for overwritten in range(4):
            found = gradients(row, i, overwritten)
            for a, b in zip(expected, found or ()):
                if a is None or b is None:
                    assert a is b
                else:
                    np.testing.assert_allclose(b.numpy(), a.numpy(), rtol=1e-12)
