"""Rows of ``ops/comparison.py``."""

from __future__ import annotations

from . import B, C, F, I, Row, S

_INTS = (I(3, 4, high=3), I(4, high=3))

ROWS = [
    *(
        Row(
            name,
            S(*_INTS),
            S(F(3), F()),
            S(I(3), 1),
            S(I(3), 1.5),
            S(F(3), I(3)),
            S(B(3), True),
            S(F(0, 2), F(2)),
            *((S(C(3), C(3)), S(C(3), F(3)), S(C(3), 1j)) if name in ("eq", "ne") else ()),
            grad=False,
        )
        for name in ("eq", "ne", "lt", "le", "gt", "ge")
    ),
    Row("equal", S(*_INTS), S(I(3, high=1), I(3, high=1)), S(F(3), F(4)), grad=False),
    Row(
        "isclose",
        S(F(3, 4), F(3, 4)),
        S(F(4), F(4), rtol=0.5, atol=1.0),
        S(I(5, high=3), I(5, high=3)),
        S(B(3), B(3)),
        grad=False,
        complex=True,
    ),
    Row("allclose", S(F(3), F(3)), S(F(3), F(3), rtol=0.0, atol=9.0), grad=False, complex=True),
    Row(
        "isclose_special",
        S(F(3)),
        grad=False,
        call=lambda torch, x: (
            [
                torch.isclose(_special(torch, x), _special(torch, x).flip(0), equal_nan=nan)
                for nan in (False, True)
            ]
            + [
                torch.isclose(_special(torch, x), _special(torch, x), equal_nan=nan)
                for nan in (False, True)
            ]
        ),
    ),
    Row("isin", S(I(3, 4), I(2)), S(I(3, 4), I(2), invert=True), S(F(3), F(2)), grad=False),
    *(
        Row(
            name,
            S(F(3)),
            S(I(3)),
            grad=False,
            call=lambda torch, x, name=name: getattr(torch, name)(
                _special(torch, x) if x.is_floating_point() or x.is_complex() else x
            ),
            complex=name in ("isnan", "isinf", "isfinite"),
        )
        for name in ("isnan", "isfinite", "isinf", "isposinf", "isneginf", "signbit")
    ),
    Row("is_nonzero", S(F(1)), S(I(high=1)), S(B()), grad=False),
    *(
        Row(name, S(B(3, 4), B(4)), S(F(3), I(3)), S(I(3), I(3)), S(C(3), I(3)), grad=False)
        for name in ("logical_and", "logical_or", "logical_xor")
    ),
    Row("logical_not", S(B(3)), S(I(3)), S(F(3)), S(C(3)), grad=False),
    *(
        Row(
            name,
            S(I(3, 4, low=-9, high=9), I(4, low=-9, high=9)),
            S(I(3), 3),
            S(B(3), B(3)),
            grad=False,
        )
        for name in ("bitwise_and", "bitwise_or", "bitwise_xor")
    ),
    Row("bitwise_not", S(I(3, low=-9, high=9)), S(B(3)), grad=False),
    *(
        Row(name, S(I(3, 4, low=-9, high=9), I(4)), S(I(3), 2), grad=False)
        for name in ("bitwise_left_shift", "bitwise_right_shift")
    ),
    Row(
        "comparison_operators",
        S(I(4), I(4)),
        grad=False,
        call=lambda torch, x, y: (
            x == y,
            x != y,
            x < y,
            x <= y,
            x > y,
            x >= y,
            x > 1,
            x & y,
            x | y,
            x ^ y,
            ~x,
            x << y,
            x >> y,
            3 & x,
            3 | x,
            3 ^ x,
            1 << x,
            9 >> x,
            x == None,  # noqa: E711
            x != "text",
        ),
    ),
    Row(
        "comparison_in_place",
        S(I(4), I(4)),
        grad=False,
        call=lambda torch, x, y: (
            x.clone().eq_(y),
            x.clone().logical_not_(),
            x.clone().bitwise_and_(y),
            x.clone().lt_(2),
        ),
    ),
]


def _special(torch, x):
    """Finite values, infinities, NaN and both zeros."""
    inf = float("inf")
    return torch.cat([x, x.new_tensor([inf, -inf, inf - inf, 0.0, -0.0])])
