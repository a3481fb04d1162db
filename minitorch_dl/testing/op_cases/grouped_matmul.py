"""Rows of ``ops/grouped_matmul.py``, written as products of slices where PyTorch takes no
float64."""

from __future__ import annotations

from typing import Any

from . import F, Row, S


def _grouped(torch: Any, a: Any, b: Any, ends: Any = None) -> Any:
    if torch.__name__ == "minitorch_dl":
        offs = None if ends is None else torch.tensor(ends, device=a.device)
        return torch.nn.functional.grouped_mm(a, b, offs=offs)
    if ends is None:
        return a @ b
    groups = list(enumerate(zip([0, *ends], ends)))
    if a.ndim == b.ndim:
        return torch.stack([a[:, i:j] @ b[i:j] for _, (i, j) in groups])
    if a.ndim == 2:
        parts = [a[i:j] @ b[k] for k, (i, j) in groups]
        return torch.cat([*parts, a[ends[-1] :, :1] * b[0, :1] * 0])
    parts = [a[k] @ b[:, i:j] for k, (i, j) in groups]
    return torch.cat([*parts, a[0, :, :1] * b[:1, ends[-1] :] * 0], 1)


ROWS = [
    Row(
        "nn.functional.grouped_mm",
        S(F(5, 3), F(2, 3, 4), [2, 5]),
        S(F(5, 3), F(2, 3, 4), [2, 4]),
        S(F(2, 4, 3), F(3, 5), [2, 4]),
        S(F(4, 5), F(5, 3), [2, 5]),
        S(F(2, 4, 3), F(2, 3, 2)),
        call=_grouped,
    ),
]
