"""Dims under NumPy's names: ``axis`` for ``dim``, ``keepdims`` for ``keepdim``."""

from __future__ import annotations

import pytest

import minitorch_dl as torch

X = torch.arange(6.0).view(2, 3)


@pytest.mark.parametrize(
    "name",
    [
        "sum",
        "mean",
        "std",
        "amax",
        "argmax",
        "max",
        "median",
        "all",
        "cumsum",
        "cumprod",
        "cummax",
        "logcumsumexp",
        "diff",
        "softmax",
        "log_softmax",
        "unsqueeze",
        "squeeze",
        "sort",
        "argsort",
        "unbind",
    ],
)
def test_axis_means_dim(name: str) -> None:
    by_axis, by_dim = getattr(X, name)(axis=1), getattr(X, name)(dim=1)
    if not isinstance(by_dim, tuple):
        by_axis, by_dim = (by_axis,), (by_dim,)
    for a, b in zip(by_axis, by_dim, strict=True):
        assert torch.equal(a, b)


def test_functions_of_several_tensors_know_axis() -> None:
    assert torch.cat([X, X], axis=1).shape == (2, 6)
    assert torch.concatenate([X, X], axis=1).shape == (2, 6)
    assert torch.stack([X, X], axis=-1).shape == (2, 3, 2)
    assert torch.norm(X, axis=1, keepdims=True).shape == (2, 1)
    assert torch.index_select(X, axis=1, index=torch.tensor([0])).shape == (2, 1)
    assert torch.gather(X, axis=1, index=torch.zeros(2, 1, dtype=torch.int64)).shape == (2, 1)


def test_every_function_with_a_dim_knows_axis() -> None:
    assert torch.equal(torch.fft.fft(X, axis=0), torch.fft.fft(X, dim=0))
    assert torch.linalg.norm(X, axis=1, keepdims=True).shape == (2, 1)
    assert torch.trapezoid(X, axis=0).shape == (3,)
    assert torch.topk(X, 1, axis=0).values.shape == (1, 3)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'dim'"):
        X.gather(index=torch.zeros(2, 1, dtype=torch.int64))
