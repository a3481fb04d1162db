"""Optimizers of 16-bit parameters: they round where PyTorch's operations do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch

OPTIONS = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9, "dampening": 0.3}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("Adam", {}),
    ("Adam", {"weight_decay": 0.1, "amsgrad": True}),
    ("AdamW", {}),
    ("NAdam", {"weight_decay": 0.1}),
    ("RAdam", {}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.9, "centered": True}),
    ("Adagrad", {"lr_decay": 0.1}),
    ("Adadelta", {"lr": 0.02}),
    ("Adamax", {}),
    ("ASGD", {"weight_decay": 0.1}),
    ("Rprop", {}),
]


def trained(library: Any, name: str, options: dict[str, Any], dtype: str) -> dict[str, np.ndarray]:
    """A parameter, and its state, after some steps with given gradients."""
    rng = np.random.default_rng(0)
    start, *gradients = rng.normal(size=(9, 40, 25)).astype(np.float32)
    w = library.nn.Parameter(library.tensor(start).to(getattr(library, dtype)))
    optimizer = getattr(library.optim, name)([w], **{"lr": 0.02, **options})
    for gradient in gradients:
        w.grad = library.tensor(gradient).to(getattr(library, dtype))
        optimizer.step()
    tensors = {"param": w.detach()} | {k: v for k, v in optimizer.state[w].items() if v is not None}
    return {k: v.float().numpy() for k, v in tensors.items() if v.dim()}


@pytest.mark.parity
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize(("name", "options"), OPTIONS, ids=str)
def test_numbers_are_pytorchs_bit_for_bit(name: str, options: dict[str, Any], dtype: str) -> None:
    """Save for 1 % that lie between two 16-bit floats, where the last bit of float32 decides."""
    expected = trained(pytest.importorskip("torch"), name, options, dtype)
    found = trained(torch, name, options, dtype)
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert np.mean(found[key] != value) < 0.01, key


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_moments_are_computed_in_float32_and_rounded_once_an_operation(dtype: Any) -> None:
    rng = np.random.default_rng(0)
    gradients = [torch.tensor(rng.normal(size=1000)).to(dtype) for _ in range(3)]
    w = torch.nn.Parameter(torch.zeros(1000, dtype=dtype))
    optimizer = torch.optim.Adam([w])
    m = v = torch.zeros(1000)
    for g in gradients:
        w.grad, g = g, g.float()
        optimizer.step()
        m = (m + (1 - 0.9) * (g - m)).to(dtype).float()
        v = ((v * 0.999).to(dtype).float() + (1 - 0.999) * (g * g)).to(dtype).float()
    assert torch.equal(optimizer.state[w]["exp_avg"].float(), m)
    assert torch.equal(optimizer.state[w]["exp_avg_sq"].float(), v)


def test_the_factor_of_a_gradient_is_a_16_bit_float() -> None:
    """As PyTorch's ``add_(grad, alpha=-lr)`` takes it."""
    w = torch.nn.Parameter(torch.zeros(1, dtype=torch.bfloat16))
    w.grad = torch.full((1,), 3.0, dtype=torch.bfloat16)
    torch.optim.SGD([w], lr=0.0283).step()
    lr = 0.0283203125  # 0.0283 to 8 bits
    assert w.item() == torch.tensor(-3 * lr).bfloat16().item()
