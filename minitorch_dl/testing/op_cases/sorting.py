"""Rows of ``ops/sorting.py``."""

from __future__ import annotations

from . import B, F, I, Row, S

_TIES = I(3, 6, high=3)


def _of_nan(torch, x):
    """What NaN among the elements does."""
    x = torch.sqrt(x.detach())
    return (
        torch.sort(x, 1),
        torch.sort(x, 0, descending=True),
        torch.median(x, 1),
        torch.nanmedian(x, 1),
        torch.median(x),
        torch.nanmedian(x),
        torch.quantile(x, 0.3, dim=0),
        torch.nanquantile(x, 0.3, dim=0),
    )


ROWS = [
    Row(
        "sort",
        S(F(3, 4)),
        S(F(3, 4), 0, True),
        S(F()),
        S(F(0, 2), 0),
        S(F(2, 0, 3), 1),
        S(_TIES, dim=1, stable=True),
        S(_TIES, dim=1, descending=True, stable=True),
        S(B(4)),
    ),
    Row("argsort", S(F(3, 4)), S(F(3, 4), 0, True), S(F()), S(_TIES, stable=True), grad=False),
    Row("msort", S(F(3, 4))),
    Row(
        "topk",
        S(F(3, 5), 2),
        S(F(3, 5), 2, dim=0, largest=False),
        S(F(3, 5), 5),
        S(F(), 1),
        S(F(3), 0),
    ),
    Row("kthvalue", S(F(3, 5), 2), S(F(3, 5), 3, 0, True), S(F(), 1)),
    *(
        Row(
            name,
            S(F(3, 4)),
            S(F(3, 5)),
            S(F(3, 4), 1),
            S(F(3, 5), dim=0, keepdim=True),
            S(F()),
            S(F(), 0),
            S(I(5)),
        )
        for name in ("median", "nanmedian")
    ),
    Row("mode", S(F(3, 4)), S(_TIES, 1), S(_TIES, dim=0, keepdim=True), S(F())),
    *(
        Row(
            name,
            S(F(3, 5), 0.3),
            S(F(3, 5), F(2, low=0, high=1), dim=1),
            S(F(3, 5), F(2, low=0, high=1), 0, True),
            S(F(3, 5), 0.3, keepdim=True),
            S(F(), 0.5),
            S(F(5), 0.3, interpolation="lower"),
            S(F(5), 0.3, interpolation="higher"),
            S(F(5), 0.3, interpolation="midpoint"),
            S(F(5), 0.3, interpolation="nearest"),
        )
        for name in ("quantile", "nanquantile")
    ),
    Row(
        "order_of_nan",
        S(F(3, 6, low=-1, high=1)),
        call=_of_nan,
        numeric=False,
        why="NaN has no derivative",
    ),
]
