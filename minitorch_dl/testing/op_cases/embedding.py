"""Rows of ``ops/embedding.py``."""

from typing import Any

from . import F, I, Row, S


def _limited(torch: Any, index: Any, table: Any) -> Any:
    """``max_norm`` writes to the table: the row works on a copy, and shows what became of it."""
    table = table.detach().clone()
    return torch.nn.functional.embedding(index, table, max_norm=1.0), table


def _bag_limited(torch: Any, index: Any, table: Any) -> Any:
    table = table.detach().clone()
    return torch.nn.functional.embedding_bag(index, table, max_norm=1.0, norm_type=1), table


def _bag(torch: Any, index: Any, table: Any, offsets: Any = None, **kwargs: Any) -> Any:
    if offsets is not None:
        offsets = torch.tensor(offsets, device=index.device)
    return torch.nn.functional.embedding_bag(index, table, offsets, **kwargs)


ROWS = [
    Row(
        "nn.functional.embedding",
        S(I(2, 3), F(5, 2)),
        S(I(6), F(5, 2), padding_idx=-2),
        S(I(), F(5, 2)),
        S(I(0, 2), F(5, 2)),
    ),
    Row(
        "embedding(scale_grad_by_freq)",
        S(I(2, 4), F(5, 2), scale_grad_by_freq=True),
        call=lambda torch, *args, **kwargs: torch.nn.functional.embedding(*args, **kwargs),
        numeric=False,
        why="the gradient is scaled on purpose",
    ),
    Row("embedding(max_norm)", S(I(4), F(5, 3)), call=_limited, grad=False),
    Row(
        "nn.functional.embedding_bag",
        S(I(2, 3), F(5, 2)),
        S(I(6), F(5, 2), [0, 2, 2], mode="sum", per_sample_weights=F(6)),
        S(I(6), F(5, 2), [0, 2, 4], mode="max", padding_idx=1),
        S(I(6), F(5, 2), [0, 3, 6], mode="mean", include_last_offset=True, padding_idx=0),
        call=_bag,
        gradgrad=False,
        why="PyTorch has no second derivative of embedding_bag",
    ),
    Row("embedding_bag(max_norm)", S(I(2, 3), F(5, 3)), call=_bag_limited, grad=False),
]
