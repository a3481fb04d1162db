"""Optimizers and schedulers make PyTorch's steps: stored ones, and live where it is installed."""

import copy
import inspect
import json
import warnings
from functools import cache
from operator import attrgetter
from pathlib import Path

import numpy as np
import pytest

import minitorch_dl as lib

from . import cases

REFERENCES = Path(__file__).parents[1] / "references" / "optim.npz"
# float32 differs by the order of rounding; NAdam divides by 1 - μ₁⋯μₜ, which starts near 0.1.
TOLERANCE = {
    "float64": {"rtol": 1e-11, "atol": 1e-13},
    "float32": {"rtol": 1e-5, "atol": 5e-6},
}
ids = [cases.case_id(*case) for case in cases.OPTIMIZERS]


@cache
def references():
    with np.load(REFERENCES) as archive:
        return dict(archive)


def stored_state(key):
    """A state dict in PyTorch's layout, with tensors of this library."""
    packed = json.loads(str(references()[key]))
    zero_dim = dict.fromkeys(["step", "eta", "mu", "mu_product"], lib.float32)
    return {
        "param_groups": packed["param_groups"],
        "state": {
            int(number): {
                field: lib.tensor(value, dtype=zero_dim.get(field, lib.float64))
                for field, value in fields.items()
            }
            for number, fields in packed["state"].items()
        },
    }


COMPARED_ELSEWHERE = {"LBFGS", "LAMB", "Muon", "SparseAdam"}
"""Those that don't step every parameter by itself, and one that PyTorch lacks."""


def test_every_optimizer_has_a_case() -> None:
    public = {name for name in lib.optim.__all__ if isinstance(getattr(lib.optim, name), type)}
    compared = {name for name, _ in cases.OPTIMIZERS}
    assert public == compared | COMPARED_ELSEWHERE | {"Optimizer"}
    assert not compared & COMPARED_ELSEWHERE


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("name", "options"), cases.OPTIMIZERS, ids=ids)
def test_steps_are_those_of_pytorch(name, options, dtype):
    got, _ = cases.run(lib, name, options, dtype)
    expected = references()[f"{cases.case_id(name, options)}/{dtype}"]
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got, expected, **TOLERANCE[dtype])


