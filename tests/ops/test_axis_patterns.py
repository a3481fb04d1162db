"""``func.rearrange``: axes split, ordered and joined by their names."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.func import rearrange

A = np.arange(2 * 3 * 4 * 6).reshape(2, 3, 4, 6)


@pytest.mark.parametrize(
    ("pattern", "sizes", "expected"),
    [
        ("a b c d -> a d b c", {}, A.transpose(0, 3, 1, 2)),
        ("a b c d -> (a b) c d", {}, A.reshape(6, 4, 6)),
        ("a b c d -> b (c a) d", {}, A.transpose(1, 2, 0, 3).reshape(3, 8, 6)),
        ("a b (c two) d -> two a b c d", {"two": 2}, np.stack([A[:, :, 0::2], A[:, :, 1::2]])),
        ("a b c (h w k) -> a b c k w h", {"h": 3, "k": 1},
         A.reshape(2, 3, 4, 3, 2, 1).swapaxes(3, 5)),
        ("a ... d -> d ... a", {}, A.transpose(3, 1, 2, 0)),
        ("... d -> d (...)", {}, A.reshape(24, 6).T),
        ("a b c d ... -> a b c d ...", {}, A),
        ("a b c d->a 1 b () c d", {}, A[:, None, :, None]),
    ],
)  # fmt: skip
def test_axes_by_name(pattern: str, sizes: dict[str, int], expected: np.ndarray) -> None:
    y = rearrange(torch.from_numpy(A), pattern, **sizes)
    np.testing.assert_array_equal(y.numpy(), expected)


def test_axes_of_size_1_go() -> None:
    assert rearrange(torch.zeros(3, 1, 2), "a 1 b -> b a").shape == (2, 3)


def test_several_tensors_are_stacked() -> None:
    parts = [torch.from_numpy(A[i]) for i in range(2)]
    np.testing.assert_array_equal(
        rearrange(parts, "n b c d -> b c (d n)").numpy(), A.transpose(1, 2, 3, 0).reshape(3, 4, 12)
    )


def test_gradients_go_back_to_their_places() -> None:
    x = torch.from_numpy(A.astype(float)).requires_grad_()
    y = rearrange(x, "a b (c two) d -> (two d) (a b c)", two=2)
    y.backward(y.detach())
    np.testing.assert_array_equal(x.grad.numpy(), A)


@pytest.mark.parametrize(
    ("pattern", "sizes", "text"),
    [
        ("a b c d", {}, "expected a pattern"),
        ("a b c d -> a -> b", {}, "expected a pattern"),
        ("a b c d -> a b c", {}, "once on each side"),
        ("a a c d -> a a c d", {}, "once on each side"),
        ("a b c -> a c b", {}, "it has 3 axes"),
        ("a b (c e) d -> a b c e d", {}, r"\(c e\) with {} is not 4"),
        ("a b (c e) d -> a b c e d", {"c": 3}, "is not 4"),
        ("a b c d -> a b d c", {"c": 3}, "is not 4"),
        ("a b 1 d -> a b d", {}, "is not 4"),
        ("a b c d -> a b d c", {"q": 3}, "it names no q"),
        ("a b $ d -> a b d $", {}, "expected names of axes"),
        ("a (b c d -> a b c d", {}, "expected names of axes"),
    ],
)
def test_patterns_that_do_not_fit(pattern: str, sizes: dict[str, int], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        rearrange(torch.from_numpy(A), pattern, **sizes)
