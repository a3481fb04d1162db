"""The strategies draw what they promise, and shrink to something small."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import pytest
from hypothesis import find, given, settings, strategies as hst

import minitorch_dl as torch
from minitorch_dl.testing import strategies as st

FEW = settings(max_examples=50, deadline=None, derandomize=True)


@FEW
@given(st.tensors(dtype=torch.float32, domain=(0.5, 3.0), avoid=[1.0], requires_grad=True))
def test_tensors(x: torch.Tensor) -> None:
    assert x.dtype is torch.float32
    assert x.requires_grad
    assert x.is_leaf
    assert x.is_contiguous()
    assert ((x > 0.5) & (x < 3.0) & ((x - 1.0).abs() > 1 / 32)).all()


@FEW
@given(st.tensors((2, 3), torch.int64, (-3, 4)), st.tensors((4,), torch.bool))
def test_integers_and_bools(x: torch.Tensor, mask: torch.Tensor) -> None:
    assert x.dtype is torch.int64
    assert x.min() >= -3
    assert x.max() <= 4
    assert mask.dtype is torch.bool


@pytest.mark.parametrize("layout", ["transposed", "strided", "reversed"])
def test_layouts(layout: str) -> None:
    @FEW
    @given(st.tensors((3, 4), contiguity=layout))
    def check(x: torch.Tensor) -> None:
        assert x.shape == (3, 4)
        assert not x.is_contiguous()

    check()


@FEW
@given(st.tensors((2, 3), distinct=True))
def test_distinct_values(x: torch.Tensor) -> None:
    assert len(set(x.flatten().tolist())) == 6


@FEW
@given(st.broadcastable(3))
def test_broadcastable(xs: tuple[torch.Tensor, ...]) -> None:
    assert torch.broadcast_tensors(*xs)[0].shape == (xs[0] + xs[1] + xs[2]).shape


@FEW
@given(hst.data())
def test_axes(data: Any) -> None:
    x = torch.ones(2, 3, 4)
    assert x.sum(data.draw(st.axes(3))).ndim == 2
    dims = data.draw(st.axes(3, several=True, none=True))
    x.sum(dims)
    torch.ones(()).sum(data.draw(st.axes(0)))


@FEW
@given(hst.data())
def test_indices(data: Any) -> None:
    shape = data.draw(st.shapes())
    x = torch.ones(shape)
    assert isinstance(x[data.draw(st.indices(shape))], torch.Tensor)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_convolutions(dims: int) -> None:
    conv = getattr(torch, f"conv{dims}d")

    @settings(FEW, max_examples=25)
    @given(st.conv_geometry(dims))
    def check(g: st.ConvGeometry) -> None:
        y = conv(torch.ones(g.input_shape), torch.ones(g.weight_shape), **g.options)
        assert y.shape == g.output_shape

    check()


@FEW
@given(st.pool_geometry(2))
def test_poolings(drawn: Any) -> None:
    shape, options = drawn
    assert torch.nn.functional.max_pool2d(torch.ones(shape), **options).ndim == 4


@FEW
@given(st.sequence_batches())
def test_sequences(batch: st.SequenceBatch) -> None:
    data = batch.data if not batch.batch_first else batch.data.transpose(0, 1)
    assert data.shape == (max(batch.lengths), len(batch.lengths), 2)
    for i, length in enumerate(batch.lengths):
        assert (data[length:, i] == 0).all()
    rnn = torch.nn.utils.rnn
    packed = rnn.pack_padded_sequence(
        batch.data, batch.lengths, batch_first=batch.batch_first, enforce_sorted=False
    )
    assert len(packed.data) == sum(batch.lengths)


def test_shrinking() -> None:
    smallest = find(st.tensors(), lambda x: bool((x > 1).any()), settings=FEW)
    assert smallest.shape == ()
    assert smallest.item() == 1 + 1 / 64


def test_without_hypothesis(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "minitorch_dl.testing.strategies"
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ImportError, match=r"pip install minitorch-dl\[test\]"):
        importlib.import_module(name)
