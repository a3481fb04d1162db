"""Window functions for signal processing: ``M`` numbers in a default float, largest in the middle.

Symmetric ones serve filters; with ``sym=False`` (``periodic=True``) they are one period, which
serves spectra.
Source: F. J. Harris, "On the use of windows for harmonic analysis" (1978).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..backend import dtypes
from ..backend.layouts import strided
from ..backend.special import i0
from .from_data import tensor

__all__ = [
    "bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window",
]  # fmt: skip


def _window(
    name: str, M: int, sym: bool, shape: Callable[[Any, int], Any], options: dict[str, Any]
) -> Any:
    """The tensor of ``shape(k, n)`` at the points ``k = 0 ... M - 1`` of a window that ends at
    ``n``.
    """
    if M < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={M}")
    layout = options.pop("layout", None)
    if layout not in (None, strided):
        raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
    dtype = options.pop("dtype", None)
    dtype = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    if dtype not in (dtypes.float32, dtypes.float64):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {dtype}")
    n = M - 1 if sym else M
    y = shape(np.arange(M, dtype=np.float64), n) if M > 1 else np.ones(M)
    return tensor(y, dtype=dtype, **options)


def general_cosine(M: int, *, a: Sequence[float], sym: bool = True, **options: Any) -> Any:
    """``sum_i (-1)^i a_i cos(2 pi i k / n)``.

    Args:
        M: the number of points.
        a: the coefficients.
        sym: symmetric, or one period.
        options: ``dtype``, ``layout``, ``device``, ``requires_grad``, as for every window here.
    """
    if not isinstance(a, (list, tuple)):
        raise TypeError("Coefficients must be a list/tuple")
    if not a:
        raise ValueError("Coefficients cannot be empty")

    def shape(k: Any, n: int) -> Any:
        return sum((-1) ** i * c * np.cos(2 * math.pi * i / n * k) for i, c in enumerate(a))

    return _window("general_cosine", M, sym, shape, options)


def general_hamming(M: int, *, alpha: Any = 0.54, sym: bool = True, **options: Any) -> Any:
    """``alpha - (1 - alpha) cos(2 pi k / n)``."""
    return general_cosine(M, a=[alpha, 1 - alpha], sym=sym, **options)


def hamming(M: int, *, sym: bool = True, **options: Any) -> Any:
    """``0.54 - 0.46 cos(2 pi k / n)``."""
    return general_hamming(M, sym=sym, **options)


def hann(M: int, *, sym: bool = True, **options: Any) -> Any:
    """``sin(pi k / n)**2``.

    >>> from minitorch_dl.signal import windows
    >>> windows.hann(5)
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    return general_hamming(M, alpha=0.5, sym=sym, **options)


def blackman(M: int, *, sym: bool = True, **options: Any) -> Any:
    """``0.42 - 0.5 cos(2 pi k / n) + 0.08 cos(4 pi k / n)``."""
    return general_cosine(M, a=[0.42, 0.5, 0.08], sym=sym, **options)


def nuttall(M: int, *, sym: bool = True, **options: Any) -> Any:
    """Nuttall's sum of four cosines, with very low side lobes."""
    return general_cosine(M, a=[0.3635819, 0.4891775, 0.1365995, 0.0106411], sym=sym, **options)


def bartlett(M: int, *, sym: bool = True, **options: Any) -> Any:
    """The triangle ``1 - |2 k / n - 1|``."""
    return _window("bartlett", M, sym, lambda k, n: 1 - np.abs(2 * k / n - 1), options)


def cosine(M: int, *, sym: bool = True, **options: Any) -> Any:
    """``sin(pi (k + 1/2) / (n + 1))``: half a wave."""
    return _window("cosine", M, sym, lambda k, n: np.sin(math.pi * (k + 0.5) / (n + 1)), options)


def exponential(
    M: int, *, center: float | None = None, tau: Any = 1.0, sym: bool = True, **options: Any
) -> Any:
    """``exp(-|k - center| / tau)``; ``center`` may be given for ``sym=False`` only."""
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")

    def shape(k: Any, n: int) -> Any:
        return np.exp(-np.abs(k - (n / 2 if center is None else center)) / tau)

    return _window("exponential", M, sym, shape, options)


def gaussian(M: int, *, std: Any = 1.0, sym: bool = True, **options: Any) -> Any:
    """``exp(-((k - n/2) / std)**2 / 2)``."""
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")
    return _window(
        "gaussian", M, sym, lambda k, n: np.exp(-0.5 * ((k - n / 2) / std) ** 2), options
    )


def kaiser(M: int, *, beta: Any = 12.0, sym: bool = True, **options: Any) -> Any:
    """``I_0(beta sqrt(1 - (2 k / n - 1)**2)) / I_0(beta)``."""
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")

    def shape(k: Any, n: int) -> Any:
        inside = np.maximum(1 - (2 * k / n - 1) ** 2, 0)
        return i0(np, beta * np.sqrt(inside)) / i0(np, np.float64(beta))

    return _window("kaiser", M, sym, shape, options)


# -- under the names outside torch.signal ----------------------------------------------------------


def _floating(name: str, window_length: int, options: dict[str, Any]) -> dict[str, Any]:
    if window_length < 0:
        raise RuntimeError(
            f"{name} requires non-negative window_length, got window_length={window_length}"
        )
    dtype = options.get("dtype")
    if dtype is not None and not dtypes.as_dtype(dtype).is_floating_point:
        raise RuntimeError(f"{name} expects floating point dtypes, got: {dtype}")
    return options


def hann_window(window_length: int, periodic: bool = True, **options: Any) -> Any:
    """``sin(pi k / n)**2``; see ``signal.windows.hann``."""
    return hann(window_length, sym=not periodic, **_floating("hann_window", window_length, options))


def hamming_window(
    window_length: int,
    periodic: bool = True,
    alpha: float = 0.54,
    beta: float = 0.46,
    **options: Any,
) -> Any:
    """``alpha - beta cos(2 pi k / n)``."""
    return general_cosine(
        window_length,
        a=[alpha, beta],
        sym=not periodic,
        **_floating("hamming_window", window_length, options),
    )


def blackman_window(window_length: int, periodic: bool = True, **options: Any) -> Any:
    """See ``signal.windows.blackman``."""
    return blackman(
        window_length, sym=not periodic, **_floating("blackman_window", window_length, options)
    )


def bartlett_window(window_length: int, periodic: bool = True, **options: Any) -> Any:
    """See ``signal.windows.bartlett``."""
    return bartlett(
        window_length, sym=not periodic, **_floating("bartlett_window", window_length, options)
    )


def kaiser_window(
    window_length: int, periodic: bool = True, beta: float = 12.0, **options: Any
) -> Any:
    """See ``signal.windows.kaiser``."""
    return kaiser(
        window_length,
        beta=beta,
        sym=not periodic,
        **_floating("kaiser_window", window_length, options),
    )
