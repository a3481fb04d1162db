"""What runs in which precision under autocast, op by op and through whole models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch_dl
from minitorch_dl.nn import functional as F

pytest.importorskip("ml_dtypes")

x = minitorch_dl.rand(4, 4)
labels = minitorch_dl.tensor([0, 1, 2, 3])


@pytest.mark.parametrize(
    ("function", "given", "dtype"),
    [
        (lambda t: F.mse_loss(t, t), "bfloat16", "float32"),
        (lambda t: F.l1_loss(t, t), "bfloat16", "float32"),
        (lambda t: F.kl_div(t, t, reduction="batchmean"), "bfloat16", "float32"),
        (lambda t: F.cross_entropy(t, labels), "bfloat16", "float32"),
        (lambda t: F.cross_entropy(t, t.softmax(1)), "bfloat16", "float32"),
        (lambda t: F.binary_cross_entropy_with_logits(t, t), "bfloat16", "float32"),
        (lambda t: minitorch_dl.linalg.inv(t), "bfloat16", "float32"),
        (lambda t: minitorch_dl.cdist(t, t), "bfloat16", "float32"),
        (lambda t: minitorch_dl.addmm(t, t, t), "float32", "bfloat16"),
        (lambda t: F.linear(t.bfloat16(), t, t[0]), "float32", "bfloat16"),
        (lambda t: F.conv1d(t.bfloat16(), t[:, :, None]), "float32", "bfloat16"),
        (lambda t: t.mv(t[0]), "float32", "float32"),
        (lambda t: minitorch_dl.inner(t[0], t[0]), "float32", "float32"),
        (lambda t: minitorch_dl.inner(t, t[0]), "float32", "bfloat16"),
        (lambda t: minitorch_dl.tensordot(t, t), "float32", "float32"),
        (lambda t: minitorch_dl.einsum("i,j->ij", t[0], t[1]), "float32", "float32"),
        (lambda t: minitorch_dl.einsum("ij,j->ij", t, t[1]), "float32", "float32"),
        (lambda t: minitorch_dl.einsum("ij,j->i", t, t[1]), "float32", "bfloat16"),
        (lambda t: t.softmax(1), "bfloat16", "bfloat16"),
        (lambda t: F.mse_loss(input=t, target=t.float()), "bfloat16", "float32"),
        (lambda t: F.mse_loss(t, t), "float64", "float64"),
    ],
)
def test_dtypes_on_the_cpu(function: Callable[[Any], Any], given: str, dtype: str) -> None:
    t = x.to(getattr(minitorch_dl, given))
    with minitorch_dl.autocast("cpu"):
        y = function(t)
        assert minitorch_dl.is_autocast_enabled("cpu")
    assert y.dtype is getattr(minitorch_dl, dtype)


@pytest.mark.skipif(minitorch_dl.cuda.is_available(), reason="there is a GPU")
def test_a_block_for_a_device_that_is_missing_changes_nothing() -> None:
    with pytest.warns(UserWarning, match="CUDA is not available"):
        block = minitorch_dl.autocast("cuda")
    with block:
        assert not minitorch_dl.is_autocast_enabled("cuda")
        assert F.mse_loss(x.bfloat16(), x.bfloat16()).dtype is minitorch_dl.bfloat16
        with pytest.raises(RuntimeError, match="same dtype"):
            F.linear(x.bfloat16(), x)


def models(torch: Any) -> dict[str, tuple[Callable[[], Any], tuple[int, ...]]]:
    nn = torch.nn

    class First(nn.Module):  # type: ignore[misc]
        def __init__(self, inner: Any) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: Any) -> Any:
            return self.inner(x)[0]

    class Attention(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, x: Any) -> Any:
            return self.inner(x, x, x)[0]

    linear, conv, one = nn.Linear, nn.Conv2d, nn.Sequential
    layer = nn.TransformerEncoderLayer
    return {
        "linear": (lambda: one(linear(8, 16), nn.ReLU(), linear(16, 4)), (3, 8)),
        "batch_norm": (lambda: one(linear(8, 16), nn.BatchNorm1d(16), linear(16, 4)), (3, 8)),
        "conv": (
            lambda: one(conv(3, 8, 3), nn.BatchNorm2d(8), nn.MaxPool2d(2), conv(8, 4, 3)),
            (2, 3, 10, 10),
        ),
        "layer_norm": (lambda: one(linear(8, 8), nn.LayerNorm(8), linear(8, 8)), (3, 8)),
        "rms_norm": (lambda: one(linear(8, 8), nn.RMSNorm(8), linear(8, 8)), (3, 8)),
        "group_norm": (
            lambda: one(conv(3, 8, 3), nn.GroupNorm(2, 8), nn.ConvTranspose2d(8, 3, 3)),
            (2, 3, 6, 6),
        ),
        "prelu": (lambda: one(conv(3, 8, 3), nn.PReLU(), conv(8, 3, 1)), (2, 3, 6, 6)),
        "attention": (Attention, (2, 5, 8)),
        "transformer": (lambda: layer(8, 2, 16, dropout=0.0, batch_first=True), (2, 5, 8)),
        "lstm": (lambda: First(nn.LSTM(8, 6, 2, batch_first=True)), (2, 5, 8)),
        "gru": (lambda: First(nn.GRU(8, 6, batch_first=True)), (2, 5, 8)),
        "rnn": (lambda: First(nn.RNN(8, 6, batch_first=True)), (2, 5, 8)),
    }


def trained(torch: Any, name: str) -> tuple[str, str, float, np.ndarray]:
    make, shape = models(torch)[name]
    torch.manual_seed(0)
    model, inputs = make(), torch.randn(*shape)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = model(inputs)
        loss = torch.nn.functional.mse_loss(y, torch.zeros_like(y))
    loss.backward()
    norms = np.array([p.grad.float().norm().item() for p in model.parameters()])
    return str(y.dtype), str(loss.dtype), loss.item(), norms


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore:Mismatch dtype")
@pytest.mark.parametrize("name", models(minitorch_dl))
def test_models_train_as_in_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    *dtypes, loss, norms = trained(minitorch_dl, name)
    try:
        *expected_dtypes, expected_loss, expected_norms = trained(torch, name)
    except RuntimeError as error:
        if "primitive descriptor for the LSTM" not in str(error):
            raise
        pytest.skip("PyTorch has no bfloat16 LSTM for this processor")
    assert dtypes == expected_dtypes
    assert loss == pytest.approx(expected_loss, rel=0.01)
    np.testing.assert_allclose(norms, expected_norms, rtol=0.02, atol=0.01)
