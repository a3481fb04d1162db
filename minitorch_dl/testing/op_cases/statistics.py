"""Rows of ``ops/statistics.py``."""

from . import F, I, Row, S

ROWS = [
    Row(
        "cov",
        S(F(3, 5)),
        S(F(5)),
        S(F(2, 5), correction=0),
        S(F(2, 4), fweights=I(4, low=1, high=4)),
        S(F(2, 4), aweights=F(4, low=0.1, high=1)),
        S(F(2, 4), fweights=I(4, low=1, high=4), aweights=F(4, low=0.1, high=1), correction=0),
        S(F(1, 5)),
        complex=True,
    ),
    Row("corrcoef", S(F(3, 5)), S(F(5)), complex=True),
]
