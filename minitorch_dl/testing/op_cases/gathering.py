"""Rows of ``ops/gathering.py``."""

from __future__ import annotations

from . import F, I, Row, S

ROWS = [
    Row("index_select", S(F(3, 4), 0, I(5, high=3)), S(F(3, 4), -1, I(2, high=4)), S(F(), 0, I(1, high=1)), S(F(3), 0, I(high=3)),
        S(F(3, 4), 0, I(0)), complex=True),
    Row("index_add", S(F(3, 4), 0, I(5, high=3), F(5, 4)), S(F(3, 4), 1, I(2, high=4), F(3, 2), alpha=2), S(F(), 0, I(1, high=1), F()),
        S(F(3), 0, I(high=3), F(1)), complex=True),
    Row("index_copy", S(F(3, 4), 0, F(2, 4)), S(F(4, 3), -1, F(4, 2)), call=lambda torch, x, dim, y: torch.index_copy(
        x, dim, torch.tensor([2, 0], device=x.device), y), complex=True),
    Row("index_fill", S(F(3, 4), 0, I(2, high=3), 1.5), S(F(3, 4), 1, I(2, high=4), F()), S(F(), 0, I(1, high=1), 2.0), complex=True),
    Row("gather", S(F(3, 4), 1, I(3, 2, high=4)), S(F(3, 4), 0, I(2, 3, high=3)), S(F(3, 4), -1, I(1, 6, high=4)), S(F(), 0, I(high=1)),
        S(F(3), 0, I(0)), S(F(), 0, I(3, high=1)), S(F(2, 0), 1, I(2, 0)), complex=True),
    Row("gather(whole slices)", S(F(3, 4), 0, I(5, 1, high=3)), S(F(2, 3, 2), 1, I(1, 2, 1, high=3)),
        call=lambda torch, x, dim, i: torch.gather(x, dim, i.expand([n if d == dim else m for d, (n, m) in enumerate(zip(i.shape, x.shape))])), complex=True),
    Row("take", S(F(3, 4), I(2, 3, low=-12, high=12)), S(F(), I(2, high=1)), S(F(3), I(0)), complex=True),
    Row("Tensor.put", S(F(3, 4), I(3, low=-3, high=12), F(3), True), S(F(3, 4), I(1, high=12), F(1)), complex=True),
    Row("take_along_dim", S(F(3, 4), I(3, 2, low=-4, high=4), 1), S(F(3, 4), I(1, 2, high=4), dim=1), S(F(1, 4), I(2, 4, high=1), dim=0),
        S(F(3, 4), I(5, high=12)), complex=True),
    Row("gathering_in_place", S(F(3, 4), F(3, 4)), call=lambda torch, x, y: (
        (x * 1).index_add_(0, torch.tensor([1, 1], device=x.device), y[:2]), (x * 1).index_copy_(1, torch.tensor([3, 0], device=x.device), y[:, :2]),
        (x * 1).index_fill_(0, torch.tensor([1], device=x.device), y[0, 0]), (x * 1).masked_fill_(x > 0, 2.0), (x * 1).put_(torch.tensor([4], device=x.device), y[0, :1]),
        (x * 1).masked_scatter_(x > 0, y), (x * 1).scatter_add_(0, torch.tensor([[1, 1]], device=x.device), y[:1, :2]),
        (x * 1).scatter_reduce_(0, torch.tensor([[1, 1]], device=x.device), y[:1, :2], "amax"),
        (x * 1).index_reduce_(0, torch.tensor([1], device=x.device), y[:1], "mean"))),
]  # fmt: skip
