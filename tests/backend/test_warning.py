"""Warnings name the line of the program."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest

import minitorch_dl as torch
from minitorch_dl.nn import functional as F

x = torch.ones(2)


@pytest.mark.parametrize(
    "call",
    [
        lambda: F.softmax(x),
        lambda: torch.nn.Softmax()(x),
        lambda: F.mse_loss(torch.ones(2, 1), x),
        lambda: F.dropout2d(torch.ones(2, 3)),
        lambda: torch.ones(1).var(),
        lambda: torch.stft(torch.ones(20), 4, return_complex=True),
        lambda: F.grid_sample(torch.ones(1, 1, 2, 2), torch.zeros(1, 2, 2, 2)),
        lambda: torch.ones(2).add_(2, x),
        lambda: torch.nn.L1Loss(size_average=False),
        lambda: torch.nn.init.xavier_uniform(torch.ones(2, 2)),
        lambda: (x.clone().requires_grad_() * 2).grad,
        lambda: torch.add(x, x, out=torch.ones(3)),
        lambda: x.clone().random_(2**30),
        lambda: torch.autograd.detect_anomaly(),
        lambda: torch.set_default_tensor_type("torch.FloatTensor"),
        lambda: torch.autograd.gradcheck(
            torch.sin, x.clone().requires_grad_(), raise_exception=False
        ),
        lambda: torch.testing.make_tensor(2, dtype=torch.float32, device="cpu", low=1, high=1),
    ],
)
def test_warnings_point_at_the_caller(call: Callable[[], Any]) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    told = [w for w in caught if not issubclass(w.category, RuntimeWarning)]
    assert told
    assert all(w.filename == __file__ for w in told)
