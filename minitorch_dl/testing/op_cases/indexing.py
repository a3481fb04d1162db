"""Rows of ``ops/indexing.py``: every form of index, read and written."""

from __future__ import annotations

from typing import Any

from . import F, Row, S

_TRUE_FALSE = [True, False, True]


def _read(torch, x):
    """(3, 4, 5)"""
    i, j = torch.tensor([0, 2]), torch.tensor([[1], [3]])
    mask, rows = torch.arange(12).reshape(3, 4) % 3 == 0, torch.tensor(_TRUE_FALSE)
    return (
        x[1], x[-1, 2], x[1:], x[:, ::2, 1], x[..., 0], x[None], x[:, None, ..., -1], x[()], x[...], x[1:1], x[0, 1, 2],
        x[i], x[:, i], x[i, 1], x[1, i], x[i, :, i], x[:, i, j], x[0, :, i], x[i, None, i], x[[0, 1], [1, 2]], x[[0, 2]],
        x[i, 0, j], x[..., i], x[i, ..., j], x[range(2)], x[:, -i], x[torch.tensor(1)], x[torch.tensor(1), torch.tensor(-1), i],
        x[mask], x[rows], x[:, :, torch.arange(5) > 2], x[rows, i], x[rows, :, i], x[mask, 1], x[mask, ::2], x[_TRUE_FALSE],
        x[True], x[False], x[torch.tensor(True)], x[None, True, 0], x[[]], x[i[:0]], x[mask & ~mask],
        x[i.to(torch.int32)], x[i.numpy()], x[i.tolist(), 0], x[torch.ones(3, 4, 5, dtype=torch.bool)],
    )  # fmt: skip


def _written(torch, x, y):
    """(3, 4) and (4,)"""
    i, rows = torch.tensor([0, 2]), torch.tensor(_TRUE_FALSE)
    forms: tuple[Any, ...] = (
        0, -1, slice(1, None), (slice(None), 1), (Ellipsis, 0), (None, 1), (), Ellipsis, (1, 2), i, (i, 1), (slice(None), i), (i, i),
        [0, 1], rows, (slice(None), torch.arange(4) > 1), torch.arange(12).reshape(3, 4) % 2 == 0, True, False, [], (1, i),
        torch.tensor(1), (rows, i),
    )  # fmt: skip
    results = []
    for form in forms:
        for value in (2.5, y[0], y if x[form].shape[-1:] == (4,) else y[1], x[form] * x[form]):
            z = x * 1
            z[form] = value
            results.append(z)
    return results


ROWS = [
    Row("getitem", S(F(3, 4, 5)), call=_read, complex=True),
    Row("getitem_0d", S(F()), call=lambda torch, x: (x[...], x[None], x[()], x[True], x[False], x[torch.tensor(True)])),
    Row("setitem", S(F(3, 4), F(4)), call=_written, complex=True),
    Row("select", S(F(3, 4), 1, -1), S(F(3), 0, 0)),
    Row("narrow", S(F(3, 4), 1, 1, 2), S(F(3, 4), 0, -2, 1), S(F(3), 0, 3, 0)),
    Row("index_put", S(F(3, 4), F(4)), call=lambda torch, x, y: (
        x.index_put((torch.tensor([0, 2]), torch.tensor([1, 1])), y[:2]), x.index_put((torch.tensor([2]),), y),
        x.index_put((torch.tensor([1, 1, 1]),), y, accumulate=True), x.index_put((x > 0,), y[0]),
        (x * 1).index_put_((torch.tensor([0, 0]), torch.tensor([3, 3])), y[:2], accumulate=True))),
]  # fmt: skip
