"""``make_tensor``: ranges, layouts and refusals."""

from __future__ import annotations

import pytest

import minitorch_dl as torch
from minitorch_dl.testing import make_tensor

FLOATS = [torch.float64, torch.float32, torch.float16]
INTEGERS = [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8]


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS, torch.bool])
def test_the_default_ranges(dtype: torch.dtype) -> None:
    x = make_tensor(40, 50, dtype=dtype, device="cpu")
    assert x.shape == (40, 50)
    assert x.dtype is dtype
    low, high = (0, 1) if dtype is torch.bool else (0, 9) if not dtype.is_signed else (-9, 9)
    assert x.min() >= low
    assert x.max() <= high
    if not dtype.is_floating_point:
        assert len(x.unique()) == high - low + 1


def test_the_range_given() -> None:
    x = make_tensor((1000,), dtype=torch.float32, device="cpu", low=2, high=2.5)
    assert x.min() >= 2
    assert x.max() < 2.5
    assert make_tensor(9, dtype=torch.uint8, device="cpu", low=-5, high=3).max() < 3


def test_layout_zeros_and_gradients() -> None:
    x = make_tensor(3, 4, dtype=torch.float64, device="cpu", noncontiguous=True, requires_grad=True)
    assert not x.is_contiguous()
    assert x.requires_grad
    assert x.is_leaf
    assert make_tensor((), dtype=torch.float64, device="cpu", noncontiguous=True).shape == ()
    y = make_tensor(500, dtype=torch.int64, device="cpu", low=0, high=2, exclude_zero=True)
    assert (y == 1).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"low": 3, "high": 3, "dtype": torch.int64}, "must be less than"),
        ({"low": 4, "high": 3}, "must be less than"),
        ({"low": 300, "high": 301, "dtype": torch.uint8}, "only supports"),
        ({"low": float("nan")}, "cannot be NaN"),
        ({"dtype": torch.int64, "requires_grad": True}, "is not supported for boolean"),
        ({"noncontiguous": True, "memory_format": torch.contiguous_format}, "mutually exclusive"),
    ],
)
def test_refusals(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_tensor(3, device="cpu", **{"dtype": torch.float32, **options})


@pytest.mark.parametrize("options", [{}, {"low": -0.5, "high": 3.2}, {"noncontiguous": True}])
@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16", "uint8", "bool", "complex64"])
def test_the_numbers_of_pytorch(dtype: str, options: dict) -> None:
    pytorch = pytest.importorskip("torch")
    drawn = []
    for library, make in ((torch, make_tensor), (pytorch, pytorch.testing.make_tensor)):
        library.manual_seed(3)
        x = make((4, 6), dtype=getattr(library, dtype), device="cpu", **options)
        drawn.append((x.stride(), x.tolist()))
    assert drawn[0] == drawn[1]
