"""Cases of normalization."""

from __future__ import annotations

from ..op_cases import F, Spec
from . import X1, X2, X3, Row, X, of


def _norms(n: int, x: Spec) -> list[Row]:
    C, one = x.shape[1], F(*x.shape[1:])
    return [
        Row(
            f"BatchNorm{n}d",
            of(C)(x),
            of(C, 1e-3, None, affine=False)(x),
            of(C, track_running_stats=False, bias=False)(F(4, C) if n == 1 else x),
        ),
        Row(
            f"InstanceNorm{n}d",
            of(C)(x),
            of(C, affine=True, track_running_stats=True)(x),
            of(C)(one),
        ),
    ]


ROWS = [
    *_norms(1, X1), *_norms(2, X2), *_norms(3, X3),
    Row(
        "LayerNorm",
        of(4)(X),
        of((4, 5), 1e-3, bias=False)(X2),
        of([6], elementwise_affine=False)(X1),
    ),
    Row("RMSNorm", of(4)(X), of((4, 5), 1e-3)(X2), of(6, elementwise_affine=False)(X1)),
    Row(
        "GroupNorm",
        of(2, 4)(F(2, 4, 3)),
        of(1, 3, affine=False)(X2),
        of(3, 3, bias=False)(F(2, 3)),
    ),
    Row("LocalResponseNorm", of(2)(X2), of(3, 0.1, 0.5, 2.0)(X1)),
]  # fmt: skip
