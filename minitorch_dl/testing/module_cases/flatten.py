"""Cases of layers that rearrange elements."""

from __future__ import annotations

from ..op_cases import F
from . import X2, Row, of

ROWS = [
    Row("Flatten", of()(X2), of(0, 1)(X2)),
    Row("Unflatten", of(1, (2, -1))(F(3, 6))),
    Row("Unfold", of((2, 3), padding=1, stride=2)(X2)),
    Row("Fold", of((4, 5), 2, stride=(2, 1))(F(2, 4, 8))),
    Row("PixelShuffle", of(2)(F(1, 8, 2, 3))),
    Row("PixelUnshuffle", of(2)(F(1, 2, 4, 6))),
    Row("ChannelShuffle", of(2)(F(2, 4, 3))),
]
