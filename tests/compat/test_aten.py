"""The functions that PyTorch has under ``torch.ops.aten`` only."""

from __future__ import annotations

from typing import Any

import pytest

import minitorch_dl as torch
from minitorch_dl.library import ops

aten = ops.aten
INF = float("inf")


def _calls(torch: Any, aten: Any) -> list[Any]:
    x = torch.arange(12.0).reshape(3, 4)
    y = torch.softmax(x, 1)
    outside = [torch.tensor([[0], [7]]), torch.tensor([1, -9])]
    mask = torch.tensor([[True, False], [False, False]])
    return [
        aten.alias(x),
        aten.slice(x, 1, 1, 4, 2),
        aten.slice.Tensor(x, -2, None, 2),
        aten.index(x, [None, torch.tensor([3, 0])]),
        aten._unsafe_masked_index(x, mask, outside, 5.0),
        aten._unsafe_masked_index_put_accumulate(x, mask, outside, torch.ones(2, 2)),
        aten._safe_softmax(torch.tensor([[0.0, 1.0], [-INF, -INF]]), 1),
        aten._softmax_backward_data(x, y, 1, torch.float32),
        aten._log_softmax_backward_data(x, y.log(), 1, torch.float32),
        aten.native_dropout_backward(x, x > 3, 2.0),
        aten._chunk_cat([x, torch.ones(3, 3)], 1, 3),
        aten._chunk_cat([x, torch.ones(5)], 0, 2),
        aten._upsample_bilinear2d_aa(x[None, None], [2, 2], False),
        aten.max_pool2d_with_indices_backward(
            y[None, :2, :2],
            x[None],
            [2, 2],
            [1, 2],
            [0, 0],
            [1, 1],
            False,
            torch.tensor([[[5, 3], [5, 7]]]),
        ),
        *torch._native_batch_norm_legit(x, None, None, True, 0.1, 1e-5),
        torch._chunk_cat([x], 0, 2, out=torch.empty(0)),
        aten._upsample_bilinear2d_aa(x[None, None], [2, 2], False, 1.0, 0.5),
    ]


def test_they_give_what_pytorch_gives() -> None:
    pytorch = pytest.importorskip("torch")
    ours, theirs = _calls(torch, aten), _calls(pytorch, pytorch.ops.aten)
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        torch.testing.assert_close(a, torch.tensor(b.numpy()), msg=str(i))


def test_they_give_these_numbers() -> None:
    results = _calls(torch, aten)
    assert results[1].tolist() == [[1.0, 3.0], [5.0, 7.0], [9.0, 11.0]]
    assert results[3].tolist() == [[3.0, 0.0], [7.0, 4.0], [11.0, 8.0]]
    assert results[4].tolist() == [[1.0, 5.0], [5.0, 5.0]]
    assert results[6][1].tolist() == [0.0, 0.0]
    assert results[10].shape == (3, 3, 3)


def test_gradients_of_a_safe_softmax() -> None:
    x = torch.tensor([[0.0, 1.0], [-INF, -INF]], requires_grad=True)
    (dx,) = torch.autograd.grad(aten._safe_softmax(x, 1)[:, 0].sum(), x)
    assert dx[1].tolist() == [0.0, 0.0]
    assert dx[0, 0] > 0


def test_a_sparse_product_added() -> None:
    s = torch.eye(3).to_sparse()
    y = aten._sparse_addmm(torch.ones(3, 2), s, torch.full((3, 2), 2.0), beta=3, alpha=0.5)
    assert (y == 4).all()


def test_the_slope_of_a_softmax_is_rounded_once() -> None:
    pytest.importorskip("ml_dtypes")
    y, g = torch.softmax(torch.randn(5, 7), 0).bfloat16(), torch.randn(5, 7).bfloat16()
    found = aten._softmax_backward_data(g, y, 0, torch.bfloat16)
    exact = aten._softmax_backward_data(g.float(), y.float(), 0, torch.float32)
    assert torch.equal(found, exact.bfloat16())


def test_no_reflectors_make_a_new_matrix() -> None:
    x = torch.ones(3, 2)
    y = torch.ormqr(torch.empty(3, 0), torch.empty(0), x)
    assert torch.equal(x, y)
    assert y.data_ptr() != x.data_ptr()
