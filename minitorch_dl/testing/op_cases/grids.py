"""Rows of ``ops/grids.py``."""

from typing import Any

from . import F, I, Row, S


def _sample(
    torch: Any, x: Any, cell: Any, part: Any, mode: str, padding: str, align_corners: bool
) -> Any:
    """At the pixels ``cell + part``, which keep off the places where the derivative jumps."""
    pixels = cell + part
    size = torch.tensor(tuple(x.shape[:1:-1]), dtype=x.dtype, device=x.device)
    if align_corners:
        grid = 2 * pixels / (size - 1) - 1
    else:
        grid = (2 * pixels + 1) / size - 1
    return torch.nn.functional.grid_sample(x, grid, mode, padding, align_corners)


def _at(*shape: int) -> list[Any]:
    return [I(*shape, low=-2, high=5), F(*shape, low=0.1, high=0.4)]


def _modes(mode: str) -> list[S]:
    return [
        S(F(2, 2, 4, 3), *_at(2, 3, 2, 2), mode, padding, aligned)
        for padding in ("zeros", "border", "reflection")
        for aligned in (True, False)
    ]


ROWS = [
    Row(
        "nn.functional.grid_sample",
        *_modes("bilinear"),
        *_modes("nearest"),
        *_modes("bicubic"),
        S(F(1, 2, 2, 3, 2), *_at(1, 2, 2, 1, 3), "bilinear", "zeros", False),
        S(F(1, 2, 2, 3, 2), *_at(1, 2, 2, 1, 3), "nearest", "border", True),
        call=_sample,
    ),
    Row("affine_grid_generator", S(F(2, 2, 3), (2, 1, 3, 4), False)),
    Row(
        "grid_sampler",
        S(F(1, 2, 3, 3), F(1, 2, 1, 2, low=-0.4, high=-0.1), 0, 1, False),
    ),
    Row(
        "nn.functional.affine_grid",
        S(F(2, 2, 3), (2, 1, 3, 4), align_corners=False),
        S(F(1, 3, 4), (1, 1, 2, 3, 2), align_corners=True),
    ),
    Row("grid_sampler_2d", S(F(1, 2, 3, 3), F(1, 2, 1, 2, low=-0.4, high=-0.1), 0, 1, False)),
    Row("grid_sampler_3d", S(F(1, 1, 2, 3, 3), F(1, 1, 1, 1, 3, low=-0.4, high=-0.1), 0, 1, True)),
]
