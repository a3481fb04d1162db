"""Orthogonal polynomials of degree ``n``, by their three-term recurrences: ``torch.special``'s,
without derivatives as there.

Source: Abramowitz and Stegun, table 22.7.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.primitive import primitive, write_out
from ..backend import anywhere
from ..backend.precision import summed_in

__all__ = [
    "chebyshev_polynomial_t", "chebyshev_polynomial_u", "chebyshev_polynomial_v",
    "chebyshev_polynomial_w", "hermite_polynomial_h", "hermite_polynomial_he",
    "laguerre_polynomial_l", "legendre_polynomial_p", "shifted_chebyshev_polynomial_t",
    "shifted_chebyshev_polynomial_u", "shifted_chebyshev_polynomial_v",
    "shifted_chebyshev_polynomial_w",
]  # fmt: skip


def _chebyshev(k: int, x: Any, p: Any, before: Any) -> Any:
    return (x + x) * p - before


_FAMILIES: dict[str, tuple[Callable[[Any], Any], Callable[..., Any]]] = {
    "chebyshev_t": (lambda x: x, _chebyshev),
    "chebyshev_u": (lambda x: 2 * x, _chebyshev),
    "chebyshev_v": (lambda x: 2 * x - 1, _chebyshev),
    "chebyshev_w": (lambda x: 2 * x + 1, _chebyshev),
    "hermite_h": (lambda x: 2 * x, lambda k, x, p, before: (x + x) * p - 2 * k * before),
    "hermite_he": (lambda x: x, lambda k, x, p, before: x * p - k * before),
    "laguerre_l": (
        lambda x: 1 - x,
        lambda k, x, p, before: ((2 * k + 1 - x) * p - k * before) / (k + 1),
    ),
    "legendre_p": (
        lambda x: x,
        lambda k, x, p, before: ((2 * k + 1) * x * p - k * before) / (k + 1),
    ),
}
"""Per family: the polynomial of degree 1, and ``(k, x, P_k, P_(k-1)) -> P_(k+1)``."""


_WAVES: dict[str, tuple[Callable[..., Any], Callable[[Any], Any], Callable[[Any], Any]]] = {
    "chebyshev_t": (lambda xp, t, n: xp.cos(n * t), lambda n: 1, lambda n: 1),
    "chebyshev_u": (
        lambda xp, t, n: xp.sin((n + 1) * t) / xp.sin(t),
        lambda n: n + 1,
        lambda n: n + 1,
    ),
    "chebyshev_v": (
        lambda xp, t, n: xp.cos((n + 0.5) * t) / xp.cos(t / 2),
        lambda n: 1,
        lambda n: 2 * n + 1,
    ),
    "chebyshev_w": (
        lambda xp, t, n: xp.sin((n + 0.5) * t) / xp.sin(t / 2),
        lambda n: 2 * n + 1,
        lambda n: 1,
    ),
}
"""Chebyshev's polynomials at ``cos t``, at 1, and their size at -1."""


def _closed(xp: Any, family: str, x: Any, n: Any) -> tuple[Any, Any]:
    """Where the polynomial is known without its recurrence, and its values there."""
    sign = 1 - 2 * (n % 2)  # of what is odd for odd degrees
    if family in _WAVES:
        inside, right, left = _WAVES[family]
        at_left = xp.where(x == -1, sign * left(n), inside(xp, xp.arccos(x), n))
        return (xp.abs(x) <= 1) & (n > 8), xp.where(x == 1, right(n), at_left)
    if family.startswith("hermite"):  # PyTorch gives them up where they may be infinite
        return n > (512 if x.dtype == "float64" else 128), xp.full_like(x, xp.nan)
    if family == "legendre_p":
        return xp.abs(x) == 1, xp.where(x < 0, sign, 1.0)
    return x == 0, xp.ones_like(x)


_LOOK = 64
"""Steps of a recurrence after which it is asked whether all have ended."""


@primitive(name="orthogonal_polynomial", broadcasts=True, promotes="float")
def polynomial_p(xp: Any, a: Any, b: Any, *, family: str, shifted: bool) -> Any:
    """``P_b(a)``, shifted ``P_b(2 a - 1)``; 0 for negative degrees; degrees are rounded towards
    0.
    """
    dtype = a.dtype if hasattr(a, "dtype") else b.dtype
    first, step = _FAMILIES[family]
    real = summed_in(dtype)
    x, n = xp.broadcast_arrays(xp.asarray(a, dtype=real), xp.trunc(xp.asarray(b, dtype=real)))
    n = xp.where(xp.abs(n) < 2.0**63, n, -1)  # what is no int64 is the lowest one in PyTorch
    if shifted:
        x = x + x - 1
    known, values = _closed(xp, family, x, n)
    before, p = xp.ones_like(x), first(x)
    y = xp.where(known & (n > 0), values, xp.where(n < 0, 0.0, before))
    n = xp.where(known, 0, n)
    for k in range(1, int(n.max()) + 1 if anywhere(n > 0) else 0):
        y = xp.where(n == k, p, y)
        before, p = p, step(k, x, p, before)
        if k % _LOOK == 0 and not anywhere((n > k) & ~xp.isnan(p)):
            y = xp.where(n > k, p, y)
            break
    return y.astype(dtype)


def _public(name: str, family: str, shifted: bool = False) -> Any:
    def function(input: Any, n: Any, *, out: Any = None) -> Any:
        y = polynomial_p(input, n, family=family, shifted=shifted)
        return y if out is None else write_out(name, out, y)

    of = "2 * input - 1" if shifted else "input"
    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"The polynomial {name} of degree ``n`` at ``{of}``; 0 for negative degrees."
    return function


chebyshev_polynomial_t = _public("chebyshev_polynomial_t", "chebyshev_t")
chebyshev_polynomial_u = _public("chebyshev_polynomial_u", "chebyshev_u")
chebyshev_polynomial_v = _public("chebyshev_polynomial_v", "chebyshev_v")
chebyshev_polynomial_w = _public("chebyshev_polynomial_w", "chebyshev_w")
hermite_polynomial_h = _public("hermite_polynomial_h", "hermite_h")
hermite_polynomial_he = _public("hermite_polynomial_he", "hermite_he")
laguerre_polynomial_l = _public("laguerre_polynomial_l", "laguerre_l")
legendre_polynomial_p = _public("legendre_polynomial_p", "legendre_p")
shifted_chebyshev_polynomial_t = _public("shifted_chebyshev_polynomial_t", "chebyshev_t", True)
shifted_chebyshev_polynomial_u = _public("shifted_chebyshev_polynomial_u", "chebyshev_u", True)
shifted_chebyshev_polynomial_v = _public("shifted_chebyshev_polynomial_v", "chebyshev_v", True)
shifted_chebyshev_polynomial_w = _public("shifted_chebyshev_polynomial_w", "chebyshev_w", True)
