"""Rows of ``ops/scattering.py``."""

from __future__ import annotations

from . import F, I, Row, S

_REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")


ROWS = [
    Row("index_reduce", *(S(F(3, 4, low=0.2), 0, I(5, high=3), F(5, 4, low=0.2), reduce, include_self=own)
        for reduce in _REDUCTIONS[1:] for own in (True, False)), gradgrad=False, numeric=False,
        why="the extrema jump where two elements tie"),
    Row("scatter", S(F(3, 4), 1, F(3, 2)), S(F(3, 4), 1, 1.5), call=lambda torch, x, dim, y: torch.scatter(
        x, dim, torch.tensor([[0, 2], [3, 1], [1, 0]], device=x.device), y), complex=True),
    Row("scatter_forms", S(F(3, 4), F(3, 4)), call=lambda torch, x, y: (
        x.scatter(0, torch.tensor([[2, 0]], device=x.device), y[:1, :2]), x.scatter(1, torch.tensor([[0], [1]], device=x.device), value=2.5),
        x.scatter(0, torch.zeros(0, 4, dtype=torch.int64, device=x.device), y[:0]), x[0, 0].scatter(0, torch.tensor(0, device=x.device), y[0, 0]),
        (x * 1).scatter_(0, torch.tensor([[1]], device=x.device), y[:1, :1])), complex=True),
    Row("scatter_with_reduce", S(F(3, 4)), grad=False, call=lambda torch, x: (
        x.scatter(0, torch.tensor([[1, 1], [1, 0]], device=x.device), x, reduce="add"),
        x.scatter(1, torch.tensor([[1, 1], [1, 0]], device=x.device), x, reduce="multiply"), x.scatter(1, torch.tensor([[1, 1]], device=x.device), 3.0, reduce="add")), complex=True),
    Row("scatter_add", S(F(3, 4), 0, I(5, 4, high=3), F(5, 4)), S(F(3, 4), 1, I(2, 3, high=4), F(2, 3)), S(F(), 0, I(high=1), F()), complex=True),
    Row("scatter_reduce", *(S(F(3, 4), dim, I(3, 3, high=3), F(3, 3), reduce, include_self=own)
        for dim, reduce in ((0, "sum"), (1, "prod"), (0, "mean"), (1, "amax"), (0, "amin")) for own in (True, False))),
    Row("scatter_reduce_zeros", S(F(2, 3), F(2, 3)), gradgrad=False, numeric=False, call=lambda torch, x, y: (
        x.scatter_reduce(0, torch.tensor([[0, 0, 1], [0, 1, 1]], device=x.device), y * (y > 0), "prod"),
        (x * 0).scatter_reduce(0, torch.tensor([[0, 0, 1], [0, 1, 1]], device=x.device), y * 0, "amax")), why="the product's factors and ties are at kinks"),
    Row("scatter_reduce_single_zeros", S(F(3), F(4), F(2, low=0, high=0)), call=lambda torch, x, y, zeros: (
        x.scatter_reduce(0, torch.tensor([0, 0, 1, 2, 1, 2], device=x.device), torch.cat([y, zeros]), "prod"))),
    Row("scatter_reduce_two_zeros", S(F(2), F(2), F(3, low=0, high=0)), gradgrad=False, call=lambda torch, x, y, zeros: (
        x.scatter_reduce(0, torch.tensor([0, 1, 0, 0, 1], device=x.device), torch.cat([y, zeros]), "prod")),
        why="PyTorch refuses the second derivative of a product of two zeros"),
    Row("scatter_reduce_ties", S(F(2, low=0, high=0), F(3, low=0, high=0)), gradgrad=False, numeric=False, call=lambda torch, x, y: (
        x.scatter_reduce(0, torch.tensor([0, 0, 1], device=x.device), y, "amax")), why="ties are at kinks"),
    Row("scatter_reduce_integers", S(I(3, 4), I(5, 4, high=3), I(5, 4)), grad=False, call=lambda torch, x, i, y: [
        x.scatter_reduce(0, i, y, reduce, include_self=own) for reduce in _REDUCTIONS for own in (True, False)]),
]  # fmt: skip
