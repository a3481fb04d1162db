"""Rows of ``ops/convolution.py``."""

from . import F, Row, S

ROWS = [
    Row(
        "nn.functional.conv1d",
        S(F(2, 3, 6), F(4, 3, 3), F(4)),
        S(F(4, 7), F(4, 2, 2), None, 2, 1, 2, 2),
        S(F(1, 2, 5), F(3, 2, 2), padding="same"),
        S(F(0, 2, 5), F(3, 2, 2)),
        complex=True,
    ),
    Row(
        "nn.functional.conv2d",
        S(F(2, 3, 5, 4), F(2, 3, 3, 2), F(2)),
        S(F(2, 2, 5, 6), F(4, 1, 3, 3), F(4), stride=(2, 1), padding=(1, 2), groups=2),
        S(F(1, 4, 5, 5), F(4, 2, 2, 2), dilation=(2, 1), padding="valid", groups=2),
        S(F(1, 2, 4, 5), F(3, 2, 2, 3), padding="same", dilation=2),
        S(F(2, 3, 4, 4), F(5, 3, 1, 1), F(5)),
        S(F(3, 4, 4), F(2, 3, 2, 2), stride=3),
        S(F(2, 3, 5, 4), F(2, 3, 3, 3), None, 2, 1),
        S(F(1, 2, 3, 2), F(5, 2, 2, 2)),
        complex=True,
    ),
    Row(
        "nn.functional.conv3d",
        S(F(1, 2, 3, 3, 3), F(2, 2, 2, 2, 2), F(2)),
        S(F(2, 3, 4, 3), F(2, 1, 2, 1, 2), None, (1, 2, 1), 1, 1, 2),
        complex=True,
    ),
    Row(
        "nn.functional.conv_tbc",
        S(F(4, 2, 3), F(2, 3, 5), F(5), 1),
        S(F(3, 2, 1), F(3, 1, 2), F(2)),
    ),
    Row(
        "nn.functional.conv_transpose1d",
        S(F(2, 3, 4), F(3, 2, 3), F(2)),
        S(F(4, 4), F(4, 1, 2), None, 3, 1, 2, 2, 2),
        S(F(1, 2, 3), F(2, 1, 2), output_padding=2, dilation=3),
        complex=True,
    ),
    Row(
        "nn.functional.conv_transpose2d",
        S(F(2, 3, 3, 2), F(3, 2, 2, 3), F(2), stride=2, padding=1, output_padding=1),
        S(F(1, 2, 3, 3), F(2, 2, 2, 2), F(4), stride=(1, 2), groups=2, dilation=(2, 1)),
        complex=True,
    ),
    Row(
        "nn.functional.conv_transpose3d",
        S(F(1, 2, 2, 3, 2), F(2, 2, 2, 2, 2), F(2), stride=(1, 2, 1)),
        complex=True,
    ),
]
