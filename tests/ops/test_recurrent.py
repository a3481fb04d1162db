"""What the op table can't say of recurrent layers: chunks of any size."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.backend import lstm


def run(hidden: int, projected: int, lengths: list[int]) -> list[np.ndarray]:
    """Outputs and gradients of a bidirectional LSTM over sequences of these lengths."""
    torch.manual_seed(0)
    layer = torch.nn.LSTM(2, hidden, bidirectional=True, proj_size=projected)
    x = torch.randn(max(lengths), len(lengths), 2, requires_grad=True)
    y, (h, c) = layer(torch.nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths)))
    outputs = [y.data, h, c]
    loss = sum((out * torch.randn_like(out)).sum() for out in outputs)
    grads = torch.autograd.grad(loss, [x, *layer.parameters()])
    return [a.detach().numpy() for a in (*outputs, *grads)]


@pytest.mark.parametrize("lengths", [[7, 7, 7], [7, 6, 6, 2]])
@pytest.mark.parametrize("projected", [0, 2])
@pytest.mark.parametrize("elements", [1, 200])
def test_the_size_of_the_chunks_does_not_matter(
    monkeypatch: pytest.MonkeyPatch, lengths: list[int], projected: int, elements: int
) -> None:
    whole = run(3, projected, lengths)
    monkeypatch.setattr(lstm, "_HOST_CHUNK", elements)
    for a, b in zip(run(3, projected, lengths), whole, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
