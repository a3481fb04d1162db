"""Rows of ``ops/pooling/adaptive.py``."""

from typing import Any

from . import F, Row, S


def _fractional(name: str) -> Any:
    """With the random samples, which have no gradient, given as numbers."""

    def call(torch: Any, x: Any, *args: Any, samples: Any) -> Any:
        samples = torch.tensor(samples, dtype=x.dtype, device=x.device)
        return getattr(torch.nn.functional, name)(x, *args, _random_samples=samples)

    return call


ROWS = [
    Row("nn.functional.adaptive_avg_pool1d", S(F(2, 2, 7), 3), S(F(2, 6), 3)),
    Row(
        "nn.functional.adaptive_avg_pool2d",
        S(F(2, 2, 5, 7), (2, 3)),
        S(F(2, 4, 6), (None, 1)),
        S(F(1, 2, 4, 6), 2),
        S(F(1, 2, 2, 2), 3),
    ),
    Row(
        "adaptive_avg_pool2d of no region",
        S(F(1, 2, 2, 2), (0, 2)),
        call=lambda torch, x, size: torch.nn.functional.adaptive_avg_pool2d(x, size),
        grad=False,
    ),
    Row("nn.functional.adaptive_avg_pool3d", S(F(1, 2, 3, 4, 5), (2, 2, 1))),
    Row("nn.functional.adaptive_max_pool1d", S(F(2, 2, 7), 3), S(F(2, 6), 3, True)),
    Row(
        "nn.functional.adaptive_max_pool2d",
        S(F(2, 2, 5, 7), (2, 3)),
        S(F(2, 4, 6), (None, 1), return_indices=True),
        S(F(2, 5, 6), 3, return_indices=True),
    ),
    Row("nn.functional.adaptive_max_pool3d", S(F(1, 2, 3, 4, 5), (2, 2, 1))),
    Row(
        "nn.functional.fractional_max_pool2d",
        S(F(2, 2, 5, 7), 2, (3, 4), samples=[[[0.3, 0.8], [0.1, 0.5]], [[0.9, 0.2], [0.6, 0.4]]]),
        S(F(1, 5, 6), (2, 3), None, (0.5, 0.4), True, samples=[[[0.3, 0.8]]]),
        call=_fractional("fractional_max_pool2d"),
        gradgrad=False,
        why="PyTorch has no second derivative of fractional_max_pool2d",
    ),
    Row(
        "nn.functional.fractional_max_pool3d",
        S(F(1, 1, 4, 5, 6), 2, (2, 3, 4), samples=[[[0.3, 0.8, 0.5]]]),
        call=_fractional("fractional_max_pool3d"),
        gradgrad=False,
        why="PyTorch has no second derivative of fractional_max_pool3d",
    ),
]
