"""Rows of ``ops/elementwise.py``."""

from __future__ import annotations

from . import B, C, F, I, Row, S

_PAIR = (F(3, 4), F(3, 4))
_AWAY = F(3, 4, low=0.5, high=3)  # divisors


def _assign(x, y):
    x += y
    x *= y
    x -= 0.1
    x /= y
    x **= 3
    x %= 1000
    return x


ROWS = [
    Row(
        "add",
        S(*_PAIR),
        S(F(3, 4), F(4), alpha=2.5),
        S(F(), F(2, 1)),
        S(F(3), 2),
        S(I(3), 0.5),
        S(B(3), B(3)),
        S(I(3), I(3), alpha=3),
        S(I(2, 1), F(3)),
        S(F(0, 2), F(2)),
        drawn="binary",
        complex=True,
    ),
    Row(
        "sub",
        S(*_PAIR),
        S(F(3, 4), F(4), alpha=2.5),
        S(F(), F(2, 1)),
        S(F(3), 2),
        S(I(3), 0.5),
        drawn="binary",
        complex=True,
    ),
    Row("rsub", S(*_PAIR), S(F(3), 2), S(F(3, 4), F(4), alpha=2), complex=True),
    Row(
        "mul",
        S(*_PAIR),
        S(F(3, 1), F(4)),
        S(F(), F(2, 1)),
        S(F(3), 2),
        S(I(3), 0.5),
        S(B(3), 2),
        drawn="binary",
        complex=True,
    ),
    Row(
        "div",
        S(F(3, 4), _AWAY),
        S(F(), _AWAY),
        S(F(3), 2),
        S(I(3), 2),
        S(I(3), I(3, low=1)),
        S(F(0, 2), 3.0),
        complex=True,
    ),
    Row(
        "div_rounded",
        *(
            S(F(3, 4, low=-7, high=7), b, rounding_mode=mode)
            for mode in ("trunc", "floor")
            for b in (F(4, low=10, high=20), 20, -15.5)
        ),
        *(
            S(I(3, 4, low=-7, high=7), b, rounding_mode=mode)
            for mode in ("trunc", "floor")
            for b in (2, -3, I(4, low=1))
        ),
        S(F(3), 2.0, rounding_mode=None),
        call=lambda torch, *a, **k: torch.div(*a, **k),
    ),
    Row(
        "floor_divide",
        S(F(3, 4, low=-7, high=7), _AWAY),
        S(I(5, low=-7, high=7), 3),
        S(F(), 2.0),
        grad=False,
    ),
    *(
        Row(
            name,
            S(F(3, 4, low=2.1, high=2.9), F(4, low=1.5, high=1.9)),
            S(F(3, 4, low=-2.9, high=-2.1), F(4, low=1.5, high=1.9)),
            S(F(3, 4, low=2.1, high=2.9), F(4, low=-1.9, high=-1.5)),
            S(F(5, low=1.6, high=2.9), 1.5),
            S(I(5, low=-7, high=7), 3),
            S(I(5, low=-7, high=7), -3),
        )
        for name in ("remainder", "fmod")
    ),
    Row("neg", S(F(3, 4)), S(I(3)), drawn="unary", complex=True),
    Row("positive", S(F(3, 4)), S(I(3)), drawn="unary", complex=True),
    Row("sgn", S(F(3, 4)), S(I(3, low=-2, high=3)), S(F()), kinks=(0,), complex=True),
    Row("abs", S(F(3, 4)), S(I(3, low=-3)), S(F()), drawn="unary", kinks=(0,), complex=True),
    Row("sign", S(F(3, 4)), S(I(3, low=-3)), S(B(3)), S(F()), kinks=(0,)),
    Row(
        "addcmul",
        S(F(3, 4), F(3, 4), F(4)),
        S(F(), F(3), F(2, 1), value=0.5),
        S(I(3), I(3), I(3), value=2),
        complex=True,
    ),
    Row(
        "addcdiv",
        S(F(3, 4), F(3, 4), _AWAY),
        S(F(), F(3), F(2, 1, low=1, high=3), value=0.5),
        complex=True,
    ),
    Row(
        "lerp",
        S(F(3, 4), F(3, 4), F(3, 4)),
        S(F(3, 4), F(4), 0.3),
        S(F(3), F(), F(2, 1)),
        S(F(0, 2), F(2), 0.5),
        S(F(2, 3), F(3), 0.7),
        complex=True,
    ),
    Row("log1p", drawn="unary", domain=(-0.9, 3), complex=True),
    Row("logaddexp", drawn="binary"),
    Row("logaddexp_complex", S(C(3, 4), C(4)), call=lambda torch, x, y: torch.logaddexp(x, y)),
    Row("logaddexp2", drawn="binary"),
    Row(
        "operators",
        S(F(4, low=0.5, high=2), F(4, low=0.5, high=2)),
        call=lambda torch, x, y: (
            x + y,
            1 + x,
            x - y,
            1 - x,
            x * y,
            2 * x,
            x / y,
            2 / x,
            x**y,
            2**x,
            x**2,
            -x,
            +x,
            abs(x),
            x % y,
        ),
    ),
    Row(
        "whole_number_operators",
        S(F(4, low=0.5, high=2), F(4, low=0.5, high=2)),
        S(I(4, low=1), I(4, low=1)),
        grad=False,
        call=lambda torch, x, y: (x // y, 3 // x, x // 2, x % y, 3 % x, x % 2),
    ),
    Row(
        "in_place",
        S(F(3, 4, low=0.5, high=2), F(4, low=0.5, high=2)),
        call=lambda torch, x, y: (
            x.clone()
            .add_(y, alpha=2)
            .mul_(y)
            .sub_(1)
            .div_(y)
            .pow_(2)
            .log1p_()
            .addcmul_(x, y)
            .lerp_(x, 0.3)
            .exp_()
        ),
        complex=True,
    ),
    Row(
        "in_place_operators",
        S(F(3, 4, low=0.5, high=2), F(4, low=0.5, high=2)),
        call=lambda torch, x, y: _assign(x.clone(), y),
    ),
]
