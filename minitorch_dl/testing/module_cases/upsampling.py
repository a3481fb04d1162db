"""Cases of upsampling."""

from __future__ import annotations

from . import X1, X2, X3, Row, of

ROWS = [
    Row(
        "Upsample",
        of(scale_factor=2)(X2),
        of((3, 7), mode="bilinear")(X2),
        of(scale_factor=(2.0, 1.5), mode="bicubic", align_corners=True)(X2),
        of(scale_factor=1.5, mode="linear", recompute_scale_factor=True)(X1),
        of(size=(5, 3, 4), mode="trilinear")(X3),
    ),
    Row("UpsamplingNearest2d", of(scale_factor=2)(X2), of((3, 4))(X2)),
    Row("UpsamplingBilinear2d", of(scale_factor=2)(X2)),
]
