"""Kernels that work on large arrays in another way than on small ones: the values are the same."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.backend.random.box_muller import box_muller
from minitorch_dl.backend.random.integers import _shuffled
from minitorch_dl.backend.row_major import row_major_copy
from minitorch_dl.backend.segments import first_maxima
from minitorch_dl.backend.selection import choose
from minitorch_dl.backend.sums import sum_of_squares, sum_over

F = torch.nn.functional
N = 1 << 18


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32", "int64", "bool"])
@pytest.mark.parametrize("shapes", [((N,),) * 3, ((300, 1), (1, 200), ()), ((5,), (), (5,))])
def test_choices(dtype: str, shapes: tuple[tuple[int, ...], ...]) -> None:
    rng = np.random.default_rng(0)
    mask, a, b = (rng.integers(0, 2, shape).astype(bool) for shape in shapes)
    a, b = a.astype(dtype), (b * 3).astype(dtype)
    np.testing.assert_array_equal(choose(np, mask, a, b), np.where(mask, a, b), strict=True)


def test_choices_keep_what_is_no_number() -> None:
    a = np.full(N, np.nan, "f4")
    a[::3], mask = np.inf, np.arange(N) % 2 == 0
    np.testing.assert_array_equal(choose(np, mask, a, -a), np.where(mask, a, -a))
    np.testing.assert_array_equal(choose(np, mask, a, 0.0), np.where(mask, a, np.float32(0)))


@pytest.mark.parametrize(
    ("shape", "order"),
    [
        ((512, 300), (1, 0)),
        ((300, 512), (1, 0)),
        ((16, 128, 256), (0, 2, 1)),
        ((40, 8, 256), (2, 1, 0)),
    ],
)
def test_copies_of_transposed_arrays(shape: tuple[int, ...], order: tuple[int, ...]) -> None:
    a = np.random.default_rng(0).standard_normal(shape).astype("f4").transpose(order)
    y = row_major_copy(a)
    assert y.flags.c_contiguous
    np.testing.assert_array_equal(y, a, strict=True)


@pytest.mark.parametrize("name", ["elu", "leaky_relu", "softplus", "hardswish", "hardsigmoid"])
def test_blocks_of_pointwise_ops(name: str) -> None:
    function = getattr(F, name)
    torch.manual_seed(0)
    large, g = torch.randn(2, N) * 4, torch.randn(2, N)
    results = []
    for size in (2 * N, 2 * N // 40 + 1):  # in blocks, and in pieces that are too small for them
        x = large.reshape(-1).clone().requires_grad_()
        y = torch.cat([function(part) for part in x.split(size)])
        y.backward(g.reshape(-1))
        results.append((y, x.grad))
    assert torch.equal(results[0][0], results[1][0])
    assert torch.equal(results[0][1], results[1][1])


def test_normals_do_not_depend_on_the_blocks() -> None:
    u = np.random.default_rng(0).random((20_000, 16)).astype("f4")
    pieces = [box_muller(u[i : i + 999], 0.5, 2.0) for i in range(0, len(u), 999)]
    np.testing.assert_array_equal(box_muller(u, 0.5, 2.0), np.concatenate(pieces))


def test_shuffles() -> None:
    n = 3000
    partners = np.random.default_rng(0).integers(np.arange(n - 1), n)
    places = list(range(n))
    for k, j in enumerate(partners):
        places[k], places[j] = places[j], places[k]
    assert _shuffled(partners, n).tolist() == places


@pytest.mark.parametrize("shape", [(3,), (4096,), (3, 5000), (0,)])
def test_sums_of_squares(shape: tuple[int, ...]) -> None:
    a = np.random.default_rng(0).standard_normal(shape).astype("f4")
    np.testing.assert_allclose(sum_of_squares(np, a), (a.astype("f8") ** 2).sum(), rtol=1e-6)


def test_sums_over_the_last_axes() -> None:
    a = np.random.default_rng(0).random((4, 8, 30, 40)).astype("f4")
    wanted = a.sum((2, 3), keepdims=True, dtype="f8")
    np.testing.assert_allclose(sum_over(np, a, (2, 3)), wanted, rtol=1e-6)
    np.testing.assert_allclose(torch.tensor(a).sum((2, 3)).numpy(), wanted[..., 0, 0], rtol=1e-6)


def test_pools_of_whole_planes() -> None:
    x = torch.randn(2, 3, 7, 5).requires_grad_()
    y = F.adaptive_max_pool2d(x, 1)
    assert torch.equal(y, x.amax((2, 3), keepdim=True))
    y.sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad, (x == y).float())


TOGETHER = [
    ((80, 40), (0,)),
    ((80, 40), (1,)),
    ((9, 30, 16), (1,)),
    ((90, 7, 16), (1,)),
    ((4, 5, 20, 3, 4), (1, 2)),
    ((7, 20, 600), (1,)),
]


@pytest.mark.parametrize(("shape", "axes"), TOGETHER)
def test_sums_over_axes_that_stand_together(shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    a = np.random.default_rng(0).random(shape).astype("f4")
    x = torch.tensor(a)
    for keepdim in (False, True):
        wanted = a.sum(axes, keepdims=keepdim, dtype="f8")
        np.testing.assert_allclose(x.sum(axes, keepdim).numpy(), wanted, rtol=1e-6)
    factor = torch.ones(wanted.shape, requires_grad=True)
    (x * factor).sum().backward()
    assert factor.grad is not None
    np.testing.assert_allclose(factor.grad.numpy(), wanted, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["f4", "i8", "?"])
@pytest.mark.parametrize(("shape", "dim"), [((128, 17, 3), 1), ((900, 5), 1), ((900, 5), 0)])
def test_extrema_of_short_rows(shape: tuple[int, ...], dim: int, dtype: str) -> None:
    a = np.random.default_rng(0).standard_normal(shape) * 9
    a[::7, 0] = np.nan if dtype == "f4" else 3
    a = a.astype(dtype)
    for keepdim in (False, True):
        for name, wanted in (("amax", np.max), ("amin", np.min)):
            y = getattr(torch, name)(torch.tensor(a), dim, keepdim)
            np.testing.assert_array_equal(y.numpy(), wanted(a, dim, keepdims=keepdim), strict=True)


def test_maxima_of_bags() -> None:
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 9, (300, 20)).astype("f4")
    sizes = np.array([5, 0, 200, 1, 94, 0])
    bag = np.repeat(np.arange(len(sizes)), sizes)
    start = sizes.cumsum() - sizes
    wanted = [i + rows[i : i + n].argmax(0) if n else np.zeros(20) for i, n in zip(start, sizes)]
    np.testing.assert_array_equal(first_maxima(np, rows, bag, len(sizes)), wanted)
