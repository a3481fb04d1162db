"""Sampling by a grid where the table's samples don't reach: nothing to sample, and halves."""

from __future__ import annotations

import pytest

import minitorch_dl as torch

sample = torch.nn.functional.grid_sample


@pytest.mark.parametrize(
    ("x", "grid"),
    [((2, 0, 5, 6), (2, 4, 3, 2)), ((0, 3, 5, 6), (0, 4, 3, 2)), ((2, 3, 5, 6), (2, 0, 3, 2))],
)
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
def test_nothing_to_sample(x: tuple[int, ...], grid: tuple[int, ...], mode: str) -> None:
    inputs = torch.ones(x, requires_grad=True), torch.zeros(grid, requires_grad=True)
    y = sample(*inputs, mode, align_corners=False)
    assert y.shape == (*x[:2], *grid[1:3])
    gradients = torch.autograd.grad(y.sum(), inputs)
    assert all(g.shape == v.shape and not g.any() for g, v in zip(gradients, inputs))


@pytest.mark.parity
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_halves_are_rounded_as_pytorch_rounds_them(dtype: str) -> None:
    real = pytest.importorskip("torch")
    torch.manual_seed(0)
    x, grid = torch.randn(2, 3, 5, 6), torch.rand(2, 4, 3, 2) * 2.4 - 1.2
    ours = sample(*(v.to(getattr(torch, dtype)) for v in (x, grid)), align_corners=False)
    theirs = real.nn.functional.grid_sample(
        *(real.tensor(v.tolist()).to(getattr(real, dtype)) for v in (x, grid)),
        align_corners=False,
    )
    assert ours.tolist() == theirs.tolist()
