"""Rows of ``ops/spectrograms.py``."""

from __future__ import annotations

from . import C, F, Row, S

_WINDOW = F(8, low=0.5, high=1.5)


def _back(torch, z, window=None, **options):
    """The signal of a spectrogram; real numbers have real first frequencies."""
    return torch.istft(z, 8, window=window, **options)


ROWS = [
    Row(
        "stft",
        S(F(30), 8, window=_WINDOW, return_complex=True),
        S(F(2, 30), 8, 3, window=_WINDOW, return_complex=True),
        S(F(30), 8, 2, 6, window=F(6), normalized=True, return_complex=True),
        S(F(30), 8, window=_WINDOW, center=False, onesided=False, return_complex=True),
        S(F(30), 8, window=_WINDOW, pad_mode="constant", return_complex=True),
        S(F(2, 30), 8, window=_WINDOW, pad_mode="replicate", return_complex=False),
        S(C(20), 8, window=_WINDOW),
        S(C(2, 20), 8, window=C(8), return_complex=False),
    ),
    Row(
        "istft",
        S(C(5, 6), window=_WINDOW),
        S(C(2, 5, 6), window=_WINDOW),
        S(C(5, 6), window=_WINDOW, hop_length=3, center=False),
        S(C(5, 6), window=_WINDOW, length=9, normalized=True),
        S(C(8, 6), window=_WINDOW, onesided=False),
        S(C(2, 8, 6), window=_WINDOW, onesided=False, return_complex=True),
        call=_back,
    ),
]
