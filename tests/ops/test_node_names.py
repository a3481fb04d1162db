"""``grad_fn`` shows PyTorch's name of the op that made a tensor."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

import minitorch_dl
from minitorch_dl.testing.op_cases import Row, leaves, replace, table

# What PyTorch composes of other steps, of which it shows the last, or can't differentiate.
OTHER_STEPS = {
        "cdist", "cholesky", "div_rounded", "index_put", "inner",
        "log_softmax", "rrelu_inplace", "Tensor.sum_to_size", "detach_copy", "resize",
        "chain_matmul", "copysign", "cumulative_trapezoid", "diff", "einsum",
        "einsum_lists", "fill_diagonal", "fill_zero", "floor_divide", "fmod", "getitem",
        "gru", "heaviside", "histogramdd", "linalg.cond", "linalg.matrix_norm",
        "linalg.matrix_power", "linalg.multi_dot", "linalg.norm", "linalg.tensorinv",
        "linalg.vander", "lstm_cell", "matmul", "matrix_power",
        "native_group_norm", "nn.functional.bilinear", "nn.functional.cross_entropy",
        "nn.functional.mse_loss", "nn.functional.multi_head_attention_forward",
        "nn.functional.scaled_dot_product_attention",
        "nn.functional.scaled_dot_product_attention(bool)", "nn.functional.smooth_l1_loss",
        "norm", "operators", "pca_lowrank", "remainder",
        "rnn_relu", "rnn_tanh", "round", "scatter_with_reduce", "setitem", "softmax",
        "special.xlog1py", "special.zeta", "svd_lowrank", "trapezoid", "trapz",
        "views_in_place", "whole_number_operators", "xlogy", "view_as_complex_copy",
        "batch_norm_update_stats", "dropout(counted)",
        "einsum_mixed", "masked.prod", "masked_out_rows", "nn.functional.grouped_mm",
        "nuclear_norm",
        # of real numbers by a transform of real numbers, then the other half; several steps
        "fft.fft", "fft.ifft", "fft.rfft2", "fft.rfftn", "fft.ihfft2", "fft.ihfftn", "stft",
        "istft",
}  # fmt: skip
ROWS = [row for row in table() if row.name not in OTHER_STEPS]


def has(library: Any, path: str) -> bool:
    return (
        functools.reduce(lambda x, name: getattr(x, name, None), path.split("."), library)
        is not None
    )


def names(row: Row, i: int, library: Any) -> list[str | None]:
    args, kwargs = row.values(i)

    def leaf(x: np.ndarray) -> Any:
        t = library.tensor(x)
        return t.requires_grad_() if x.dtype.kind == "f" else t

    args, kwargs = replace((args, kwargs), leaf, np.ndarray)
    library.manual_seed(0)
    results = leaves([row.function(library)(*args, **kwargs)], library.Tensor)
    return [y.grad_fn and y.grad_fn.name() for y in results]


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_names_of_the_table(row: Row) -> None:
    torch = pytest.importorskip("torch")
    if has(minitorch_dl, row.name) and not has(torch, row.name):
        pytest.skip("an op that PyTorch lacks")
    for i in row.cases:
        assert names(row, i, minitorch_dl) == names(row, i, torch)


def test_names_of_common_results() -> None:
    x = minitorch_dl.rand(3, 3, requires_grad=True)
    f = minitorch_dl.nn.functional
    labels = minitorch_dl.tensor([0, 1, 2])
    for y, name in (
        (f.linear(x, x, x[0]), "AddmmBackward0"),
        (f.linear(x, x), "MmBackward0"),
        (x @ x[0], "MvBackward0"),
        (x.sum(), "SumBackward0"),
        (x.sum(0), "SumBackward1"),
        (x.max(), "MaxBackward1"),
        (x.max(0).values, "MaxBackward0"),
        (x[0], "SelectBackward0"),
        (x[1:], "SliceBackward0"),
        (x[labels], "IndexBackward0"),
        (x.view(9), "ViewBackward0"),
        (x.T.reshape(9), "UnsafeViewBackward0"),
        (1 - x, "RsubBackward1"),
        (f.mse_loss(x, x.detach()), "MseLossBackward0"),
        (f.cross_entropy(x, labels), "NllLossBackward0"),
    ):
        assert y.grad_fn.name() == type(y.grad_fn).__name__ == name
        assert f"grad_fn=<{name}>" in repr(y)
    for y in (*x.split(2), *x.unbind(), *minitorch_dl.linalg.qr(x), *minitorch_dl.slogdet(x)):
        assert f"grad_fn=<{y.grad_fn.name()}>" in repr(y)
    y = x * 1
    y[0] = 0.0
    assert y.grad_fn.name() == "torch::autograd::CopySlices"
    assert "grad_fn=<CopySlices>" in repr(y)


def test_the_steps_of_a_classifier() -> None:
    """What tutorials walk through: the loss, its layer, the layer before it."""
    torch, f = minitorch_dl, minitorch_dl.nn.functional
    x, w, b = torch.rand(2, 3), torch.rand(3, 3, requires_grad=True), torch.rand(3).requires_grad_()
    scores = f.linear(f.linear(x, w, b).relu(), w, b)
    for loss, steps in (
        (f.mse_loss(scores, x), ["MseLoss", "Addmm"]),
        (f.cross_entropy(scores, torch.tensor([0, 1])), ["NllLoss", "LogSoftmax", "Addmm"]),
    ):
        node = loss.grad_fn
        for step in steps:
            assert node.name() == f"{step}Backward0"
            last, node = node, node.next_functions[0][0]
        assert node.name() == "torch::autograd::AccumulateGrad"
        assert [n and n.name() for n, _ in last.next_functions[1:]][:1] == ["ReluBackward0"]


@pytest.mark.parametrize(
    "library", ["minitorch_dl", pytest.param("torch", marks=pytest.mark.parity)]
)
@pytest.mark.parametrize(
    ("layer", "options", "names"),
    [
        ("LSTM", {}, "MkldnnRnnLayer Stack Stack"),
        ("LSTM", {"batch_first": True}, "Transpose Stack Stack"),
        ("LSTM", {"dtype": "float64"}, "Stack Stack Stack"),
        ("LSTM", {"bidirectional": True, "num_layers": 2}, "Cat Stack Stack"),
        ("GRU", {}, "Stack Stack"),
        ("RNN", {"bidirectional": True}, "Cat Stack"),
    ],
)
def test_the_last_steps_of_recurrent_layers(
    library: str, layer: str, options: dict[str, Any], names: str
) -> None:
    torch = pytest.importorskip(library)
    dtype = getattr(torch, options.get("dtype", "float32"))
    made = getattr(torch.nn, layer)(2, 3, **{**options, "dtype": dtype})
    y, ends = made(torch.ones(4, 5, 2, dtype=dtype))
    results = [y, *ends] if isinstance(ends, tuple) else [y, ends]
    assert [r.grad_fn.name() for r in results] == [f"{name}Backward0" for name in names.split()]
    packed = torch.nn.utils.rnn.pack_padded_sequence(torch.ones(4, 2, 2, dtype=dtype), [4, 2])
    assert made(packed)[0].data.grad_fn.name() == "CatBackward0"


def test_batches_first_of_recurrent_layers() -> None:
    y, _ = minitorch_dl.nn.GRU(2, 3, batch_first=True)(minitorch_dl.ones(4, 5, 2))
    assert y.grad_fn.name() == "TransposeBackward1"
