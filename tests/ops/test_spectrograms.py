"""The window of short-time Fourier transforms."""

from __future__ import annotations

import pytest

import minitorch_dl as torch
from minitorch_dl.backend.warning import settings


def test_a_missing_window_warns_and_is_rectangular(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings, "always", True)
    x = torch.rand(30)
    with pytest.warns(UserWarning, match="A window was not provided"):
        y = torch.stft(x, 8, return_complex=True)
    torch.testing.assert_close(y, torch.stft(x, 8, window=torch.ones(8), return_complex=True))
    with pytest.warns(UserWarning, match="A window was not provided"):
        back = torch.istft(y, 8, length=30)
    torch.testing.assert_close(back, x)
