"""Layers whose output an activation overwrites: the backward pass does not need that output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import minitorch_dl as torch
from minitorch_dl import nn

F = nn.functional
IMAGE, ROWS = (2, 4, 6, 6), (5, 4)

LAYERS: dict[str, tuple[tuple[int, ...], Callable[[Any], Any]]] = {
    "linear": (ROWS, lambda x: F.linear(x, torch.ones(3, 4), torch.ones(3))),
    "conv2d": (IMAGE, lambda x: F.conv2d(x, torch.ones(3, 4, 3, 3))),
    "conv_transpose2d": (IMAGE, lambda x: F.conv_transpose2d(x, torch.ones(4, 3, 3, 3))),
    "max_pool2d": (IMAGE, lambda x: F.max_pool2d(x, 2)),
    "adaptive_max_pool2d": (IMAGE, lambda x: F.adaptive_max_pool2d(x, 4)),
    "avg_pool2d": (IMAGE, lambda x: F.avg_pool2d(x, 2)),
    "batch_norm": (IMAGE, lambda x: F.batch_norm(x, None, None, training=True)),
    "group_norm": (IMAGE, lambda x: F.group_norm(x, 2)),
    "instance_norm": (IMAGE, lambda x: F.instance_norm(x)),
    "layer_norm": (ROWS, lambda x: F.layer_norm(x, (4,), torch.ones(4), torch.ones(4))),
    "interpolate": (IMAGE, lambda x: F.interpolate(x, scale_factor=2, mode="bilinear")),
    "pixel_shuffle": (IMAGE, lambda x: F.pixel_shuffle(x, 2)),
    "dropout": (ROWS, lambda x: F.dropout(x, 0.5)),
    "embedding": (ROWS, lambda x: F.embedding(torch.tensor([0, 2, 2]), x)),
    "sum of branches": (ROWS, lambda x: x * 2 + x),
    "cat": (ROWS, lambda x: torch.cat([x, x], 1)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_activation_in_place(name: str) -> None:
    shape, layer = LAYERS[name]
    grads = []
    for inplace in (False, True):
        torch.manual_seed(0)
        x = torch.randn(*shape, requires_grad=True)
        torch.manual_seed(1)
        y = F.relu(layer(x), inplace=inplace)
        (y * torch.linspace(1, 2, y.numel()).view_as(y)).sum().backward()
        grads.append(x.grad)
    assert torch.equal(*grads)
    assert grads[0].abs().sum() > 0


@pytest.mark.parametrize(
    ("op", "p", "training"),
    [
        (op, p, training)
        for op in (F.dropout, F.dropout3d, F.alpha_dropout, F.feature_alpha_dropout)
        for p, training in ((0.0, True), (0.5, False))
    ],
)
def test_dropout_that_drops_nothing_writes_nothing(op: Any, p: float, training: bool) -> None:
    x = torch.randn(1, 2, 3, 2, 2, requires_grad=True)
    y = x.softmax(1)  # whose backward needs what it gave
    version = y._version
    assert op(y, p, training, inplace=True) is y
    assert y._version == version
    (y * y).sum().backward()
    assert x.grad.abs().sum() > 0
