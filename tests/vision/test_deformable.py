"""Deformable convolution against ordinary convolution of moved images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.autograd import gradcheck
from minitorch_dl.library import ops
from minitorch_dl.nn import functional as F
from minitorch_dl.vision import deform_conv2d

rng = np.random.default_rng(0)
X, WEIGHT, BIAS = (torch.tensor(rng.normal(size=s)) for s in ((2, 4, 7, 8), (6, 2, 3, 2), (6,)))
OPTIONS = ((2, 1), (1, 0), (1, 2))


def test_without_offsets_it_is_a_convolution() -> None:
    expected = F.conv2d(X, WEIGHT, BIAS, *OPTIONS, groups=2)
    offset = torch.zeros(2, 2 * 2 * 6, *expected.shape[2:], dtype=X.dtype)
    torch.testing.assert_close(deform_conv2d(X, WEIGHT, offset, None, BIAS, *OPTIONS), expected)


def test_whole_pixels_move_the_image() -> None:
    """The first two channels one pixel down, the others two to the right."""
    offset = torch.zeros(2, 2, 6, 2, 5, 7, dtype=X.dtype)
    offset[:, 0, :, 0], offset[:, 1, :, 1] = 1, 2
    moved = torch.cat([F.pad(X[:, :2, 1:], (0, 0, 0, 1)), F.pad(X[:, 2:, :, 2:], (0, 2))], 1)
    found = deform_conv2d(X, WEIGHT, offset.flatten(1, 3))
    torch.testing.assert_close(found, F.conv2d(moved, WEIGHT, groups=2))


def test_masks_are_factors_of_the_kernel() -> None:
    mask = torch.ones(2, 6, 5, 7, dtype=X.dtype)
    mask[:, 1:] = 0  # only the first entry of the kernel counts
    found = deform_conv2d(X, WEIGHT, torch.zeros(2, 12, 5, 7, dtype=X.dtype), mask)
    torch.testing.assert_close(found, F.conv2d(X[:, :, :5, :7], WEIGHT[:, :, :1, :1], groups=2))


def test_gradients() -> None:
    offset = torch.tensor(rng.uniform(0.1, 0.9, size=(1, 12, 3, 4)))
    mask = torch.tensor(rng.uniform(size=(1, 6, 3, 4)))
    given = [x.clone().requires_grad_() for x in (X[:1, :, :5, :5], WEIGHT, offset, mask, BIAS)]
    assert gradcheck(deform_conv2d, given)
    ops.load_library("somewhere/torchvision/_C.so")
    flat = (1, 1, 0, 0, 1, 1, 2, 1, True)
    y = ops.torchvision.deform_conv2d(*given, *flat)
    g = torch.tensor(rng.normal(size=tuple(y.shape)))
    expected = torch.autograd.grad(y, given, g)
    found = ops.torchvision._deform_conv2d_backward(g, *given, *flat)
    torch.testing.assert_close(found, expected)


OFFSET = torch.zeros(2, 12, 5, 7, dtype=X.dtype)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ((X, WEIGHT, OFFSET[..., :4]), r"expected offset of shape \(2, 2 \* G \* 6"),
        ((X[0], WEIGHT, OFFSET), "expected input of 4 dims"),
        ((X, WEIGHT[:, 0], OFFSET), "expected weight of 4 dims"),
        ((X[:, :3], WEIGHT, OFFSET), "does not fit 3 channels"),
        ((X, WEIGHT, OFFSET, OFFSET), r"expected mask of shape \(2, 6, 5, 7\)"),
        ((X, WEIGHT, OFFSET, None, BIAS[:5]), r"expected bias of shape \(6,\)"),
    ],
)
def test_arguments_that_do_not_fit(given: Any, text: str) -> None:
    with pytest.raises(RuntimeError, match=text):
        deform_conv2d(*given)
