"""Integers narrower than int64: where they are widened, and where not."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_dl as torch


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("antialias", [False, True])
def test_images_of_bytes_are_resized_to_the_nearest_byte(mode: str, antialias: bool) -> None:
    image = torch.from_numpy(np.random.default_rng(0).integers(80, 170, (1, 3, 8, 8)).astype("u1"))
    resize = torch.nn.functional.interpolate
    got = resize(image, size=(5, 11), mode=mode, antialias=antialias)
    exact = resize(image.double(), size=(5, 11), mode=mode, antialias=antialias).clamp(0, 255)
    assert got.dtype is torch.uint8
    assert (got.double() - exact).abs().max() <= 1.5


def test_other_integers_are_not_interpolated() -> None:
    with pytest.raises(NotImplementedError, match="convert the input"):
        torch.nn.functional.interpolate(
            torch.ones(1, 1, 2, 2, dtype=torch.int64), 3, mode="bilinear"
        )


@pytest.mark.parametrize("dtype", [torch.int32, torch.uint8])
def test_products_keep_the_dtype(dtype: torch.dtype) -> None:
    x = torch.ones(2, 2, 2, dtype=dtype)
    assert torch.addbmm(x[0], x, x).dtype is dtype
    assert torch.tensordot(torch.ones(1, 1, 1, dtype=dtype), x, ([0], [0])).dtype is dtype
    assert torch.nn.functional.bilinear(x[0], x[0], x).dtype is dtype


def test_sums_to_a_size_are_int64() -> None:
    x = torch.ones(2, 2, dtype=torch.int32)
    assert x.sum_to_size(1, 2).dtype is torch.int64
    assert x.sum_to_size(2, 2).dtype is torch.int32


def test_arange_counts_before_it_cuts_fractions_off() -> None:
    assert torch.arange(1.0, 5.000001, 2.0, dtype=torch.int32).tolist() == [1, 3, 5]
    assert torch.arange(1.0, 5.000001, 2.0, dtype=torch.int64).tolist() == [1, 3]
    with pytest.raises(RuntimeError, match="unsupported range"):
        torch.arange(0, float("inf"))


@pytest.mark.parametrize("reduce", ["mean", "amax", "amin"])
def test_bfloat16_is_scattered_as_a_float(reduce: str) -> None:
    x, src = torch.full((2,), 9.0), torch.tensor([1.0, 2.0])
    index = torch.tensor([0, 0])
    wide = x.scatter_reduce(0, index, src, reduce, include_self=False)
    narrow = x.bfloat16().scatter_reduce(0, index, src.bfloat16(), reduce, include_self=False)
    assert narrow.float().tolist() == wide.tolist()


def test_polynomials_of_bytes_are_computed_in_floats() -> None:
    x = torch.tensor([0, 200], dtype=torch.uint8)
    got = torch.special.shifted_chebyshev_polynomial_t(x, torch.tensor([1, 1], dtype=torch.uint8))
    assert got.tolist() == [-1.0, 399.0]
