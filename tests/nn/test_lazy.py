"""Layers that take a size from their first input."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import minitorch_dl as torch
from minitorch_dl import nn
from minitorch_dl.nn.lazy import LazyModuleMixin

CASES: list[tuple[Any, Any, tuple[int, ...]]] = [
    (lambda: nn.LazyLinear(3), lambda: nn.Linear(5, 3), (2, 5)),
    (lambda: nn.LazyLinear(3, bias=False), lambda: nn.Linear(5, 3, bias=False), (5,)),
    (lambda: nn.LazyConv1d(4, 2), lambda: nn.Conv1d(3, 4, 2), (2, 3, 6)),
    (lambda: nn.LazyConv2d(4, 2, groups=2), lambda: nn.Conv2d(2, 4, 2, groups=2), (2, 6, 6)),
    (lambda: nn.LazyConv3d(2, 2), lambda: nn.Conv3d(3, 2, 2), (1, 3, 4, 4, 4)),
    (lambda: nn.LazyConvTranspose1d(2, 3), lambda: nn.ConvTranspose1d(3, 2, 3), (3, 4)),
    (lambda: nn.LazyConvTranspose2d(2, 3), lambda: nn.ConvTranspose2d(3, 2, 3), (1, 3, 4, 4)),
    (lambda: nn.LazyConvTranspose3d(2, 2), lambda: nn.ConvTranspose3d(3, 2, 2), (1, 3, 2, 2, 2)),
    (nn.LazyBatchNorm1d, lambda: nn.BatchNorm1d(4), (3, 4)),
    (nn.LazyBatchNorm2d, lambda: nn.BatchNorm2d(4), (3, 4, 2, 2)),
    (nn.LazyBatchNorm3d, lambda: nn.BatchNorm3d(4), (3, 4, 2, 2, 2)),
    (lambda: nn.LazyInstanceNorm1d(affine=False), lambda: nn.InstanceNorm1d(4, affine=False,
     track_running_stats=True), (3, 4, 5)),
    (nn.LazyInstanceNorm2d, lambda: nn.InstanceNorm2d(4, affine=True, track_running_stats=True),
     (4, 3, 3)),
    (nn.LazyInstanceNorm3d, lambda: nn.InstanceNorm3d(4, affine=True, track_running_stats=True),
     (1, 4, 2, 2, 2)),
]  # fmt: skip


@pytest.mark.parametrize(("lazy", "plain", "shape"), CASES)
def test_a_lazy_layer_becomes_the_plain_one(lazy: Any, plain: Any, shape: tuple) -> None:
    x = torch.randn(*shape)
    torch.manual_seed(0)
    layer = lazy()
    y = layer(x)
    torch.manual_seed(0)
    expected = plain()
    assert torch.equal(y, expected(x))
    assert type(layer) is type(expected)
    assert repr(layer) == repr(expected)
    state = layer.state_dict()
    assert list(state) == list(expected.state_dict())
    assert all(torch.equal(v, state[k]) for k, v in expected.state_dict().items())
    assert all(type(p) is nn.Parameter for p in layer.parameters())


def test_parameters_keep_their_identity_and_take_the_dtype() -> None:
    layer = nn.LazyLinear(2).double()
    weight, bias = layer.parameters()
    layer(torch.ones(1, 3, dtype=torch.float64)).sum().backward()
    assert weight is layer.weight
    assert bias is layer.bias
    assert weight.dtype is torch.float64
    assert weight.grad.shape == (2, 3)


def test_an_uninitialized_parameter_has_no_shape() -> None:
    layer = nn.LazyLinear(2)
    assert repr(layer.weight) == "<UninitializedParameter>"
    with pytest.raises(RuntimeError, match="uninitialized parameter"):
        print(layer.weight.shape)
    assert isinstance(copy.deepcopy(layer).weight, nn.UninitializedParameter)


def test_a_state_dict_tells_the_shapes() -> None:
    layer = nn.LazyLinear(2)
    layer.load_state_dict({"weight": torch.ones(2, 3), "bias": torch.zeros(2)})
    assert layer(torch.ones(1, 3)).tolist() == [[3.0, 3.0]]
    assert repr(layer) == "Linear(in_features=3, out_features=2, bias=True)"


def test_an_input_of_the_wrong_kind_is_refused() -> None:
    with pytest.raises(RuntimeError, match="Expected 3D or 4D input to LazyConv2d"):
        nn.LazyConv2d(4, 3)(torch.ones(2, 3))


def test_a_lazy_module_of_the_user() -> None:
    class Scale(LazyModuleMixin, nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factor = nn.UninitializedParameter()

        def initialize_parameters(self, x: torch.Tensor) -> None:
            self.factor.materialize(x.shape[-1:])
            nn.init.ones_(self.factor)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * self.factor

    scale = Scale()
    assert scale(torch.ones(2)).tolist() == [1.0, 1.0]
    assert isinstance(scale, Scale)
    assert not scale.has_uninitialized_params()

    class Never(Scale):
        def initialize_parameters(self, x: torch.Tensor) -> None:
            pass

    with pytest.raises(RuntimeError, match="Never has not been fully initialized"):
        Never()(torch.ones(2))


def test_a_lazy_module_can_be_pickled_and_copied() -> None:
    module = torch.nn.LazyBatchNorm1d(dtype=torch.float64)
    for made in (pickle.loads(pickle.dumps(module)), copy.deepcopy(module)):
        assert type(made) is torch.nn.LazyBatchNorm1d
        assert [type(p).__name__ for p in (made.weight, made.running_mean)] == [
            "UninitializedParameter",
            "UninitializedBuffer",
        ]
        assert made(torch.ones(2, 3).double()).shape == (2, 3)
        assert type(made) is torch.nn.BatchNorm1d
