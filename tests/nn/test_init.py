"""The initialisers: PyTorch's numbers for a seed, and what each one promises."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minitorch_dl as mt
from minitorch_dl.nn import Parameter, init

# PyTorch 2.13: name, shape, arguments, and the first six values after manual_seed(0).
DRAWN = [
    (
        "uniform_",
        (3, 4),
        {"a": -1.0, "b": 2.0},
        [0.48877, 1.30467, -0.734568, -0.603909, -0.0777315, 0.902236],
    ),
    (
        "normal_",
        (3, 4),
        {"mean": 1.0, "std": 2.0},
        [4.08199, 0.413142, -3.35758, 2.13686, -1.16904, -1.79719],
    ),
    (
        "trunc_normal_",
        (4, 8),
        {"a": -0.5, "b": 0.5},
        [-0.343336, 0.0315927, -0.250579, -0.433879, 0.439696, 0.112411],
    ),
    (
        "trunc_normal_",
        (3, 4),
        {"mean": 1.0, "a": -1.5, "b": 3.5},
        [2.541, 0.706571, -1.17879, 1.56843, -0.0845223, -0.398595],
    ),
    (
        "trunc_normal_",
        (4, 8),
        {"std": 0.5, "a": 1.0, "b": 2.0},
        [1.14731, 1.09019, 1.08848, 1.13203, 1.30742, 1.08599],
    ),
    (
        "xavier_uniform_",
        (3, 4),
        {"gain": 2.0},
        [-0.0138629, 0.993301, -1.52398, -1.36269, -0.713167, 0.496531],
    ),
    (
        "xavier_normal_",
        (3, 4, 2),
        {},
        [-0.425527, -0.435551, -0.0947098, -0.163991, 0.320782, 0.261555],
    ),
    (
        "kaiming_uniform_",
        (3, 4),
        {"a": 2.23606797749979},
        [-0.00374341, 0.268222, -0.411523, -0.36797, -0.192577, 0.134079],
    ),
    (
        "kaiming_normal_",
        (3, 4),
        {"mode": "fan_out", "nonlinearity": "relu"},
        [1.25822, -0.239584, -1.77897, 0.464122, -0.885509, -1.14195],
    ),
    (
        "orthogonal_",
        (3, 4),
        {"gain": 2.0},
        [1.12307, -0.213849, -1.58788, 0.414268, -0.781196, -1.5362],
    ),
    (
        "orthogonal_",
        (4, 2, 2),
        {},
        [-0.775787, -0.147645, -0.0426434, -0.611994, 0.584824, 0.0191869],
    ),
    ("sparse_", (4, 3), {"sparsity": 0.4, "std": 1.0}, [0.0, 0.0, 0.0, 0.568431, 0.0, 0.0]),
]


@pytest.mark.parametrize(("name", "shape", "arguments", "expected"), DRAWN)
def test_drawn_numbers(name: str, shape: tuple, arguments: dict, expected: list) -> None:
    mt.manual_seed(0)
    weight = Parameter(mt.empty(*shape))
    assert getattr(init, name)(weight, **arguments) is weight
    assert weight.requires_grad
    assert weight.is_leaf
    np.testing.assert_allclose(weight.detach().numpy().ravel()[:6], expected, 1e-4, 1e-5)


def test_a_generator_is_used() -> None:
    first = init.normal_(mt.empty(4), generator=mt.Generator().manual_seed(3))
    mt.manual_seed(3)
    assert np.array_equal(first.numpy(), init.normal_(mt.empty(4)).numpy())


def test_constants() -> None:
    weight = Parameter(mt.empty(2, 3))
    assert init.constant_(weight, 2.5).detach().numpy().tolist() == [[2.5] * 3] * 2
    assert init.ones_(weight).detach().numpy().tolist() == [[1.0] * 3] * 2
    assert init.zeros_(weight).detach().numpy().tolist() == [[0.0] * 3] * 2
    assert np.array_equal(init.eye_(weight).detach().numpy(), np.eye(2, 3))


@pytest.mark.parametrize(
    ("shape", "groups"), [((4, 3, 3), 1), ((4, 2, 3, 5), 2), ((2, 2, 1, 2, 3), 1)]
)
def test_dirac_keeps_channels(shape: tuple, groups: int) -> None:
    weight = init.dirac_(mt.empty(*shape), groups).numpy()
    center = tuple(size // 2 for size in shape[2:])
    per_group = shape[0] // groups
    expected = np.zeros(shape)
    for channel in range(shape[0]):
        if channel % per_group < shape[1]:
            expected[(channel, channel % per_group, *center)] = 1
    assert np.array_equal(weight, expected)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 3, 2), (3, 3)])
def test_orthogonal(shape: tuple) -> None:
    weight = init.orthogonal_(mt.empty(*shape), gain=3.0).numpy().reshape(shape[0], -1) / 3
    rows, cols = weight.shape
    gram = weight.T @ weight if rows >= cols else weight @ weight.T
    np.testing.assert_allclose(gram, np.eye(min(rows, cols)), atol=1e-5)


@pytest.mark.parametrize(
    ("mean", "std", "a", "b"), [(0.0, 1.0, -2.0, 2.0), (1.0, 2.0, 0.5, 0.8), (0.0, 1.0, 1.5, 3.0)]
)
def test_trunc_normal_follows_the_density(mean: float, std: float, a: float, b: float) -> None:
    mt.manual_seed(1)
    drawn = np.sort(init.trunc_normal_(mt.empty(5000), mean, std, a, b).numpy())
    assert a <= drawn[0] <= drawn[-1] <= b

    def cdf(x: float) -> float:
        return 0.5 * (1 + math.erf((x - mean) / std / math.sqrt(2)))

    expected = [(cdf(x) - cdf(a)) / (cdf(b) - cdf(a)) for x in drawn]
    distance = np.abs(expected - np.arange(5000) / 5000).max()  # Kolmogorov-Smirnov
    assert distance < 1.95 / math.sqrt(5000)


def test_sparse_counts_zeros() -> None:
    weight = init.sparse_(mt.empty(10, 6), sparsity=0.25).numpy()
    assert ((weight == 0).sum(0) == 3).all()


@pytest.mark.parametrize(
    ("nonlinearity", "param", "gain"),
    [
        ("linear", None, 1),
        ("conv_transpose3d", None, 1),
        ("sigmoid", None, 1),
        ("tanh", None, 5 / 3),
        ("relu", None, math.sqrt(2)),
        ("leaky_relu", None, math.sqrt(2 / (1 + 1e-4))),
        ("leaky_relu", 2, math.sqrt(2 / 5)),
        ("selu", None, 0.75),
    ],
)
def test_gain(nonlinearity: str, param: float | None, gain: float) -> None:
    assert init.calculate_gain(nonlinearity, param) == gain


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="Unsupported nonlinearity nope"):
        init.calculate_gain("nope")
    with pytest.raises(ValueError, match="negative_slope True not a valid number"):
        init.calculate_gain("leaky_relu", True)
    with pytest.raises(ValueError, match="fewer than 2 dimensions"):
        init.xavier_uniform_(mt.empty(3))
    with pytest.raises(ValueError, match="Mode fan_up not supported"):
        init.kaiming_normal_(mt.empty(3, 3), mode="fan_up")
    for fill in (init.eye_, lambda t: init.sparse_(t, 0.5)):
        with pytest.raises(ValueError, match="2 dimensions are supported"):
            fill(mt.empty(3))
    with pytest.raises(ValueError, match="3, 4, or 5 dimensions"):
        init.dirac_(mt.empty(3, 3))
    with pytest.raises(ValueError, match="divisible by groups"):
        init.dirac_(mt.empty(3, 3, 3), groups=2)
    with pytest.raises(ValueError, match="2 or more dimensions"):
        init.orthogonal_(mt.empty(3))


def test_warnings() -> None:
    with pytest.warns(UserWarning, match="zero-element tensors is a no-op"):
        init.kaiming_uniform_(mt.empty(0, 3))
    with pytest.warns(UserWarning, match="more than 2 std"):
        init.trunc_normal_(mt.empty(3), 0.0, 0.1, 0.5, 0.6)
    with pytest.warns(FutureWarning, match="`nn.init.uniform` is now deprecated"):
        init.uniform(mt.empty(3))
