"""Rows of ``ops/counting.py``."""

from __future__ import annotations

from . import B, F, I, Row, S, replace


def _sorted_rows(torch, rows, values, **kwargs):
    return torch.searchsorted(torch.sort(rows)[0], values, **kwargs)


def _without_gradient(name, *samples):
    """A row of an op that PyTorch has no derivative of; the inputs are floats, and so are the
    outputs."""

    def call(torch, *args, **kwargs):
        args, kwargs = replace((args, kwargs), lambda x: x.detach(), torch.Tensor)
        return getattr(torch, name)(*args, **kwargs)

    return Row(name, *samples, call=call, numeric=False, why="it has no derivative")


ROWS = [
    _without_gradient(
        "unique",
        S(I(3, 4)),
        S(I(3, 4), return_inverse=True, return_counts=True),
        S(I(6, 1, high=2), dim=0, return_inverse=True),
        S(B(5)),
        S(F(0)),
        S(F(4)),
    ),
    Row(
        "unique_consecutive",
        S(I(9, high=2)),
        S(I(9, high=2), return_inverse=True, return_counts=True),
        S(I(6, 1, high=2), dim=0, return_counts=True),
        S(I(0)),
        grad=False,
    ),
    _without_gradient("bincount", S(I(9)), S(I(9), F(9)), S(I(9), minlength=8), S(I(0))),
    _without_gradient("histc", S(F(9), bins=4), S(F(9), bins=4, min=-1, max=1), S(F(), bins=3)),
    _without_gradient(
        "histogram",
        S(F(9), 4),
        S(F(9), 4, range=(-1.0, 1.0), density=True),
        S(F(9), 3, range=(0.0, 0.0)),
        S(F(9), 4, weight=F(9)),
    ),
    Row("searchsorted", S(I(4), I(3, 2)), S(F(4), I(3, 2)), call=_sorted_rows, grad=False),
    Row(
        "searchsorted_in_rows",
        S(F(3, 5), F(3, 2)),
        S(I(3, 5), I(3, 2), right=True),
        S(I(5), I(3), side="right", out_int32=True),
        S(F(5), 0.5),
        call=_sorted_rows,
        grad=False,
    ),
    Row(
        "bucketize",
        S(F(3, 2), F(4)),
        S(I(3), I(4), right=True),
        S(I(3), I(4), out_int32=True),
        grad=False,
        call=lambda torch, x, edges, **kwargs: torch.bucketize(x, torch.sort(edges)[0], **kwargs),
    ),
    Row(
        "histogramdd",
        S(F(20, 2), 3),
        S(F(4, 5, 2), [2, 3], weight=F(4, 5), density=True),
        S(F(20, 1), [4], range=[-1.0, 1.0]),
        S(F(20, 2), [F(3), F(2)], weight=F(20)),  # edges in any order
        grad=False,
    ),
    Row(
        "hash_tensor",
        S(F(2, 3, 4), (0, 2)),
        S(F(3, 2), 1, keepdim=True),
        S(I(5)),
        S(F()),
        S(F(0, 2), 1),
        grad=False,
    ),
    Row("nonzero_static", S(I(3, 4, high=2), size=5), S(B(4), size=9, fill_value=-7), grad=False),
    Row("unravel_index", S(I(4, high=24), (2, 3, 4)), S(I(high=6), 6), grad=False),
]
