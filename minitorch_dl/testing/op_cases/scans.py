"""Rows of ``ops/scans.py``."""

from __future__ import annotations

from . import B, C, F, I, Row, S
from .reductions import _with_zeros

ROWS = [
    Row(
        "cumsum",
        S(F(3, 4), 1),
        S(F(3, 4), -2),
        S(F(), 0),
        S(F(0, 2), 0),
        S(I(3, 4), 0),
        S(B(4), 0),
        complex=True,
    ),
    Row(
        "cumprod",
        S(F(3, 4), 1),
        S(F(3, 4), -2),
        S(F(), 0),
        S(F(0, 2), 0),
        S(I(3, 4), 0),
        complex=True,
    ),
    Row(
        "cumprod_with_zeros",
        S(F(3, 4), 0),
        S(F(3, 4), 1),
        call=lambda torch, x, dim: _with_zeros(torch, x, "cumprod", dim),
        complex=True,
    ),
    Row(
        "cumulations_in_place",
        S(F(3, 4)),
        call=lambda torch, x: (x.clone().cumsum_(0), (x * 1).cumprod_(1)),
        complex=True,
    ),
    Row("logcumsumexp", S(F(3, 4), 1), S(F(3, 4), 0), S(F(), 0), S(F(3, 4, high=800), 1)),
    Row(
        "logcumsumexp_complex", S(C(3, 4), 1), call=lambda torch, x, dim: torch.logcumsumexp(x, dim)
    ),
    *(
        Row(name, S(F(3, 4), 1), S(F(3, 4), -2), S(F(), 0), S(I(3, 6, high=3), 1))
        for name in ("cummax", "cummin")
    ),
    Row(
        "cummax_of_nan",
        S(F(3, 6, low=-1, high=1)),
        call=lambda torch, x: torch.cummax(torch.sqrt(x), 1)[1],
        grad=False,
    ),
    Row(
        "diff",
        S(F(3, 4)),
        S(F(3, 4), 2, 0),
        S(F(3, 4), 1, -1, F(3, 1), F(3, 2)),
        S(F(4), 9),
        S(I(5)),
        S(B(5)),
        S(F(3), 0),
        complex=True,
    ),
    *(
        Row(
            name,
            S(F(3, 4)),
            S(F(3, 4), dx=0.5, dim=0),
            S(F(3, 4), F(4)),
            S(F(3, 4), F(3, 4), dim=0),
            S(F(3, 1)),
        )
        for name in ("trapezoid", "trapz", "cumulative_trapezoid")
    ),
    Row(
        "gradient",
        S(F(5)),
        S(F(4, 5), spacing=0.5, dim=1),
        S(F(4, 5), spacing=[0.5, 2.0], edge_order=2),
        S(F(3, 4), edge_order=2, dim=(1, 0)),
        S(I(4)),
        complex=True,
    ),
    Row(
        "gradient(coordinates)",
        S(F(3, 4), [0.0, 0.5, 2.0], [-1.0, 0.0, 0.5, 3.0]),
        call=lambda torch, x, *coordinates: torch.gradient(
            x,
            spacing=[torch.tensor(c, dtype=x.dtype, device=x.device) for c in coordinates],
            edge_order=2,
        ),
        complex=True,
    ),
]
