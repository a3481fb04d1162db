"""Rows of ``ops/quantization.py``."""

from __future__ import annotations

from typing import Any

from . import F, I, Row, S


def _per_tensor(torch: Any, x: Any, scale: Any, zero: Any, low: int, high: int) -> Any:
    if isinstance(scale, torch.Tensor):
        scale, zero = scale.detach().float(), zero.int()
    return torch.fake_quantize_per_tensor_affine(x, scale, zero, low, high)


def _per_channel(torch: Any, x: Any, scale: Any, zero: Any, *rest: int) -> Any:
    scale = scale.detach().float()
    return torch.fake_quantize_per_channel_affine(x, scale, zero.int(), *rest)


_STRAIGHT = {
    "numeric": False,
    "gradgrad": False,
    "why": "a straight-through gradient is not the derivative, which is 0",
}
ROWS = [
    Row(
        "fake_quantize_per_tensor_affine",
        S(F(3, 4), 0.1, 0, -8, 7),
        S(F(3, 4), 0.3, 2, 0, 255),
        S(F(5), F(low=0.1, high=0.2), I(low=0, high=3), -8, 7),
        S(F(), 0.1, 0, -8, 7),
        S(F(0, 2), 0.1, 0, -8, 7),
        call=_per_tensor,
        **_STRAIGHT,
    ),
    Row(
        "fake_quantize_per_channel_affine",
        S(F(3, 4), F(3, low=0.1, high=0.2), I(3, low=0, high=3), 0, -8, 7),
        S(F(2, 3, 4), F(3, low=0.1, high=0.2), I(3, low=0, high=3), 1, 0, 15),
        call=_per_channel,
        **_STRAIGHT,
    ),
]
