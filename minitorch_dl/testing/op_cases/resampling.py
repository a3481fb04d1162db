"""Rows of ``ops/resampling.py``."""

from . import F, Row, S

ROWS = [
    Row(
        "nn.functional.interpolate",
        S(F(1, 2, 4), scale_factor=2.0),
        S(F(1, 2, 3, 4), size=(5, 3)),
        S(F(1, 2, 5), size=3, mode="nearest-exact"),
        S(F(1, 2, 4), scale_factor=1.7, mode="linear"),
        S(F(1, 2, 3, 4), size=(5, 3), mode="bilinear", align_corners=True),
        S(F(1, 2, 3, 4), scale_factor=(1.6, 0.5), mode="bilinear"),
        S(F(1, 1, 3, 4), scale_factor=1.6, mode="bicubic", recompute_scale_factor=True),
        S(F(1, 1, 3, 4), size=(4, 2), mode="bicubic", align_corners=True),
        S(F(1, 1, 2, 3, 2), size=(3, 2, 4), mode="trilinear"),
        S(F(1, 2, 5, 4), size=(2, 3), mode="area"),
        S(F(1, 1, 6, 5), size=(3, 4), mode="bilinear", antialias=True),
        S(F(1, 1, 6, 5), size=(3, 7), mode="bicubic", antialias=True),
    ),
]
