"""Rows of ``ops/selection.py``."""

from __future__ import annotations

from . import B, F, I, Row, S

_X = F(3, 4, low=-3, high=3)

ROWS = [
    Row(
        "where",
        S(B(3, 4), F(3, 4), F(4)),
        S(B(3, 1), F(), F(4)),
        S(B(3), F(3), 1),
        S(B(3), 2.5, F(3)),
        S(B(3), 1, 2),
        S(B(3), I(3), 0.5),
        S(B(3, 4)),
        S(B(0, 2), F(2), F(0, 1)),
        complex=True,
    ),
    Row("Tensor.where", S(F(3, 4), B(4), F(3, 1)), S(F(3, 4), B(4), 0), complex=True),
    *(
        Row(name, S(F(3, 4), F(4)), S(F(), F(3)), S(I(3), I(3)), S(I(3), F(3)))
        for name in ("maximum", "minimum", "fmax", "fmin")
    ),
    *(
        Row(
            f"{name}_ties",
            S(I(3, 4, high=2), I(3, 4, high=2)),
            numeric=False,
            why="the derivative jumps at a tie",
            call=lambda torch, a, b, name=name: _gradients(torch, name, a, b),
        )
        for name in ("maximum", "minimum", "fmax", "fmin")
    ),
    Row(
        "clamp",
        S(_X, -1, 1),
        S(_X, min=-0.5),
        S(_X, max=0.5),
        S(_X, F(4, low=-1, high=0), F(3, 1, low=0, high=1)),
        S(_X, min=F(4, low=-1, high=0)),
        S(_X, max=F(low=0, high=1)),
        S(_X, F(4, low=0, high=1), F(4, low=-1, high=0)),
        S(I(5), 1, 3),
        S(I(5), 0.5),
        S(B(5), 0),
        S(B(5), B(1)),
        S(F(0, 2), 0, 1),
    ),
    Row("clamp_min", S(_X, 0.1), S(_X, F(4))),
    Row("clamp_max", S(_X, 0.1), S(_X, F(4))),
    Row("heaviside", S(F(3, 4), F(4)), S(I(3, low=-1, high=2), I(3)), grad=False),
    Row("nan_to_num", S(F(3, 4)), S(F(3, 4), nan=1.0, posinf=2.0, neginf=-2.0), S(I(3))),
    Row(
        "nan_to_num_repairs",
        S(F(4, low=-1, high=1)),
        call=lambda torch, x: torch.nan_to_num(torch.log(x), 0.5, 2.0, -3.0),
    ),
    Row(
        "selection_in_place",
        S(F(3, 4)),
        call=lambda torch, x: x.clone().clamp_(-1, 1).clamp_min_(-0.5).clip_(max=0.5),
    ),
    Row(
        "fill_zero",
        S(F(3, 4), F()),
        call=lambda torch, x, v: (x.clone().fill_(v), x.clone().zero_(), (x * 1).fill_(2.5)),
        complex=True,
    ),
]


def _gradients(torch, name, a, b):
    """Both gradients at integer points, many of which are ties."""
    a, b = (x.to(torch.float64).requires_grad_() for x in (a, b))
    return torch.autograd.grad(getattr(torch, name)(a, b).sum(), (a, b))
