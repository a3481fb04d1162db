"""Schedulers: calls in the wrong order, deprecated calls, nonsense, and what stays untouched."""

import gc
import pickle
import warnings
import weakref

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.optim import lr_scheduler as schedulers

from . import cases


def sgd(lr=0.1, groups=1, **options):
    params = [{"params": [torch.zeros(1, requires_grad=True)]} for _ in range(groups)]
    return torch.optim.SGD(params, lr=lr, **options)


def test_the_optimizer_steps_first():
    optimizer = sgd()
    scheduler = schedulers.StepLR(optimizer, 2)
    with pytest.warns(UserWarning, match=r"Detected call of `lr_scheduler.step\(\)` before"):
        scheduler.step()
    scheduler.step()  # once is enough

    optimizer = sgd()
    scheduler = schedulers.StepLR(optimizer, 2)
    optimizer.step = lambda: None
    with pytest.warns(UserWarning, match=r"`optimizer.step\(\)` has been overridden"):
        scheduler.step()


def test_get_lr_is_for_step_alone():
    scheduler = schedulers.StepLR(sgd(), 2)
    with pytest.warns(UserWarning, match="please use `get_last_lr"):
        scheduler.get_lr()
    assert scheduler.get_last_lr() == [0.1]


@pytest.mark.parametrize(
    "name", ["StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR"]
)
def test_an_epoch_takes_the_closed_form(name):
    chained = cases.run_scheduler(*cases.build_scheduler(torch, name), range(20))
    optimizer, scheduler = cases.build_scheduler(torch, name)
    optimizer.step()
    for epoch in (7, 3, 19):
        with pytest.warns(UserWarning, match="epoch parameter"):
            scheduler.step(epoch)
        np.testing.assert_allclose(scheduler.get_last_lr(), chained[epoch, :2], rtol=1e-12)


def test_restarts_take_fractions_of_epochs():
    scheduler = schedulers.CosineAnnealingWarmRestarts(sgd(1.0), 4, T_mult=2)
    rates = []
    for epoch in (0, 0.5, 4, 8, 11.5, 12):
        scheduler.step(epoch)
        rates.append(scheduler.get_last_lr()[0])
    expected = [(1 + np.cos(np.pi * t)) / 2 for t in (0, 0.5 / 4, 0, 4 / 8, 7.5 / 8, 0)]
    np.testing.assert_allclose(rates, expected, rtol=1e-12)
    with pytest.raises(ValueError, match="Expected non-negative epoch, but got -1"):
        scheduler.step(-1)


def test_resuming_by_last_epoch():
    optimizer = sgd()
    with pytest.raises(KeyError, match="initial_lr"):
        schedulers.StepLR(optimizer, 2, last_epoch=3)
    optimizer.param_groups[0]["initial_lr"] = 0.1
    scheduler = schedulers.ExponentialLR(optimizer, 0.5, last_epoch=3)
    optimizer.step()
    scheduler.step()
    assert scheduler.last_epoch == 5


def test_one_cycle_ends():
    optimizer = sgd(momentum=0.9)
    scheduler = schedulers.OneCycleLR(optimizer, max_lr=1.0, total_steps=2)
    optimizer.step()
    scheduler.step()
    scheduler.step()
    with pytest.raises(
        ValueError, match=r"Tried to step 3 times\. The specified number of total steps is 2"
    ):
        scheduler.step()


def test_plateau_follows_new_groups():
    optimizer = sgd(1.0)
    scheduler = schedulers.ReduceLROnPlateau(optimizer, patience=0, factor=0.5)
    listed = schedulers.ReduceLROnPlateau(optimizer, patience=0, min_lr=[0.1])
    optimizer.add_param_group({"params": [torch.zeros(1, requires_grad=True)], "lr": 2.0})
    for metric in (1.0, 1.0):
        scheduler.step(torch.tensor(metric))
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 1.0]
    listed.step(1.0)
    with pytest.raises(RuntimeError, match="Please modify the `min_lrs` field"):
        listed.step(1.0)


