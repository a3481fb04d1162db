"""Pointwise ops where the table's samples don't reach: ties, infinities, tails and refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.autograd import modes

INF = math.inf


def gradient(f, *values: float) -> list[float]:
    """The gradients of ``f`` at 0-d float64 tensors."""
    xs = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in values]
    return [g.item() for g in torch.autograd.grad(f(*xs), xs)]


def test_an_infinite_gradient_outside_the_mask_is_zero() -> None:
    def masked(x):
        return torch.where(x > 0, x, 0.0) * INF

    assert gradient(masked, -1.0) == [0.0]
    assert gradient(lambda x: torch.relu(x) * INF, -1.0) == [0.0]
    assert gradient(lambda x: torch.clamp(x, min=0) * INF, -1.0) == [0.0]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (torch.maximum, [0.5, 0.5]),
        (torch.minimum, [0.5, 0.5]),
        (torch.fmax, [1.0, 0.0]),
        (torch.fmin, [1.0, 0.0]),
    ],
)
def test_gradient_of_a_tie(function, expected) -> None:
    assert gradient(function, 2.0, 2.0) == expected


@pytest.mark.parametrize(
    ("function", "at", "expected"),
    [
        (torch.relu, 0.0, 0.0),
        (torch.abs, 0.0, 0.0),
        (lambda x: x**0, 0.0, 0.0),
        (lambda x: torch.clamp(x, 0, 1), 1.0, 1.0),
        (lambda x: torch.nn.functional.hardtanh(x), 1.0, 0.0),
        (lambda x: torch.nn.functional.elu(x, alpha=0.5), 0.0, 0.5),
        (lambda x: torch.nn.functional.leaky_relu(x, 0.1), 0.0, 0.1),
        (torch.sinc, 0.0, 0.0),
        (lambda x: torch.xlogy(0.0, x), 0.5, 0.0),
    ],
)
def test_derivative_at_a_kink(function, at, expected) -> None:
    assert gradient(function, at) == [pytest.approx(expected)]


def test_the_logarithm_of_sigmoid_keeps_its_digits_in_the_tail() -> None:
    x = torch.tensor([-80.0, -20.0, -5.0])
    np.testing.assert_allclose(
        torch.log(torch.sigmoid(x)).numpy(), -np.log1p(np.exp(-x.numpy())), 1e-6
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("function", "reference"),
    [(torch.erf, math.erf), (torch.erfc, math.erfc), (torch.lgamma, math.lgamma)],
)
def test_special_functions_against_the_standard_library(function, reference, dtype) -> None:
    x = torch.linspace(0.01, 9.0, 500, dtype=dtype)
    expected = np.array([reference(v) for v in x.tolist()])
    rtol = 4e-7 if dtype is torch.float32 else 2e-14
    atol = 1e-15 if dtype is torch.float64 else 1e-7 * (reference is math.lgamma)
    np.testing.assert_allclose(function(x).numpy(), expected, rtol, atol)


def test_inverse_error_function_inverts() -> None:
    y = torch.tensor([-1 + 1e-15, -0.5, 1e-300, 0.3, 1 - 1e-12], dtype=torch.float64)
    np.testing.assert_allclose(torch.erf(torch.erfinv(y)).numpy(), y.numpy(), 1e-15)
    assert torch.erfinv(torch.tensor([-1.0, 1.0])).tolist() == [-INF, INF]
    assert math.isnan(torch.erfinv(torch.tensor(1.5)).item())


def test_comparison_with_something_else_is_pythons() -> None:
    x = torch.tensor([1.0])
    assert (x == None) is False  # noqa: E711
    assert (x != "text") is True
    with pytest.raises(TypeError, match="not supported between"):
        x < None  # noqa: B015


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: torch.tensor([True]) - torch.tensor([True]), "logical_xor"),
        (lambda: -torch.tensor([True]), "logical_not"),
        (lambda: torch.tensor([1]) // 0, "ZeroDivisionError"),
        (lambda: torch.tensor([1]) % torch.tensor([0]), "ZeroDivisionError"),
        (lambda: torch.tensor([2]) ** -1, "negative integer powers"),
        (lambda: torch.tensor([1.0]) & 1, "integers and bools"),
        (lambda: torch.add(torch.tensor([1]), 1, alpha=0.5), "alpha=0.5"),
        (lambda: torch.div(torch.ones(1), 1, rounding_mode="up"), "'up'"),
        (lambda: torch.ones(2) + torch.ones(3), r"\(2,\).*\(3,\)"),
        (lambda: torch.where(torch.ones(1), 1, 2), "boolean"),
        (lambda: torch.clamp(torch.ones(1)), "At least one"),
        (lambda: torch.lerp(torch.ones(1), torch.ones(1, dtype=torch.float64), 0.5), "`end`"),
        (lambda: torch.polygamma(-1, torch.ones(1)), "negative n"),
        (lambda: torch.nn.functional.glu(torch.ones(3)), "even"),
        (lambda: torch.nn.functional.gelu(torch.ones(3), approximate="x"), "none or tanh"),
    ],
)
def test_refusals(call, message) -> None:
    with pytest.raises(RuntimeError, match=message):
        call()


def test_a_refused_write_changes_nothing() -> None:
    x = torch.tensor([1, 2])
    with pytest.raises(RuntimeError, match="can't be cast"):
        x.mul_(0.5)
    with pytest.raises(RuntimeError, match="doesn't match the broadcast shape"):
        x.add_(torch.ones(3, 2, dtype=torch.int64))
    assert x.tolist() == [1, 2]


def test_the_gradient_of_relu_passes_nan() -> None:
    for x, g in ((math.nan, 1.0), (INF, 1.0), (0.0, 0.0), (-1.0, 0.0)):
        assert gradient(torch.relu, x) == [g]


@pytest.mark.parametrize(
    ("function", "values", "expected"),
    [
        (torch.atan2, (0.0, 0.0), [0.0, 0.0]),
        (torch.special.entr, (0.0,), [INF]),
        (torch.sinc, (1e-300,), [0.0]),
        (lambda x: torch.xlogy(x, 0), (2.0,), [-INF]),
        (lambda x: torch.xlogy(x, 0), (0.0,), [0.0]),
        (lambda x: torch.special.xlog1py(x, -1), (2.0,), [-INF]),
    ],
)
def test_gradients_where_a_logarithm_or_an_angle_has_none(function, values, expected) -> None:
    assert gradient(function, *values) == expected


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_mish_far_from_zero(dtype: Any) -> None:
    x = torch.tensor([-300.0, -80.0, 4.0, 6.0, 39.0, 41.0, 300.0], dtype=dtype, requires_grad=True)
    y = torch.nn.functional.mish(x)
    y.sum().backward()
    a = x.detach().numpy().astype("f8")
    t = np.tanh(np.logaddexp(0, a))
    near = {"rtol": 4 * torch.finfo(dtype).eps, "atol": torch.finfo(dtype).tiny}
    np.testing.assert_allclose(y.detach().numpy(), a * t, **near)
    slope = t + a * (1 - t * t) / (1 + np.exp(-a))
    np.testing.assert_allclose(x.grad.numpy(), slope, rtol=0, atol=40 * torch.finfo(dtype).eps)


def test_cosine_similarity_of_all_pairs_takes_each_norm_once() -> None:
    rows = torch.randn(20, 5)
    sizes: list[int] = []

    def listen(primitive: Any, tensors: Any, *_: Any) -> None:
        if primitive.name == "vector_norm":
            sizes.append(tensors[0].numel())

    with modes.listening(listen):
        y = torch.nn.functional.cosine_similarity(rows[:, None], rows[None], dim=2)
    assert y.shape == (20, 20)
    assert sizes == [100, 100]
    a = rows.numpy()
    lengths = np.sqrt((a * a).sum(1))
    np.testing.assert_allclose(y.numpy(), a @ a.T / np.outer(lengths, lengths), atol=1e-6)


@pytest.mark.parametrize("slope", [0.25, 1.0, 1.5, 0.0, -0.5, math.nan])
@pytest.mark.parametrize("channels", [1, 3])
def test_prelu_with_slopes_of_any_size(slope: float, channels: int) -> None:
    x = torch.tensor([-math.inf, -2.0, -0.0, 3.0, math.inf, math.nan]).repeat(2, 3, 1)
    slopes = torch.full((channels,), slope)
    y = torch.nn.functional.prelu(x, slopes)
    expected = [v if v > 0 else v * slope for v in x.flatten().tolist()]
    assert y.flatten().tolist() == pytest.approx(expected, nan_ok=True)
