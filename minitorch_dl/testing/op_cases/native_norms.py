"""Rows of ``ops/native_norms.py``."""

from __future__ import annotations

from . import F, Row, S

_WHY = "the statistics carry no gradient, as in PyTorch"

ROWS = [
    Row(
        "batch_norm_update_stats",
        S(F(4, 3), F(3), F(3, low=0.5)),
        S(F(2, 3, 5), F(3), F(3, low=0.5), momentum=0.7),
        call=lambda torch, x, mean, var, momentum=0.1: (
            *torch.batch_norm_update_stats(x, mean := mean.clone(), var := var.clone(), momentum),
            mean,
            var,
        ),
        grad=False,
    ),
    Row(
        "native_layer_norm",
        S(F(2, 3, 4), (3, 4), F(3, 4), F(3, 4), 1e-5),
        S(F(4), (4,), None, None, 0.1),
        numeric=False,
        why=_WHY,
    ),
    Row("native_group_norm", S(F(2, 4, 3), F(4), F(4), 2, 4, 3, 2, 1e-5)),
    Row(
        "native_batch_norm",
        S(F(4, 3), F(3), F(3), None, None, True, 0.1, 1e-5),
        S(F(2, 3, 5), None, None, None, None, True, 0.1, 0.1),
        numeric=False,
        why=_WHY,
    ),
    Row(
        "native_batch_norm(evaluation)",
        S(F(2, 3, 5), F(3), F(3), F(3), F(3, low=0.5)),
        call=lambda torch, x, weight, bias, mean, var: torch.native_batch_norm(
            x, weight, bias, mean.detach(), var.detach(), False, 0.1, 1e-5
        ),
        grad=False,
    ),
]