@pytest.mark.parametrize(("name", "options"), cases.OPTIMIZERS, ids=ids)
def test_state_dict_has_the_layout_of_pytorch(name, options):
    _, state = cases.run(lib, name, options, "float64")
    expected = stored_state(f"{cases.case_id(name, options)}/float64/state_dict")
    for group, other in zip(state["param_groups"], expected["param_groups"], strict=True):
        assert list(group) == list(other)
        assert json.loads(json.dumps(group)) == other
    assert state["state"].keys() == expected["state"].keys()
    for number, fields in expected["state"].items():
        assert state["state"][number].keys() == fields.keys()
        for field, tensor in fields.items():
            got = state["state"][number][field]
            assert (got.shape, got.dtype) == (tensor.shape, tensor.dtype), field
            np.testing.assert_allclose(got.numpy(), tensor.numpy(), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(("name", "options"), cases.OPTIMIZERS, ids=ids)
def test_a_state_dict_of_pytorch_resumes(name, options):
    key = f"{cases.case_id(name, options)}/float64"
    expected = references()[key]
    got = cases.resume(
        lib, name, options, "float64", stored_state(f"{key}/state_dict"), expected[cases.HALF - 1]
    )
    np.testing.assert_allclose(got, expected[cases.HALF :], rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("name", "options"), cases.OPTIMIZERS, ids=ids)
def test_own_state_dict_resumes_without_a_difference(name, options, dtype):
    expected, state = cases.run(lib, name, options, dtype)
    got = cases.resume(lib, name, options, dtype, state, expected[cases.HALF - 1])
    np.testing.assert_array_equal(got, expected[cases.HALF :])


def assert_same_descent(got, expected):
    """Equal but for rounding, which quasi-Newton steps amplify: the first must be equal to it."""
    np.testing.assert_allclose(got[:3], expected[:3], rtol=1e-13)
    np.testing.assert_allclose(got, expected, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("options", cases.LBFGS, ids=str)
def test_lbfgs_steps_are_those_of_pytorch(options):
    assert_same_descent(
        cases.run_lbfgs(lib, options), references()[cases.case_id("LBFGS", options)]
    )


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("name", cases.SCHEDULERS)
def test_rates_are_those_of_pytorch(name, kind):
    got = cases.run_scheduler(*cases.build_scheduler(lib, name, kind), range(cases.SCHEDULER_STEPS))
    np.testing.assert_allclose(got, references()[f"{name}/{kind}"], rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("name", cases.SCHEDULERS)
def test_a_tensor_rate_is_written_in_place(name):
    optimizer, scheduler = cases.build_scheduler(lib, name, tensor_lr=True)
    rates = [group["lr"] for group in optimizer.param_groups]
    got = cases.run_scheduler(optimizer, scheduler, range(cases.SCHEDULER_STEPS))
    np.testing.assert_allclose(got, references()[f"{name}/SGD"], rtol=1e-12, atol=1e-15)
    assert all(
        group["lr"] is rate for group, rate in zip(optimizer.param_groups, rates, strict=True)
    )


@pytest.mark.parametrize("name", cases.SCHEDULERS)
def test_scheduler_resumes_from_its_state_dict(name):
    expected = references()[f"{name}/SGD"]
    half = cases.SCHEDULER_STEPS // 2
    optimizer, scheduler = cases.build_scheduler(lib, name)
    cases.run_scheduler(optimizer, scheduler, range(half))
    states = copy.deepcopy((optimizer.state_dict(), scheduler.state_dict()))

    optimizer, scheduler = cases.build_scheduler(lib, name)
    optimizer.load_state_dict(states[0])
    scheduler.load_state_dict(states[1])
    got = cases.run_scheduler(optimizer, scheduler, range(half, cases.SCHEDULER_STEPS))
    np.testing.assert_allclose(got, expected[half:], rtol=1e-13, atol=1e-16)


# Live: with PyTorch in the same process, state dicts cross in both directions.


@pytest.mark.parity
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("name", "options"), cases.OPTIMIZERS, ids=ids)
def test_live_steps(name, options, dtype):
    torch = pytest.importorskip("torch")
    expected, _ = cases.run(torch, name, options, dtype)
    np.testing.assert_allclose(
        cases.run(lib, name, options, dtype)[0], expected, **TOLERANCE[dtype]
    )


@pytest.mark.parity
@pytest.mark.parametrize(("name", "options"), cases.OPTIMIZERS, ids=ids)
def test_live_state_dicts_cross(name, options):
    torch = pytest.importorskip("torch")
    expected, theirs = cases.run(torch, name, options, "float64")
    got, ours = cases.run(lib, name, options, "float64")
    second = cases.resume(lib, name, options, "float64", theirs, expected[cases.HALF - 1])
    np.testing.assert_allclose(second, expected[cases.HALF :], rtol=1e-11, atol=1e-13)

    for fields in ours["state"].values():
        for field, tensor in fields.items():
            fields[field] = torch.from_numpy(tensor.numpy())
    second = cases.resume(torch, name, options, "float64", ours, got[cases.HALF - 1])
    # On loading PyTorch casts the 0-d state of NAdam and ASGD to the parameter's dtype.
    np.testing.assert_allclose(second, expected[cases.HALF :], rtol=1e-6, atol=1e-8)


@pytest.mark.parity
@pytest.mark.parametrize("options", cases.LBFGS, ids=str)
def test_live_lbfgs(options):
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # PyTorch's own, about float() of a tensor that requires grad
        expected = cases.run_lbfgs(torch, options)
    assert_same_descent(cases.run_lbfgs(lib, options), expected)


@pytest.mark.parity
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("name", cases.SCHEDULERS)
def test_live_schedulers(name, kind):
    torch = pytest.importorskip("torch")
    steps = range(cases.SCHEDULER_STEPS)
    expected = cases.run_scheduler(*cases.build_scheduler(torch, name, kind), steps)
    got = cases.run_scheduler(*cases.build_scheduler(lib, name, kind), steps)
    np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-16)


@pytest.mark.parity
@pytest.mark.parametrize("namespace", ["optim", "optim.lr_scheduler", "optim.swa_utils"])
def test_live_signatures(namespace):
    torch = pytest.importorskip("torch")
    ours, theirs = (attrgetter(namespace)(library) for library in (lib, torch))
    left_out = {"swap_in_optimizer_params_and_state"}
    for name in set(theirs.__all__) - left_out:
        other = getattr(theirs, name)
        if inspect.ismodule(other):
            continue
        expected = inspect.signature(other).parameters.values()
        got = inspect.signature(getattr(ours, name)).parameters.values()
        wanted = [(p.name, p.kind, p.default) for p in expected]
        assert [(p.name, p.kind, p.default) for p in got] == wanted, name
