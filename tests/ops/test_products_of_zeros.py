"""Derivatives of products in which several factors are 0, where a quotient would be 0 / 0."""

from __future__ import annotations

import pytest

import minitorch_dl as torch

INDEX = torch.tensor([0, 0, 1, 0, 1])


def scattered(x, source):
    return x.scatter_reduce(0, INDEX, source, "prod")


def multiplied(x, source):
    return torch.stack([x[0] * source[[0, 1, 3]].prod(), x[1] * source[[2, 4]].prod()])


@pytest.mark.parametrize(
    "values",
    [
        [2.0, 3.0, 5.0, 7.0, 4.0],
        [0.0, 3.0, 5.0, 7.0, 0.0],
        [0.0, 0.0, 5.0, 7.0, 0.0],
        [0.0, 0.0, 0.0, 7.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0],
    ],
)
def test_scattered_products_have_all_derivatives(values) -> None:
    results = []
    for function in (scattered, multiplied):
        x = torch.tensor([3.0, 2.0], dtype=torch.float64, requires_grad=True)
        source = torch.tensor(values, dtype=torch.float64, requires_grad=True)
        y = function(x, source)
        plain = torch.autograd.grad(y.sum(), [x, source], retain_graph=True)
        first = torch.autograd.grad(y.sum(), [x, source], create_graph=True)
        assert all(torch.equal(a, b) for a, b in zip(plain, first))
        weights = torch.arange(1.0, 6.0, dtype=torch.float64)
        loss = (first[0] * weights[:2]).sum() + (first[1] * weights).sum()
        second = torch.autograd.grad(loss, [x, source], create_graph=True)
        third = torch.autograd.grad((second[1] * weights).sum(), [x, source])
        results.append([y, *first, *second, *third])
        torch.autograd.gradgradcheck(function, (x, source))
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b)
