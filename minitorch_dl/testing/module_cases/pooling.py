"""Cases of pooling."""

from __future__ import annotations

from typing import Any

from ..op_cases import F, Spec
from . import X1, X2, X3, P, Row, of


def _pools(n: int, x: Spec) -> list[Row]:
    one = F(*x.shape[1:])
    pool = f"max_pool{n}d"

    def unpool(torch: Any, m: Any, x: Any, **options: Any) -> Any:
        return m(*getattr(torch.nn.functional, pool)(x, 2, return_indices=True), **options)

    sizes = (3, 2, None)[:n] if n > 1 else 3
    return [
        Row(
            f"MaxPool{n}d",
            of(2)(x),
            of(3, 2, padding=1, ceil_mode=True)(one),
            of(2, stride=1, dilation=2, return_indices=True)(x),
        ),
        Row(
            f"AvgPool{n}d",
            of(2)(x),
            of(3, 2, padding=1, ceil_mode=True, count_include_pad=False)(one),
            *([of(2, divisor_override=3)(x)] if n > 1 else []),
        ),
        Row(f"LPPool{n}d", of(2, 2)(x), of(3.0, 2, 1, True)(F(*x.shape, low=0.1, high=2))),
        Row(f"AdaptiveAvgPool{n}d", of(2)(x), of(sizes)(one)),
        Row(f"AdaptiveMaxPool{n}d", of(2)(x), of(sizes, return_indices=True)(one)),
        Row(
            f"MaxUnpool{n}d",
            of(2)(F(1, 2, *(4,) * n), run=unpool),
            of(2)(x, output_size=list(x.shape[2:]), run=unpool),
        ),
    ]


ROWS = [
    *_pools(1, X1),
    *_pools(2, X2),
    *_pools(3, X3),
    Row(
        "FractionalMaxPool2d",
        of(2, (3, 2), return_indices=True)(F(2, 3, 6, 5)),
        of((2, 3), output_ratio=(0.5, 0.4))(F(3, 8, 7)),
        of(2, 1, _random_samples=F(1, 2, 2, **P))(F(1, 2, 3, 4)),
    ),
    Row(
        "FractionalMaxPool3d",
        of(2, (3, 2, 4), return_indices=True, _random_samples=F(1, 2, 3, **P))(F(1, 2, 5, 4, 6)),
        of(2, output_ratio=0.5)(F(2, 4, 5, 6)),
    ),
]
