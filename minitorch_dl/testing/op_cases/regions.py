from __future__ import annotations

from typing import Any

from ...vision import regions
from . import F, Row, S

BOXES = [[0, 0.2, 0.4, 3.1, 4.3], [1, 1.5, 0.8, 5.6, 2.1], [1, -0.4, 2.2, 2.9, 4.9]]
BINS = (2, 3)
POINTS = 2


def _roi_align(torch: Any, x: Any) -> Any:
    """Beside the op, what it does in PyTorch's ops: samples at the points, and their averages."""
    rois = torch.tensor(BOXES, dtype=x.dtype, device=x.device)
    if torch.__name__ != "torch":
        return regions.roi_align(x, rois, 0.9, *BINS, POINTS)
    sizes = x.shape[:1:-1]
    grid = []
    for axis, bins, length in ((0, BINS[1], sizes[0]), (1, BINS[0], sizes[1])):
        start = 0.9 * rois[:, 1 + axis, None]
        extent = (0.9 * rois[:, 3 + axis, None] - start).clamp(min=1)
        shares = (torch.arange(bins * POINTS, dtype=x.dtype) + 0.5) / (bins * POINTS)
        grid.append(2 * (start + shares * extent) / (length - 1) - 1)
    across, down = grid
    grid = torch.stack(
        [
            across[:, None].expand(-1, down.shape[1], -1),
            down[:, :, None].expand(-1, -1, across.shape[1]),
        ],
        dim=-1,
    )
    images = x[rois[:, 0].long()]
    y = torch.nn.functional.grid_sample(images, grid, padding_mode="border", align_corners=True)
    return torch.nn.functional.avg_pool2d(y, POINTS)


ROWS = [Row("vision.roi_align", S(F(2, 3, 6, 7)), call=_roi_align)]
