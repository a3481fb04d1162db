"""Short-time Fourier transforms: the frequencies of a signal in windows along it, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.node_names import as_one
from ..autograd.primitive import TensorBase
from ..backend import array_module
from ..backend.warning import warn, warn_once
from .complex_numbers import view_as_real
from .fourier import fft, ifft, irfft, rfft
from .padding import pad
from .rearranging import unfold_adjoint, unfold_p
from .shape import reshape_p, transpose
from .slicing import pad_p, slice_along

__all__ = ["istft", "stft"]


def _frame(
    op: str, input: Any, n_fft: int, hop_length: Any, win_length: Any, window: Any
) -> tuple[int, Any]:
    """The hop and the window, centred in a frame of ``n_fft`` elements."""
    hop = n_fft // 4 if hop_length is None else hop_length
    length = n_fft if win_length is None else win_length
    if hop <= 0:
        raise RuntimeError(f"{op}: expected hop_length > 0, but got hop_length={hop}")
    if not 0 < length <= n_fft:
        raise RuntimeError(
            f"{op}: expected 0 < win_length <= n_fft, but got win_length={length}, n_fft={n_fft}"
        )
    if window is None:
        warn_once(
            f"A window was not provided. A rectangular one is applied in {op}, whose frequencies "
            "leak into each other: torch.hann_window leaks less. window=torch.ones(win_length) "
            "asks for a rectangular one",
        )
        a = input.array.real
        window = TensorBase.wrap(array_module(a).ones(length, a.dtype))
    elif window.ndim != 1 or window.shape[0] != length:
        raise RuntimeError(
            f"{op}: expected a 1D window tensor of size equal to win_length={length}, but got "
            f"window with size {list(window.shape)}"
        )
    if length < n_fft:
        left = (n_fft - length) // 2
        window = pad_p(window, pads=((left, n_fft - length - left),), value=0)
    return hop, window


@as_one()
def stft(
    input: Any,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Any = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Any:
    """``y[k, t] = sum over j of window[j] x[t hop + j] exp(-2 pi i j k / n_fft)``.

    Args:
        input: (L,) or (B, L).
        hop_length: between frames; ``n_fft // 4`` unless given.
        window: (win_length,), ones unless given; a shorter one stands in the middle of the frame.
        center: pad the signal by ``n_fft // 2`` on both sides, in ``pad_mode``, so that frame t is
            centred at ``t hop``.
        normalized: divide by the root of ``n_fft``.
        onesided: only the frequencies 0 to n_fft // 2; the default for real numbers.
        return_complex: False gives pairs ``(..., 2)`` of real numbers.

    Returns:
        (frequencies, frames) or (B, frequencies, frames).

    >>> import minitorch_dl as torch
    >>> torch.stft(torch.ones(8), 4, window=torch.ones(4), return_complex=True).shape
    torch.Size([3, 9])
    """
    is_complex = input.is_complex() or (window is not None and window.is_complex())
    if return_complex is None:
        if not is_complex:
            raise RuntimeError(
                "stft requires the return_complex parameter be given for real inputs, and will "
                "further require that return_complex=True in a future PyTorch release."
            )
        return_complex = True
    if not return_complex:
        warn_once(
            "stft with return_complex=False is deprecated. In a future PyTorch release, stft will "
            "return complex tensors for all inputs, and return_complex=False will raise an error."
        )
    if center and align_to_window is not None:
        raise RuntimeError("stft align_to_window should only be set when center = false.")
    if input.dtype.kind < 2:
        raise RuntimeError(
            f"stft: expected a tensor of floating point or complex values, got {input.dtype}"
        )
    if input.ndim not in (1, 2):
        raise RuntimeError(f"stft: expected a 1D or 2D tensor, got {input.ndim}D")
    x = reshape_p(input, shape=(1, *input.shape)) if input.ndim == 1 else input
    if center:
        before = n_fft // 2
        x = reshape_p(x, shape=(1, *x.shape))
        x = pad(x, (before, before), pad_mode)
        x = reshape_p(x, shape=x.shape[1:])
    if not 0 < n_fft <= x.shape[1]:
        raise RuntimeError(f"stft: expected 0 < n_fft <= {x.shape[1]}, but got n_fft={n_fft}")
    hop, window = _frame("stft", x, n_fft, hop_length, win_length, window)
    frames = unfold_p(x, dim=1, size=n_fft, step=hop) * window  # (B, frames, n_fft)
    onesided = not is_complex if onesided is None else onesided
    norm = "ortho" if normalized else None
    if onesided and is_complex:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    y = (rfft if onesided else fft)(frames, norm=norm)
    y = transpose(y, 1, 2)
    if input.ndim == 1:
        y = reshape_p(y, shape=y.shape[1:])
    return y if return_complex else view_as_real(y)


def istft(
    input: Any,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Any = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Any:
    """The signal whose ``stft`` is nearest to ``input``: the frames are transformed back, windowed
    again and added up, and the sum is divided by that of the squared windows.

    Args:
        input: complex (frequencies, frames) or (B, frequencies, frames).
        length: of the signal; as many elements as the frames cover unless given.
        return_complex: the signal is complex; needs all frequencies.

    Raises:
        RuntimeError: the windows leave a part of the signal uncovered.
    """
    if not input.is_complex():
        raise RuntimeError(
            "istft requires a complex-valued input tensor matching the output from stft with "
            "return_complex=True."
        )
    if input.ndim not in (2, 3) or not input.numel():
        raise RuntimeError(
            "istft: expected a tensor of 2 or 3 dimensions with elements, got shape "
            f"{list(input.shape)}"
        )
    x = reshape_p(input, shape=(1, *input.shape)) if input.ndim == 2 else input
    batch, bins, frames = x.shape
    onesided = bins != n_fft if onesided is None else onesided
    if bins != (n_fft // 2 + 1 if onesided else n_fft):
        kind = "onesided: n_fft / 2 + 1" if onesided else "not onesided: n_fft"
        raise RuntimeError(
            f"istft: expected the frequency dimension (3rd to the last) of the input tensor to "
            f"match n_fft ({kind}), but got {bins} with n_fft={n_fft}"
        )
    if return_complex and onesided:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    hop, window = _frame("istft", x, n_fft, hop_length, win_length, window)
    if not return_complex and window.is_complex():
        raise RuntimeError("Complex windows are incompatible with return_complex=False")
    norm = "ortho" if normalized else None
    x = transpose(x, 1, 2)  # (B, frames, frequencies)
    if return_complex:
        y = ifft(x, norm=norm)
    else:
        y = irfft(slice_along(x, 2, 0, n_fft // 2 + 1), n_fft, norm=norm)
    total = n_fft + hop * (frames - 1)
    added: dict[str, Any] = {"dim": 1, "size": n_fft, "step": hop}
    y = unfold_adjoint(y * window, **added, shape=(batch, total))
    squares = (window * window).expand(1, frames, n_fft)
    envelope = unfold_adjoint(squares, **added, shape=(1, total))
    start = n_fft // 2 if center else 0
    end = total - start if length is None else start + length
    y, envelope = slice_along(y, 1, start, end), slice_along(envelope, 1, start, end)
    lowest = abs(envelope.array).min() if envelope.numel() else np.inf
    if lowest < 1e-11:
        raise RuntimeError(f"istft: window overlap add min: {float(lowest):g} is too small")
    y = y / envelope
    if end > total:
        warn(
            "The length of signal is shorter than the length parameter. Result is being padded "
            "with zeros in the tail. Please check your center and hop_length settings.",
        )
        y = pad_p(y, pads=((0, 0), (0, end - total)), value=0)
    return reshape_p(y, shape=y.shape[1:]) if input.ndim == 2 else y
