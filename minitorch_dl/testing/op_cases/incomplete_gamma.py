"""Rows of ``ops/incomplete_gamma.py``."""

from __future__ import annotations

from . import F, Row, S


def _of_other(name):
    """With a gradient for the second argument alone, as in PyTorch."""

    def call(torch, n, x):
        orders = torch.linspace(0.3, 40, n, dtype=x.dtype, device=x.device)
        return getattr(torch, name)(orders, x)

    samples = (
        S(30, F(8, 1, low=0.01, high=60)),
        S(3, F(low=0.2, high=3)),
        S(1, F(0, 2)),
        S(4, F(3, 4, low=0.2, high=3)),
    )
    return Row(name, *samples, call=call)


ROWS = [
    _of_other("igamma"),
    _of_other("igammac"),
    Row("special.gammainc", S(F(3, low=0.1, high=4), F(3, low=0.1, high=4)), grad=False),
    Row("special.gammaincc", S(F(3, low=0.1, high=4), F(3, low=0.1, high=4)), grad=False),
]
