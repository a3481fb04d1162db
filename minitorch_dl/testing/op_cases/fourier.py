"""Rows of ``ops/fourier.py``."""

from __future__ import annotations

from . import C, F, I, Row, S


def _one(real, complex_, integers):
    """Samples of a transform along one dim."""
    x, z = F(2, 6), C(3, 5)
    norms = [{"norm": norm} for norm in ("backward", "forward", "ortho")]
    samples = []
    for spec, given in ((x, real), (z, complex_)):
        if given:
            samples += [S(spec, **norm) for norm in norms]
            samples += [S(spec, 7), S(spec, 4, 0), S(spec, n=3, dim=-1, norm="ortho")]
    return [*samples, S(integers)]


def _several(real, complex_, **shape):
    """Samples of a transform along several dims."""
    samples = []
    for spec, given in ((F(2, 4, 5), real), (C(2, 3, 4), complex_)):
        if given:
            samples += [
                S(spec),
                S(spec, dim=(0, -1), norm="ortho"),
                S(spec, (3, 6), norm="forward"),
            ]
            samples.append(S(spec, s=(-1, 4), dim=(1, 0)))
    return samples


ROWS = [
    *(Row(f"fft.{name}", *_one(True, True, I(4))) for name in ("fft", "ifft")),
    *(Row(f"fft.{name}", *_one(True, True, I(3))) for name in ("irfft", "hfft")),
    *(Row(f"fft.{name}", *_one(True, False, I(4))) for name in ("rfft", "ihfft")),
    *(
        Row(f"fft.{name}{n}", *_several(True, True))
        for name in ("fft", "ifft", "irfft", "hfft")
        for n in ("2", "n")
    ),
    *(Row(f"fft.{name}{n}", *_several(True, False)) for name in ("rfft", "ihfft") for n in "2n"),
    *(
        Row(f"fft.{name}", *(S(n) for n in (1, 4, 5)), S(6, 0.5), S(5, d=2.0), grad=False)
        for name in ("fftfreq", "rfftfreq")
    ),
    *(
        Row(f"fft.{name}", S(F(5)), S(F(3, 4)), S(F(3, 4), 1), S(F(2, 3, 5), (0, -1)), complex=True)
        for name in ("fftshift", "ifftshift")
    ),
    Row(
        "spectral_step",
        S(F(2, 8), C(5)),
        S(F(2, 7), C(4)),
        call=lambda torch, x, w: _step(torch, x, w),
    ),
]


def _step(torch, x, w):
    """A layer of a Fourier neural operator."""
    return torch.fft.irfft(torch.fft.rfft(x) * w, n=x.shape[-1]).tanh()
