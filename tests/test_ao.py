"""``torch.ao.quantization``: what a model in floating point uses of it."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch deprecates the whole


def test_a_norm_is_folded_into_the_layer_before_it(torch: Any) -> None:
    nn, fuse_modules = torch.nn, torch.ao.quantization.fuse_modules
    layers = [nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU()]
    head = nn.Sequential(nn.Linear(8, 3), nn.BatchNorm1d(3))
    model = nn.Sequential(*layers, nn.Flatten(), head, nn.ReLU()).double().eval()
    for norm in (layers[1], head[1]):
        norm.running_mean.uniform_(-1, 1)
        norm.running_var.uniform_(1, 2)
    fused = fuse_modules(model, [["0", "1", "2"], ["4.0", "4.1"]])
    x = torch.linspace(-2, 2, 32, dtype=torch.float64).reshape(2, 1, 4, 4)
    assert torch.allclose(fused(x), model(x), atol=1e-12)
    assert isinstance(model[1], nn.BatchNorm2d)
    assert type(fused[0]) is torch.ao.nn.intrinsic.ConvReLU2d
    assert list(fused.state_dict()) == ["0.0.weight", "0.0.bias", "4.0.weight", "4.0.bias"]
    for place in (fused[1], fused[2], fused[4][1]):
        assert isinstance(place, nn.Identity)
    assert fuse_modules(model, ["4.0", "4.1"], inplace=True) is model
    assert torch.allclose(fused(x), model(x), atol=1e-12)


def test_a_transposed_convolution_is_folded_by_its_own_axis(torch: Any) -> None:
    layers = [torch.nn.ConvTranspose1d(3, 2, 2), torch.nn.BatchNorm1d(2)]
    model = torch.nn.Sequential(*layers).double().eval()
    layers[1].running_var.uniform_(1, 2)
    x = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(1, 3, 4)
    fused = torch.ao.quantization.fuse_modules(model, ["0", "1"])
    assert torch.allclose(fused(x), model(x), atol=1e-12)


def test_what_can_not_be_fused(torch: Any) -> None:
    nn, fuse_modules = torch.nn, torch.ao.quantization.fuse_modules
    model = nn.Sequential(nn.ReLU(), nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1))
    with pytest.raises(AssertionError, match="Fusion only for eval"):
        fuse_modules(model, ["1", "2"])
    for names in (["0", "1"], ["1", "0", "0"], ["1"]):
        with pytest.raises((AssertionError, NotImplementedError), match="fuse"):
            fuse_modules(model.eval(), names)


def test_stubs_and_wrappers_are_identities(torch: Any) -> None:
    quantization = torch.ao.quantization
    layer = torch.nn.Linear(2, 2).eval()
    wrapped = quantization.QuantWrapper(layer)
    x = torch.ones(1, 2)
    assert torch.equal(wrapped(x), layer(x))
    assert not wrapped.training
    assert list(wrapped.state_dict()) == ["module.weight", "module.bias"]
