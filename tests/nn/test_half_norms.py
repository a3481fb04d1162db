"""Normalization in half precision."""

from __future__ import annotations

import pytest

import minitorch_dl as torch


def test_the_usual_eps_of_rms_norm_is_that_of_float32() -> None:
    pytest.importorskip("ml_dtypes")
    x = torch.tensor([[0.01, 0.02, 0.03, 0.04]])
    exact = torch.nn.functional.rms_norm(x, (4,))
    for dtype in (torch.float16, torch.bfloat16):
        y = torch.nn.functional.rms_norm(x.to(dtype), (4,))
        torch.testing.assert_close(y.float(), exact, rtol=0.01, atol=0.0)
