"""Rows of ``ops/reductions.py``."""

from __future__ import annotations

from . import B, F, I, Row, S


def _with_zeros(torch, x, name, *args):
    """The op on ``x`` with one factor of 0 in the first row, two in the second, none in the
    third."""
    keep = torch.tensor(
        [[0.0, 1, 1, 1], [1, 0, 0, 1], [1, 1, 1, 1]], dtype=x.dtype, device=x.device
    )
    return getattr(torch, name)(x * keep, *args)


def _into(torch, x):
    """Results written to tensors given as ``out``, with NumPy's names for the dims."""
    out = torch.empty(3, dtype=x.dtype, device=x.device)
    return torch.sum(x.detach(), axis=1, out=out), torch.mean(x, axis=0, keepdims=True)


ROWS = [
    Row(
        "sum",
        S(F(3, 4)),
        S(F(3, 4), dim=1, keepdim=True),
        S(F(2, 3, 4), dim=(0, -1)),
        S(F(2, 3), -2),
        S(F()),
        S(F(), dim=0),
        S(F(0, 2), dim=0),
        S(F(2, 3), dim=()),
        S(I(3, 4), 0),
        S(B(3, 4)),
        S(F(100, 4), 0),
        S(F(100, 4), 0, True),
        drawn="reduction",
        complex=True,
    ),
    Row(
        "mean",
        S(F(3, 4)),
        S(F(3, 4), dim=1, keepdim=True),
        S(F(2, 3, 4), dim=(0, -1)),
        S(F()),
        S(F(2, 0), dim=0),
        drawn="reduction",
        complex=True,
    ),
    Row(
        "reductions_into",
        S(F(3, 4)),
        call=_into,
        numeric=False,
        why="out= takes no gradient",
        complex=True,
    ),
    Row("nansum", S(F(3, 4), 1), S(F()), S(I(3), 0)),
    Row("nanmean", S(F(3, 4), 1), S(F(3, 4))),
    Row(
        "reductions_without_nan",
        S(F(3, 4, low=-1, high=1)),
        numeric=False,
        why="its domain ends within the sample",
        call=lambda torch, x: (torch.nansum(torch.sqrt(x)), torch.nanmean(torch.sqrt(x), 0)),
    ),
    Row(
        "prod",
        S(F(3, 4)),
        S(F(3, 4), dim=1, keepdim=True),
        S(F(3, 4), 0),
        S(F()),
        S(F(0)),
        S(F(2, 0), 1),
        S(I(3, 2, low=1), 0),
        complex=True,
    ),
    Row(
        "prod_with_zeros",
        S(F(3, 4)),
        S(F(3, 4), 0),
        S(F(3, 4), 1),
        call=lambda torch, x, *dim: _with_zeros(torch, x, "prod", *dim),
        complex=True,
    ),
    Row(
        "logsumexp",
        S(F(3, 4), 1),
        S(F(3, 4), (0, -1), keepdim=True),
        S(F(), 0),
        S(F(2, 0), 0),
        S(F(2, 3, high=1000), 1),
        complex=True,
    ),
    Row(
        "reductions_in_dtype",
        S(I(3, 4)),
        grad=False,
        call=lambda torch, a: (
            torch.sum(a, 1, dtype=torch.int32),
            torch.prod(a, dtype=torch.bool),
            torch.nansum(a, dtype=torch.uint8),
        ),
    ),
    Row("any", S(B(3, 4)), S(B(3, 4), 1, True), S(I(3, 4), (0, 1)), S(B()), S(B(0)), grad=False),
    Row(
        "all",
        S(B(3, 4)),
        S(B(3, 4), 1, True),
        S(I(3, 4), (0, 1)),
        S(F(3, 4), []),
        S(B()),
        S(B(0)),
        grad=False,
    ),
    Row("count_nonzero", S(I(3, 4)), S(I(3, 4), 1), S(F(3, 4), (0, 1)), grad=False),
]
