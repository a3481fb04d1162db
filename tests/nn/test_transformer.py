"""What an encoder gives at padded positions, which PyTorch leaves out of some evaluations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch_dl

END = [[False, False, True], [False, False, False]]
START = [[True, False, False], [False, False, False]]


def encode(torch: Any, hidden: list[list[bool]], grad: bool, training: bool, **options: Any) -> Any:
    """The output of an encoder on a fixed batch, in NumPy."""
    torch.manual_seed(0)
    settings = {"dropout": 0.0, "batch_first": True} | options
    layer = torch.nn.TransformerEncoderLayer(4, settings.pop("nhead", 2), 5, **settings)
    encoder = torch.nn.TransformerEncoder(layer, 2, torch.nn.LayerNorm(4)).train(training)
    with torch.no_grad():
        encoder.norm.bias.fill_(0.5)
    x = torch.arange(24.0).reshape(2, 3, 4).sin()
    with torch.set_grad_enabled(grad):
        return encoder(x, src_key_padding_mask=torch.tensor(hidden)).detach().numpy()


def test_padding_at_the_end_gives_zeros_before_the_norm() -> None:
    whole = encode(minitorch_dl, END, grad=True, training=False)
    y = encode(minitorch_dl, END, grad=False, training=False)
    np.testing.assert_array_equal(y[0, 2], np.full(4, 0.5))
    np.testing.assert_allclose(y[0, :2], whole[0, :2], rtol=1e-5)
    np.testing.assert_allclose(y[1], whole[1], rtol=1e-5)


CASES = [
    (END, {}),
    (START, {}),
    (END, {"norm_first": True}),
    (END, {"nhead": 1}),
    (END, {"bias": False}),
    (END, {"activation": "gelu"}),
]


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("hidden", "options"), CASES)
@pytest.mark.parametrize("grad", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_padded_positions_are_pytorchs(
    hidden: list[list[bool]], options: dict[str, Any], grad: bool, training: bool
) -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = (
        encode(library, hidden, grad, training, **options) for library in (minitorch_dl, torch)
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
