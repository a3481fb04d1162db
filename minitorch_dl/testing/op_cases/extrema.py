"""Rows of ``ops/extrema.py``."""

from __future__ import annotations

from . import B, F, I, Row, S

_TIES = I(3, 4, high=3)


def _shared(torch, a, name, **kwargs):
    """The gradient where several elements are the extremum."""
    x = a.to(torch.float64).requires_grad_()
    y = getattr(torch, name)(x, **kwargs)
    y = y[0] if isinstance(y, tuple) else y
    return torch.autograd.grad((y * y).sum() + y.sum(), x)[0]


ROWS = [
    *(
        Row(
            name,
            S(F(3, 4)),
            S(F(3, 4), dim=1, keepdim=True),
            S(F(2, 3, 4), dim=(0, -1)),
            S(F()),
            S(F(), 0),
            S(I(3, 4), 0),
            S(B(3, 4), 1),
        )
        for name in ("amax", "amin")
    ),
    *(
        Row(
            name,
            S(F(3, 4)),
            S(F(3, 4), 1),
            S(F(3, 4), -2, True),
            S(F()),
            S(F(), 0),
            S(_TIES, 1),
            S(F(3, 4), F(4)),
            S(F(3), other=F(3)),
            S(F(0, 2), 1),
            S(B(3, 4), 1),
        )
        for name in ("max", "min")
    ),
    Row("aminmax", S(F(3, 4)), S(F(3, 4), dim=1, keepdim=True), S(F()), S(I(3, 4), dim=0)),
    *(
        Row(
            f"{name}_shared",
            S(_TIES),
            call=lambda torch, a, name=name: _shared(torch, a, name),
            grad=False,
        )
        for name in ("max", "min", "amax", "amin", "median")
    ),
    Row(
        "amax_shared_along",
        S(_TIES),
        call=lambda torch, a: _shared(torch, a, "amax", dim=1, keepdim=True),
        grad=False,
    ),
    Row(
        "max_shared_along",
        S(_TIES),
        call=lambda torch, a: _shared(torch, a, "max", dim=1),
        grad=False,
    ),
    *(
        Row(
            name,
            S(F(3, 4)),
            S(F(3, 4), 1),
            S(F(3, 4), dim=0, keepdim=True),
            S(F()),
            S(F(), -1),
            S(_TIES, 1),
            grad=False,
        )
        for name in ("argmax", "argmin")
    ),
    Row(
        "extrema_of_nan",
        S(F(3, 4, low=-1, high=1)),
        numeric=False,
        why="NaN has no derivative",
        call=lambda torch, x: (
            torch.max(torch.sqrt(x.detach()), 1),
            torch.argmin(torch.sqrt(x)),
            torch.amin(torch.sqrt(x.detach()), 0),
        ),
    ),
]
