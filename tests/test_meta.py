"""Tensors of device ``meta``: shapes and dtypes without elements."""

from __future__ import annotations

import resource

import pytest

import minitorch_dl as torch
from minitorch_dl import nn


def _model() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(288, 5)
    )


def test_a_model_gives_shapes_and_gradients() -> None:
    with torch.device("meta"):
        model = _model()
    y = model(torch.empty(2, 3, 8, 8, device="meta"))
    assert y.shape == (2, 5)
    assert y.is_meta
    assert str(y.device) == "meta"
    nn.functional.cross_entropy(y, torch.zeros(2, dtype=torch.int64, device="meta")).backward()
    for p in model.parameters():
        assert p.grad is not None
        assert p.grad.shape == p.shape
        assert p.grad.is_meta


@pytest.mark.parametrize(
    ("make", "given"),
    [
        (lambda d: nn.LSTM(3, 4, device=d), ((5, 2, 3),)),
        (lambda d: nn.GRU(3, 4, device=d), ((5, 2, 3),)),
        (lambda d: nn.MultiheadAttention(8, 2, device=d), ((5, 2, 8),) * 3),
        (lambda d: nn.TransformerEncoderLayer(8, 2, device=d), ((5, 2, 8),)),
        (lambda d: nn.ConvTranspose2d(3, 4, 3, stride=2, device=d), ((2, 3, 5, 5),)),
        (lambda d: nn.MaxPool2d(2), ((2, 3, 5, 5),)),
        (lambda d: nn.GroupNorm(2, 4, device=d), ((2, 4, 5),)),
    ],
)
def test_layers_give_the_shapes_of_the_cpu(make, given) -> None:  # type: ignore[no-untyped-def]
    results = []
    for device in ("cpu", "meta"):
        y = make(device)(*(torch.zeros(shape, device=device) for shape in given))
        y = y[0] if isinstance(y, tuple) else y
        results.append((y.shape, y.stride(), y.dtype))
    assert results[0] == results[1]


@pytest.mark.parametrize(
    "call",
    [
        lambda a, v: torch.complex(v, v),
        lambda a, v: torch.polar(a, v),
        lambda a, v: torch.complex(v, v).imag,
        lambda a, v: torch.linalg.solve(a, v),
        lambda a, v: torch.linalg.solve_ex(a, v).result,
        lambda a, v: torch.linalg.inv(a),
        lambda a, v: torch.linalg.cholesky(a),
        lambda a, v: torch.cholesky_solve(a, a),
        lambda a, v: torch.linalg.solve_triangular(a, a, upper=True),
        lambda a, v: torch.linalg.lu_factor(a).LU,
        lambda a, v: torch.linalg.lu_factor(a[:, :3]).LU,
        lambda a, v: torch.linalg.eigh(a).eigenvalues,
        lambda a, v: torch.linalg.matrix_power(a, -2),
        lambda a, v: torch.matrix_exp(a),
        lambda a, v: torch.igamma(v, a),
        lambda a, v: torch.igammac(v, a),
        lambda a, v: torch.polygamma(2, v),
        lambda a, v: torch.special.zeta(v, a),
        lambda a, v: torch.special.hermite_polynomial_h(v, 9),
        lambda a, v: a.masked_scatter(v > 0, a),
    ],
)
def test_functions_give_the_shapes_of_the_cpu(call) -> None:  # type: ignore[no-untyped-def]
    there = call(torch.zeros(4, 4, device="meta"), torch.zeros(4, device="meta"))
    here = call(torch.eye(4), torch.ones(4))
    assert there.is_meta
    assert (there.shape, there.dtype) == (here.shape, here.dtype)


def test_views_and_strides() -> None:
    x = torch.empty(3, 4, device="meta")
    assert x.t().stride() == (1, 4)
    assert x.view(2, 6).stride() == (6, 1)
    assert x[1:, 2].shape == (2,)
    assert x.expand(5, 3, 4).stride() == (0, 4, 1)
    assert torch.cat([x, x.double()]).dtype == torch.float64
    assert repr(x) == "tensor(..., device='meta', size=(3, 4))"


def test_nothing_is_stored() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    layer = nn.Linear(50_000, 50_000, device="meta")  # 10 GB of float32
    assert layer(torch.empty(4, 50_000, device="meta")).shape == (4, 50_000)
    assert (layer.weight * 2 + 1).t().shape == (50_000, 50_000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KB


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x.cpu(),
        lambda x: x.tolist(),
        lambda x: x.sum().item(),
        lambda x: x.nonzero(),
        lambda x: x[x > 0],
        lambda x: bool(x.sum() > 0),
        lambda x: torch.zeros(3, 4).copy_(x),
        lambda x: nn.Linear(3, 4, device="meta").to("cpu"),
    ],
)
def test_what_needs_elements_is_refused(read) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor; no data"):
        read(torch.empty(3, 4, device="meta"))


def test_elements_come_later() -> None:
    with torch.device("meta"):
        model = _model()
    source = _model()
    model.load_state_dict(source.state_dict(), assign=True)
    x = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(model.eval()(x), source.eval()(x))
    with torch.device("meta"):
        empty = _model()
    empty.to_empty(device="cpu").load_state_dict(source.state_dict())
    torch.testing.assert_close(empty.eval()(x), source(x))


def test_filling_does_nothing() -> None:
    x = torch.empty(3, 4, device="meta")
    assert x.fill_(3).zero_().mul_(2).normal_().copy_(torch.ones(3, 4)) is x
    nn.init.trunc_normal_(x)
    nn.init.orthogonal_(x)
    assert torch.randn(3, device="meta").is_meta
    assert torch.ones(3).to("meta").is_meta
