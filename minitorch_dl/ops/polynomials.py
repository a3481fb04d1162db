"""Orthogonal polynomials of degree ``n``, by their three-term recurrences: ``torch.special``'s,
without derivatives as there.

Source: Abramowitz and Stegun, table 22.7.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.primitive import primitive, write_out

__all__ = [
    "chebyshev_polynomial_t", "chebyshev_polynomial_u", "chebyshev_polynomial_v",
    "chebyshev_polynomial_w", "hermite_polynomial_h", "hermite_polynomial_he",
    "laguerre_polynomial_l", "legendre_polynomial_p", "shifted_chebyshev_polynomial_t",
    "shifted_chebyshev_polynomial_u", "shifted_chebyshev_polynomial_v",
    "shifted_chebyshev_polynomial_w",
]  # fmt: skip


def _chebyshev(k: int, x: Any, p: Any, before: Any) -> Any:
    return 2 * x * p - before


_FAMILIES: dict[str, tuple[Callable[[Any], Any], Callable[..., Any]]] = {
    "chebyshev_t": (lambda x: x, _chebyshev),
    "chebyshev_u": (lambda x: 2 * x, _chebyshev),
    "chebyshev_v": (lambda x: 2 * x - 1, _chebyshev),
    "chebyshev_w": (lambda x: 2 * x + 1, _chebyshev),
    "hermite_h": (lambda x: 2 * x, lambda k, x, p, before: 2 * x * p - 2 * k * before),
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


@primitive(name="orthogonal_polynomial", broadcasts=True, promotes="float")
def _polynomial(xp: Any, a: Any, b: Any, *, family: str, shifted: bool) -> Any:
    """``P_b(a)``, shifted ``P_b(2 a - 1)``; 0 for negative degrees; degrees are rounded towards
    0.
    """
    dtype = a.dtype if hasattr(a, "dtype") else b.dtype
    first, step = _FAMILIES[family]
    x, n = xp.broadcast_arrays(xp.asarray(a, dtype="float64"), xp.trunc(xp.asarray(b)))
    if shifted:
        x = 2 * x - 1
    before, p = xp.ones_like(x), first(x)
    y = xp.where(n < 0, 0.0, before)
    for k in range(1, int(n.max()) + 1 if n.size else 0):
        y = xp.where(n == k, p, y)
        before, p = p, step(k, x, p, before)
    return y.astype(dtype)


def _public(name: str, family: str, shifted: bool = False) -> Any:
    def function(input: Any, n: Any, *, out: Any = None) -> Any:
        y = _polynomial(input, n, family=family, shifted=shifted)
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
