"""Cases of convolutions."""

from __future__ import annotations

from ..op_cases import F, Spec
from . import X1, X2, X3, Row, of


def _conv(n: int, x: Spec) -> list[Row]:
    channels, k = x.shape[1], (3, 2, 3)[:n]
    return [
        Row(
            f"Conv{n}d",
            of(channels, 4, k)(x),
            of(channels, 2, 2, stride=2, padding=1, dilation=2, bias=False)(x),
            of(channels, channels, 3, padding="same", groups=channels)(x),
            of(channels, 2, 3, padding=1, padding_mode="circular")(x),
            of(channels, 2, 2, padding=1, padding_mode="reflect")(F(*x.shape[1:])),
        ),
        Row(
            f"ConvTranspose{n}d",
            of(channels, 4, 2)(x),
            of(channels, 2 * channels, 3, 2, 1, 1, channels, False)(x),
            of(channels, 2, 2, stride=3)(x, output_size=[3 * size for size in x.shape[2:]]),
        ),
    ]


ROWS = [*_conv(1, X1), *_conv(2, X2), *_conv(3, X3)]
