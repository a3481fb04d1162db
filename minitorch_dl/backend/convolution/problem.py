"""What a convolution's algorithms need to know of it."""

from __future__ import annotations

from typing import NamedTuple

from ..windows import Ints, Pairs, window_counts


class Problem(NamedTuple):
    """The shapes x (n, c, *size), w (o, c / groups, *kernel) and y (n, o, *out), and the windows.

    Attributes:
        padding: a (before, after) pair per axis.
    """

    n: int
    c: int
    o: int
    size: Ints
    kernel: Ints
    out: Ints
    stride: Ints
    padding: Pairs
    dilation: Ints
    groups: int

    @classmethod
    def forward(
        cls, x: Ints, w: Ints, *, stride: Ints, padding: Pairs, dilation: Ints, groups: int
    ) -> Problem:
        """That of inputs and weights of these shapes."""
        (n, c, *size), (o, _, *kernel) = x, w
        out = window_counts(tuple(size), tuple(kernel), stride, padding, dilation)
        return cls(n, c, o, tuple(size), tuple(kernel), out, stride, padding, dilation, groups)

    def first_axis(self) -> Problem:
        """The windows along the first axis alone, those of the others being single elements."""
        rest = self.size[1:]
        one = (1,) * len(rest)
        return self._replace(
            kernel=(self.kernel[0], *one), out=(self.out[0], *rest), stride=(self.stride[0], *one),
            padding=(self.padding[0], *((0, 0),) * len(rest)), dilation=(self.dilation[0], *one),
        )  # fmt: skip

    def of_planes(self) -> Problem:
        """The windows along the other axes: each plane of windows is an image, whose channels are
        those of all planes that it meets."""
        return self._replace(
            n=self.n * self.out[0], c=self.c * self.kernel[0], size=self.size[1:],
            kernel=self.kernel[1:], out=self.out[1:], stride=self.stride[1:],
            padding=self.padding[1:], dilation=self.dilation[1:],
        )  # fmt: skip
