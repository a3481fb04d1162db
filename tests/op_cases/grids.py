"""Rows of ``ops/grids.py``."""

from . import F, Row, S

_GRID = F(2, 3, 2, 2, low=-1.4, high=1.4)


def _modes(mode: str) -> list[S]:
    return [
        S(F(2, 2, 4, 3), _GRID, mode, padding, aligned)
        for padding in ("zeros", "border", "reflection")
        for aligned in (True, False)
    ]


ROWS = [
    Row(
        "nn.functional.grid_sample",
        *_modes("bilinear"),
        *_modes("nearest"),
        *_modes("bicubic"),
        S(F(1, 2, 2, 3, 2), F(1, 2, 2, 1, 3, low=-1.2, high=1.2), align_corners=False),
    ),
    Row(
        "nn.functional.affine_grid",
        S(F(2, 2, 3), (2, 1, 3, 4), align_corners=False),
        S(F(1, 3, 4), (1, 1, 2, 3, 2), align_corners=True),
    ),
]