@pytest.mark.parametrize(
    ("build", "error", "text"),
    [
        (lambda o: schedulers.StepLR("SGD", 3), TypeError, "str is not an Optimizer"),
        (
            lambda o: schedulers.LambdaLR(o, [abs, abs]),
            ValueError,
            "Expected 1 lr_lambdas, but got 2",
        ),
        (
            lambda o: schedulers.MultiplicativeLR(o, 0.9),
            TypeError,
            "should be a function, but got float",
        ),
        (lambda o: schedulers.ConstantLR(o, 1.5), ValueError, "between 0 and 1. Got 1.5"),
        (
            lambda o: schedulers.LinearLR(o, 0.0),
            ValueError,
            "greater than 0 and less or equal to 1. Got 0",
        ),
        (lambda o: schedulers.LinearLR(o, 1.0, -1.0), ValueError, "between 0 and 1. Got -1"),
        (lambda o: schedulers.CosineAnnealingWarmRestarts(o, 0), ValueError, "T_0, but got 0"),
        (lambda o: schedulers.CosineAnnealingWarmRestarts(o, 3, 0.5), ValueError, "T_mult >= 1"),
        (lambda o: schedulers.CyclicLR(o, 0.1, [1, 2]), ValueError, "max_lr has 2 values"),
        (lambda o: schedulers.CyclicLR(o, 0.1, 1.0, mode="saw"), ValueError, "got 'saw'"),
        (lambda o: schedulers.OneCycleLR(o, 1.0), ValueError, "either total_steps OR"),
        (
            lambda o: schedulers.OneCycleLR(o, 1.0, total_steps=1.5),
            ValueError,
            "total_steps, but got 1.5",
        ),
        (
            lambda o: schedulers.OneCycleLR(o, 1.0, 9, pct_start=2.0),
            ValueError,
            "pct_start, but got 2",
        ),
        (
            lambda o: schedulers.OneCycleLR(o, 1.0, 9, anneal_strategy="x"),
            ValueError,
            "instead got x",
        ),
        (
            lambda o: schedulers.ReduceLROnPlateau(o, factor=1.0),
            ValueError,
            "Factor should be < 1.0",
        ),
        (lambda o: schedulers.ReduceLROnPlateau(o, "low"), ValueError, "mode low is unknown"),
        (
            lambda o: schedulers.ReduceLROnPlateau(o, min_lr=[1, 2]),
            ValueError,
            "expected 1 min_lrs",
        ),
        (lambda o: schedulers.SequentialLR(o, [], []), ValueError, "at least one scheduler"),
        (lambda o: schedulers.ChainedScheduler([]), ValueError, "at least one scheduler"),
        (
            lambda o: schedulers.ChainedScheduler([schedulers.ReduceLROnPlateau(o)]),
            ValueError,
            "does not support `ReduceLROnPlateau`",
        ),
        (lambda o: torch.optim.swa_utils.SWALR(o, 0.1, anneal_epochs=-1), ValueError, "got -1"),
    ],
)
def test_nonsense_changes_nothing(build, error, text):
    optimizer = sgd(momentum=0.9)
    before = {**optimizer.param_groups[0]}
    with pytest.raises(error, match=text):
        build(optimizer)
    assert {k: v for k, v in optimizer.param_groups[0].items() if k != "initial_lr"} == before


def test_momentum_is_wanted_for_its_cycle():
    optimizer = torch.optim.Adagrad([torch.zeros(1, requires_grad=True)])
    with pytest.raises(ValueError, match="must support momentum or beta1"):
        schedulers.CyclicLR(optimizer, 0.1, 1.0)
    schedulers.OneCycleLR(optimizer, 1.0, total_steps=5, cycle_momentum=False)


def test_combined_schedulers_share_one_optimizer():
    one, other = sgd(), sgd()
    parts = [schedulers.StepLR(one, 2), schedulers.StepLR(other, 2)]
    with pytest.raises(ValueError, match="belong to the same optimizer"):
        schedulers.ChainedScheduler(parts)
    with pytest.raises(ValueError, match="one more than the number of milestone points"):
        schedulers.SequentialLR(one, parts[:1], [3])
    with pytest.raises(TypeError, match="should have `optimizer`"):
        schedulers.SequentialLR(one, [None], [])


def test_nested_schedules():
    optimizer = sgd(1.0)
    inner = schedulers.ChainedScheduler(
        [schedulers.ExponentialLR(optimizer, 0.5), schedulers.StepLR(optimizer, 2)]
    )
    for _ in range(3):
        optimizer.step()
        inner.step()
    np.testing.assert_allclose(inner.get_last_lr(), [0.5**3 * 0.1])


def test_schedulers_pickle():
    optimizer = sgd()
    scheduler = schedulers.CosineAnnealingLR(optimizer, 10)
    optimizer.step()
    scheduler.step()
    twin = pickle.loads(pickle.dumps(scheduler))
    assert twin.get_last_lr() == scheduler.get_last_lr()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the copy's optimizer has not stepped yet
        twin.step()
    scheduler.step()
    assert twin.get_last_lr() == scheduler.get_last_lr()


def test_a_scheduler_does_not_keep_its_optimizer_alive():
    optimizer = sgd()
    schedulers.StepLR(optimizer, 2)
    reference = weakref.ref(optimizer)
    gc.disable()
    try:
        del optimizer
        assert reference() is None
    finally:
        gc.enable()
