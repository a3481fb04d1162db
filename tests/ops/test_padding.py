"""Padding with elements of the input, against NumPy's, in steps that copy whole slices."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.autograd import modes

MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
WIDTHS = [(1, 2), (0, 3), (3, 0), (2, 1, 3, 2), (0, 1, 2, 0), (-1, 2), (1, -3, -1, 1), (-2, -1)]


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
@pytest.mark.parametrize("mode", MODES)
def test_values_and_gradients(mode: str, widths: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 5, 4))[: 2 if len(widths) > 2 else 1]
    x = x if len(widths) > 2 else x[0]
    # The element that each position of the result is made of.
    source = np.arange(x.size).reshape(x.shape)
    pairs = [(0, 0)] * (x.ndim - len(widths) // 2)
    pairs += [widths[i : i + 2] for i in range(len(widths) - 2, -1, -2)]
    if mode == "circular":  # wraps around what is left
        source = source[tuple([slice(max(-a, 0), min(b, 0) or None) for a, b in pairs])]
    for d, (a, b) in enumerate(pairs):
        wide = [(max(a, 0), max(b, 0)) if i == d else (0, 0) for i in range(x.ndim)]
        source = np.pad(source, wide, mode=MODES[mode])
        if mode != "circular":
            source = source[(slice(None),) * d + (slice(max(-a, 0), min(b, 0) or None),)]

    given = torch.tensor(x, requires_grad=True)
    y = torch.nn.functional.pad(given, widths, mode)
    assert y.shape == source.shape
    assert y.is_contiguous()
    np.testing.assert_array_equal(y.detach().numpy(), x.reshape(-1)[source])
    g = rng.normal(size=source.shape)
    y.backward(torch.tensor(g))
    expected = np.zeros(x.size)
    np.add.at(expected, source.reshape(-1), g.reshape(-1))
    np.testing.assert_allclose(given.grad.numpy(), expected.reshape(x.shape), rtol=1e-12)


@pytest.mark.parametrize("mode", MODES)
def test_one_op_pads_all_axes(mode: str) -> None:
    x = torch.randn(1, 2, 6, 5, requires_grad=True)
    names: list[str] = []
    with modes.listening(lambda primitive, *_: names.append(primitive.name)):
        torch.nn.functional.pad(x, (1, 1, 2, 2), mode).sum().backward()
    assert names.count("extend") == 1
    assert len(names) == 2
