"""Rows of ``ops/gathering.py``."""

from __future__ import annotations

from . import B, F, I, Row, S

_REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")


ROWS = [
    Row("index_select", S(F(3, 4), 0, I(5, high=3)), S(F(3, 4), -1, I(2, high=4)), S(F(), 0, I(1, high=1)), S(F(3), 0, I(high=3)),
        S(F(3, 4), 0, I(0))),
    Row("index_add", S(F(3, 4), 0, I(5, high=3), F(5, 4)), S(F(3, 4), 1, I(2, high=4), F(3, 2), alpha=2), S(F(), 0, I(1, high=1), F()),
        S(F(3), 0, I(high=3), F(1))),
    Row("index_copy", S(F(3, 4), 0, F(2, 4)), S(F(4, 3), -1, F(4, 2)), call=lambda torch, x, dim, y: torch.index_copy(
        x, dim, torch.tensor([2, 0], device=x.device), y)),
    Row("index_fill", S(F(3, 4), 0, I(2, high=3), 1.5), S(F(3, 4), 1, I(2, high=4), F()), S(F(), 0, I(1, high=1), 2.0)),
    Row("index_reduce", *(S(F(3, 4, low=0.2), 0, I(5, high=3), F(5, 4, low=0.2), reduce, include_self=own)
        for reduce in _REDUCTIONS[1:] for own in (True, False)), gradgrad=False, numeric=False,
        why="the extrema jump where two elements tie"),
    Row("gather", S(F(3, 4), 1, I(3, 2, high=4)), S(F(3, 4), 0, I(2, 3, high=3)), S(F(3, 4), -1, I(1, 6, high=4)), S(F(), 0, I(high=1)),
        S(F(3), 0, I(0)), S(F(), 0, I(3, high=1))),
    Row("scatter", S(F(3, 4), 1, F(3, 2)), S(F(3, 4), 1, 1.5), call=lambda torch, x, dim, y: torch.scatter(
        x, dim, torch.tensor([[0, 2], [3, 1], [1, 0]], device=x.device), y)),
    Row("scatter_forms", S(F(3, 4), F(3, 4)), call=lambda torch, x, y: (
        x.scatter(0, torch.tensor([[2, 0]], device=x.device), y[:1, :2]), x.scatter(1, torch.tensor([[0], [1]], device=x.device), value=2.5),
        x.scatter(0, torch.zeros(0, 4, dtype=torch.int64, device=x.device), y[:0]), x[0, 0].scatter(0, torch.tensor(0, device=x.device), y[0, 0]),
        (x * 1).scatter_(0, torch.tensor([[1]], device=x.device), y[:1, :1]))),
    Row("scatter_with_reduce", S(F(3, 4)), grad=False, call=lambda torch, x: (
        x.scatter(0, torch.tensor([[1, 1], [1, 0]], device=x.device), x, reduce="add"),
        x.scatter(1, torch.tensor([[1, 1], [1, 0]], device=x.device), x, reduce="multiply"), x.scatter(1, torch.tensor([[1, 1]], device=x.device), 3.0, reduce="add"))),
    Row("scatter_add", S(F(3, 4), 0, I(5, 4, high=3), F(5, 4)), S(F(3, 4), 1, I(2, 3, high=4), F(2, 3)), S(F(), 0, I(high=1), F())),
    Row("scatter_reduce", *(S(F(3, 4), dim, I(3, 3, high=3), F(3, 3), reduce, include_self=own)
        for dim, reduce in ((0, "sum"), (1, "prod"), (0, "mean"), (1, "amax"), (0, "amin")) for own in (True, False))),
    Row("scatter_reduce_zeros", S(F(2, 3), F(2, 3)), gradgrad=False, numeric=False, call=lambda torch, x, y: (
        x.scatter_reduce(0, torch.tensor([[0, 0, 1], [0, 1, 1]], device=x.device), y * (y > 0), "prod"),
        (x * 0).scatter_reduce(0, torch.tensor([[0, 0, 1], [0, 1, 1]], device=x.device), y * 0, "amax")), why="the product's factors and ties are at kinks"),
    Row("scatter_reduce_single_zeros", S(F(3), F(4), F(2, low=0, high=0)), call=lambda torch, x, y, zeros: (
        x.scatter_reduce(0, torch.tensor([0, 0, 1, 2, 1, 2], device=x.device), torch.cat([y, zeros]), "prod"))),
    Row("scatter_reduce_two_zeros", S(F(2), F(2), F(3, low=0, high=0)), gradgrad=False, call=lambda torch, x, y, zeros: (
        x.scatter_reduce(0, torch.tensor([0, 1, 0, 0, 1], device=x.device), torch.cat([y, zeros]), "prod")),
        why="the second derivative of a product of two zeros is refused"),
    Row("scatter_reduce_ties", S(F(2, low=0, high=0), F(3, low=0, high=0)), gradgrad=False, numeric=False, call=lambda torch, x, y: (
        x.scatter_reduce(0, torch.tensor([0, 0, 1], device=x.device), y, "amax")), why="ties are at kinks"),
    Row("scatter_reduce_integers", S(I(3, 4), I(5, 4, high=3), I(5, 4)), grad=False, call=lambda torch, x, i, y: [
        x.scatter_reduce(0, i, y, reduce, include_self=own) for reduce in _REDUCTIONS for own in (True, False)]),
    Row("take", S(F(3, 4), I(2, 3, low=-12, high=12)), S(F(), I(2, high=1)), S(F(3), I(0))),
    Row("Tensor.put", S(F(3, 4), I(3, low=-3, high=12), F(3), True), S(F(3, 4), I(1, high=12), F(1))),
    Row("take_along_dim", S(F(3, 4), I(3, 2, low=-4, high=4), 1), S(F(3, 4), I(1, 2, high=4), dim=1), S(F(1, 4), I(2, 4, high=1), dim=0),
        S(F(3, 4), I(5, high=12))),
    Row("masked_fill", S(F(3, 4), B(3, 4), 1.5), S(F(3, 4), B(4), F()), S(F(4), B(3, 4), 0.0), S(F(), B(), F()), S(I(3), B(3), 7),
        S(F(0, 2), B(2), 1.0)),
    Row("masked_select", S(F(3, 4), B(3, 4)), S(F(3, 1), B(4)), S(F(), B()), S(F(0), B(0))),
    Row("masked_scatter", S(F(3, 4), B(3, 4), F(13)), S(F(3, 4), B(4), F(3, 4)), S(F(), B(), F(1))),
    Row("nonzero", S(I(3, 4, high=2)), S(B(3, 4), as_tuple=True), S(I()), S(I(0, 2)), S(F(3)), grad=False),
    Row("nonzero_0d_as_tuple", S(I(high=1)), grad=False, call=lambda torch, x: torch.nonzero(x + 1, as_tuple=True)),
    Row("argwhere", S(I(3, 4, high=2)), S(B(2)), grad=False),
    Row("nn.functional.one_hot", S(I(2, 3, high=4), 5), S(I(3, high=4)), S(I(high=3), 3), S(I(0), 2), grad=False),
    Row("gathering_in_place", S(F(3, 4), F(3, 4)), call=lambda torch, x, y: (
        (x * 1).index_add_(0, torch.tensor([1, 1], device=x.device), y[:2]), (x * 1).index_copy_(1, torch.tensor([3, 0], device=x.device), y[:, :2]),
        (x * 1).index_fill_(0, torch.tensor([1], device=x.device), y[0, 0]), (x * 1).masked_fill_(x > 0, 2.0), (x * 1).put_(torch.tensor([4], device=x.device), y[0, :1]),
        (x * 1).masked_scatter_(x > 0, y), (x * 1).scatter_add_(0, torch.tensor([[1, 1]], device=x.device), y[:1, :2]),
        (x * 1).scatter_reduce_(0, torch.tensor([[1, 1]], device=x.device), y[:1, :2], "amax"),
        (x * 1).index_reduce_(0, torch.tensor([1], device=x.device), y[:1], "mean"))),
]  # fmt: skip
