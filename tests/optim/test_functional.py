"""Optimizers' steps as functions of lists of tensors."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

import minitorch_dl
from tests.refusals import evaluated

ADAM = {"beta1": 0.9, "beta2": 0.99, "lr": 0.1, "weight_decay": 0.01, "eps": 1e-8}
CASES: list[tuple[str, list[float | None], dict[str, Any]]] = [
    ("adadelta", [0.5, 0.2, 3], {"lr": 0.1, "rho": 0.9, "eps": 1e-6, "weight_decay": 0.1,
                                 "maximize": True}),
    ("adagrad", [0.5, 3], {"lr": 0.1, "weight_decay": 0.1, "lr_decay": 0.1, "eps": 1e-6,
                           "maximize": False}),
    ("adam", [0.1, 0.2, 0.3, 3], {**ADAM, "amsgrad": True, "maximize": False, "foreach": False}),
    ("adamw", [0.1, 0.2, 0.3, 3], {**ADAM, "amsgrad": False, "maximize": False}),
    ("adamax", [0.1, 0.2, 3], ADAM),
    ("asgd", [0.1, 1.0, 0.1, 3], {"lambd": 1e-2, "lr": 0.1, "t0": 1.0, "alpha": 0.7,
                                  "weight_decay": 0.1}),
    ("nadam", [0.1, 0.2, 0.8, 3], {**ADAM, "momentum_decay": 0.004,
                                   "decoupled_weight_decay": True}),
    ("radam", [0.1, 0.2, 9], ADAM),
    ("rmsprop", [0.3, 0.1, 0.2, 3], {"lr": 0.1, "alpha": 0.9, "eps": 1e-6, "weight_decay": 0.1,
                                     "momentum": 0.9, "centered": True}),
    ("rprop", [0.1, 0.2, 3], {"step_size_min": 1e-3, "step_size_max": 1.0, "etaminus": 0.5,
                              "etaplus": 1.2}),
    ("sgd", [0.5], {"weight_decay": 0.1, "momentum": 0.9, "lr": 0.1, "dampening": 0.5,
                    "nesterov": False, "maximize": False}),
    ("sgd", [None], {"weight_decay": 0, "momentum": 0.9, "lr": 0.1, "dampening": 0,
                     "nesterov": True, "maximize": False}),
]  # fmt: skip
SCALARS = {"asgd": 2, "nadam": 1}  # lists of 0-d tensors before that of the steps


def _stepped(torch: Any, name: str, first: list[float | None], options: Any) -> list[Any]:
    """Parameters and state after two steps."""
    module = importlib.import_module(f"{torch.__name__}.optim.{name}")
    params = [torch.tensor([0.5, -1.0, 2.0]), torch.tensor([[0.3]])]
    grads = [torch.tensor([0.1, 0.2, -0.4]), torch.tensor([[1.5]])]
    scalars = len(first) - 1 - SCALARS.get(name, 0)
    states: list[Any] = [
        [
            None if x is None
            else torch.tensor(float(x)) if i >= scalars and name != "sgd"
            else torch.full_like(p, x)
            for p in params
        ]
        for i, x in enumerate(first)
    ]  # fmt: skip
    for _ in range(2):
        getattr(module, name)(params, grads, *states, **options)
    return [x.numpy() for values in (params, *states) for x in values]


def test_adam_by_its_formulas() -> None:
    (name, first, options) = next(case for case in CASES if case[0] == "adam")
    params = [np.array([0.5, -1.0, 2.0]), np.array([[0.3]])]
    gradients = [np.array([0.1, 0.2, -0.4]), np.array([[1.5]])]
    found = _stepped(minitorch_dl, name, first, options)
    for i, (p, gradient) in enumerate(zip(params, gradients)):
        m, v, largest = (np.full_like(p, x) for x in (0.1, 0.2, 0.3))
        for t in (4, 5):
            g = gradient + 0.01 * p
            m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g
            largest = np.maximum(largest, v)
            p = p - 0.1 * m / (1 - 0.9**t) / (np.sqrt(largest / (1 - 0.99**t)) + 1e-8)
        for got, expected in zip(found[i::2], (p, m, v, largest, 5.0), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_the_first_momentum_is_put_into_the_list() -> None:
    torch = minitorch_dl
    p, g, buffers = torch.tensor([1.0]), torch.tensor([2.0]), [None]
    options = {"weight_decay": 0.0, "momentum": 0.5, "lr": 0.1, "dampening": 0.0,
               "nesterov": False, "maximize": False}  # fmt: skip
    for _ in range(2):
        torch.optim.sgd.sgd([p], [g], buffers, **options)
    assert buffers[0].tolist() == [3.0]
    np.testing.assert_allclose(p.numpy(), [1 - 0.1 * (2 + 3)], rtol=1e-6)
    assert p.grad is None
    torch.optim.sgd.sgd([], [], momentum_buffer_list=[], **options)


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        ("optim.sgd.sgd([], [])", TypeError, "momentum_buffer_list"),
        ("optim.sgd.sgd([], [], [], lr=1.0)", TypeError, "missing the keyword .* dampening"),
        ("optim.adam.adam([], [], [], [], [], [], amsgrad=False, beta1=0.9, beta2=0.9, lr=0.1, "
         "weight_decay=0, eps=1e-8, maximize=False, differentiable=True)",
         NotImplementedError, "differentiable is not supported .* use torch.optim.Adam"),
    ],
)  # fmt: skip
def test_calls_that_are_refused(code: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        evaluated(f"torch.{code}", minitorch_dl)


def test_all_are_in_one_place_too() -> None:
    from minitorch_dl.optim import _functional

    for name, _, _ in CASES:
        module = importlib.import_module(f"minitorch_dl.optim.{name}")
        assert getattr(_functional, name) is getattr(module, name)


@pytest.mark.parity
@pytest.mark.parametrize(("name", "first", "options"), CASES)
def test_a_step_is_pytorch_s(name: str, first: list[float | None], options: Any) -> None:
    torch = pytest.importorskip("torch")
    ours = _stepped(minitorch_dl, name, first, options)
    theirs = _stepped(torch, name, first, options)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-6, atol=1e-7)
