"""Second derivatives that can't be given are refused, never wrong."""

from __future__ import annotations

import pytest

import minitorch_dl as torch


def test_a_product_of_several_zeros_has_no_double_backward() -> None:
    x = torch.ones(2, requires_grad=True)
    source = torch.tensor([0.0, 0.0, 2.0], requires_grad=True)
    y = x.scatter_reduce(0, torch.tensor([0, 0, 1]), source, "prod").sum()
    first = torch.autograd.grad(y, [x, source], retain_graph=True)
    assert [g.tolist() for g in first] == [[0.0, 2.0], [0.0, 0.0, 1.0]]
    with pytest.raises(RuntimeError, match="more than one zero of src"):
        torch.autograd.grad(y, [x, source], create_graph=True)
