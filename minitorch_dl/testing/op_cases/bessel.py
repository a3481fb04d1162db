"""Rows of ``ops/bessel.py``. PyTorch's functions are right to six digits only."""

from __future__ import annotations

from . import F, Row, S


def _row(name, low, high):
    samples = S(F(40, low=low, high=high)), S(F(low=max(low, 0.5), high=high)), S(F(0, 2))
    return Row(f"special.{name}", *samples, grad=False, rtol=1e-5)


ROWS = [
    *(
        _row(f"bessel_{kind}{order}", -40 if kind == "j" else 0.01, 40)
        for kind in "jy"
        for order in "01"
    ),
    *(_row(f"modified_bessel_i{order}", -5, 5) for order in "01"),
    *(_row(f"{scale}modified_bessel_k{n}", 0.01, 40) for scale in ("", "scaled_") for n in "01"),
    _row("spherical_bessel_j0", -20, 20),
    _row("airy_ai", -12, 6),
]
